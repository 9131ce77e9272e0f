//! StartVisitorSession: tokens, origins, limits.

use std::collections::HashSet;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::onlinechat::v1::{
    ListVisitorConversationsRequest, OnlineChat, OnlineChatMode, StartVisitorSessionRequest,
    UpdateOnlineChatRequest,
};
use connector_onlinechat::{Limits, Rate};
use prost_types::FieldMask;
use tonic::Request;

use crate::world::{PUBLIC_URL, SITE, World, arrival, on_site, refusal, with};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn from_address<T>(address: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("x-beseda-client-address", address.parse().expect("ASCII"));
    request
}

fn from_origin<T>(origin: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("origin", origin.parse().expect("ASCII"));
    request
}

#[tokio::test]
async fn a_visitor_who_comes_back_is_the_same_for_180_days_of_use() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let first = world.visitor(&chat).await.started;
    let settings = first.settings.clone().expect("settings");
    assert_eq!(
        (settings.title.as_str(), settings.max_text_length),
        ("Магазин", 4096)
    );
    let back = StartVisitorSessionRequest {
        resume_token: first.resume_token.clone(),
        ..arrival(&chat)
    };
    for days in [1, 179, 179] {
        world.clock.advance(DAY * days);
        let again = world.arrive(back.clone()).await.expect("resumed");
        assert_eq!(
            again.visitor_id, first.visitor_id,
            "each use begins the 180 days anew"
        );
        assert_eq!(
            again.resume_token, first.resume_token,
            "two tabs do not take it from each other"
        );
        assert_ne!(again.session_token, first.session_token);
    }
    world.clock.advance(DAY * 180);
    let new = world.arrive(back).await.expect("no error");
    assert_ne!(new.visitor_id, first.visitor_id);
    assert_ne!(new.resume_token, first.resume_token);
}

#[tokio::test]
async fn a_resume_token_that_is_none_begins_a_new_visitor() {
    let world = World::start().await;
    let (chat, other) = (
        world.chat(OnlineChatMode::OneActive).await,
        world.chat(OnlineChatMode::OneActive).await,
    );
    let first = world.visitor(&chat).await.started;
    let mut seen = HashSet::from([first.visitor_id.clone()]);
    let unknown = format!("vrt_{}", "A".repeat(43));
    let long = "x".repeat(100_000);
    for resume in ["", "x", "vrt_", &unknown, &long, &first.session_token] {
        let request = StartVisitorSessionRequest {
            resume_token: resume.to_owned(),
            ..arrival(&chat)
        };
        assert!(seen.insert(world.arrive(request).await.expect("no error").visitor_id));
    }
    let elsewhere = StartVisitorSessionRequest {
        resume_token: first.resume_token,
        ..arrival(&other)
    };
    assert!(
        seen.insert(world.arrive(elsewhere).await.expect("no error").visitor_id),
        "known in its own chat only"
    );
}

#[tokio::test]
async fn a_session_ends_after_an_hour() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let list = async || {
        let request = visitor.with(ListVisitorConversationsRequest {});
        visitor
            .client
            .clone()
            .list_visitor_conversations(request)
            .await
    };
    world.clock.advance(HOUR - Duration::from_secs(1));
    list().await.expect("still open");
    world.clock.advance(Duration::from_secs(1));
    insta::assert_snapshot!(refusal(list().await), @"Unauthenticated TOKEN_EXPIRED {}");
}

#[tokio::test]
async fn tokens_that_are_none_open_nothing() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let mut client = world.visitors();
    let request = ListVisitorConversationsRequest {};
    insta::assert_snapshot!(
        refusal(client.list_visitor_conversations(request).await),
        @"Unauthenticated TOKEN_MISSING {}"
    );
    let mut forged = visitor.token.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    let wrong = [
        forged.as_str(),
        "",
        "x",
        "vst_",
        &visitor.started.resume_token,
        &world.admin,
        &world.service(),
    ];
    for token in wrong {
        let refused = refusal(
            client
                .list_visitor_conversations(with(token, request))
                .await,
        );
        assert_eq!(refused, "Unauthenticated TOKEN_INVALID {}", "{token}");
    }
    let mut basic = Request::new(request);
    basic.metadata_mut().insert(
        "authorization",
        format!("Basic {}", visitor.token).parse().expect("ASCII"),
    );
    insta::assert_snapshot!(
        refusal(client.list_visitor_conversations(basic).await),
        @"Unauthenticated TOKEN_INVALID {}"
    );
}

#[tokio::test]
async fn the_database_holds_no_token() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let mut owner = world.db.owner().await;
    let rows = "SELECT coalesce(string_agg(row, ' '), '') FROM (
        SELECT visitors::text AS row FROM onlinechat.visitors UNION ALL
        SELECT visitor_sessions::text FROM onlinechat.visitor_sessions) AS rows";
    let dump: String = sqlx::query_scalar(rows)
        .fetch_one(&mut owner)
        .await
        .expect("rows");
    assert!(dump.contains("\\\\x"), "digests are there");
    let started = &visitor.started;
    for token in [&visitor.token, &started.resume_token, &started.file_ticket] {
        let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.contains(token.as_str()) && !dump.contains(&hex));
    }
}

#[tokio::test]
async fn a_chat_on_a_site_is_for_that_site() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let mut client = world.visitors();
    for page in [SITE, "https://SHOP.example:443"] {
        let request = StartVisitorSessionRequest {
            embedding_origin: page.to_owned(),
            ..arrival(&chat)
        };
        world.arrive(request).await.expect("its own site");
    }
    for page in [
        "",
        "null",
        "https://shop.example.evil.org",
        "http://shop.example",
        "https://www.shop.example",
    ] {
        let request = StartVisitorSessionRequest {
            embedding_origin: page.to_owned(),
            ..arrival(&chat)
        };
        let expected = format!("PermissionDenied ORIGIN_NOT_ALLOWED {{origin={page}}}");
        assert_eq!(refusal(world.arrive(request).await), expected);
        if !page.is_empty() {
            let call = from_origin(page, arrival(&chat));
            assert_eq!(refusal(client.start_visitor_session(call).await), expected);
        }
    }
    for own in [PUBLIC_URL, SITE] {
        client
            .start_visitor_session(from_origin(own, arrival(&chat)))
            .await
            .expect("our window or the site itself");
    }
    let visitor = world.visitor(&chat).await;
    let mut elsewhere = visitor.with(ListVisitorConversationsRequest {});
    elsewhere
        .metadata_mut()
        .insert("origin", "https://evil.org".parse().expect("ASCII"));
    insta::assert_snapshot!(
        refusal(client.list_visitor_conversations(elsewhere).await),
        @"PermissionDenied ORIGIN_NOT_ALLOWED {origin=https://evil.org}"
    );
}

#[tokio::test]
async fn a_chat_in_an_application_is_for_any_page_and_a_locked_one_for_none() {
    let world = World::start().await;
    let application = OnlineChat {
        embedded_in_app: true,
        site_url: String::new(),
        ..on_site()
    };
    let application = world.create(application).await.expect("created");
    for page in [
        "",
        "null",
        "capacitor://localhost",
        "https://anything.example",
    ] {
        let request = StartVisitorSessionRequest {
            embedding_origin: page.to_owned(),
            ..arrival(&application)
        };
        world.arrive(request.clone()).await.expect("any page");
        if !page.is_empty() {
            world
                .visitors()
                .start_visitor_session(from_origin(page, request))
                .await
                .expect("any caller");
        }
    }
    let locked = world
        .create(OnlineChat {
            site_url: String::new(),
            ..on_site()
        })
        .await
        .expect("created");
    insta::assert_snapshot!(
        refusal(world.arrive(arrival(&locked)).await),
        @"PermissionDenied ORIGIN_NOT_ALLOWED {origin=}"
    );
}

#[tokio::test]
async fn an_online_chat_that_is_unknown_or_off_starts_no_session() {
    let world = World::start().await;
    let mut chat = world.chat(OnlineChatMode::OneActive).await;
    let unknown = StartVisitorSessionRequest {
        online_chat_id: "och_01h455vb4pex5vsknk084sn02q".to_owned(),
        ..arrival(&chat)
    };
    insta::assert_snapshot!(
        refusal(world.arrive(unknown).await),
        @"NotFound ONLINE_CHAT_NOT_FOUND {online_chat_id=och_01h455vb4pex5vsknk084sn02q}"
    );
    world.visitor(&chat).await;
    chat.enabled = false;
    let mask = FieldMask {
        paths: vec!["enabled".to_owned()],
    };
    let request = UpdateOnlineChatRequest {
        online_chat: Some(chat.clone()),
        update_mask: Some(mask),
    };
    world
        .chats()
        .update_online_chat(with(&world.admin, request))
        .await
        .expect("switched off");
    insta::assert_snapshot!(
        refusal(world.arrive(arrival(&chat)).await).replace(&chat.id, "och"),
        @"FailedPrecondition ONLINE_CHAT_DISABLED {online_chat_id=och}"
    );
}

#[tokio::test]
async fn every_field_of_an_arrival_is_checked() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let bad = StartVisitorSessionRequest {
        online_chat_id: "1".to_owned(),
        visitor_name: "и".repeat(201),
        language: "r".repeat(36),
        page_url: "u".repeat(2001),
        page_title: "a\0b".to_owned(),
        referrer: "r".repeat(2001),
        embedding_origin: "o".repeat(301),
        ..arrival(&chat)
    };
    insta::assert_snapshot!(refusal(world.arrive(bad).await).replace("; ", "\n"), @r#"
    InvalidArgument FIELD_INVALID {embedding_origin: must have 0 to 300 bytes, has 301
    language: must have 0 to 35 characters, has 36
    online_chat_id: is not an id of the form "och_…"
    page_title: must not contain control characters
    page_url: must have 0 to 2000 characters, has 2001
    referrer: must have 0 to 2000 characters, has 2001
    visitor_name: must have 0 to 200 characters, has 201}
    "#);
}

#[tokio::test]
async fn sessions_are_limited_by_address_with_redis_and_without() {
    let limits = Limits {
        sessions_by_address: Rate::new(3, 60),
        ..Limits::default()
    };
    let world = World::with(limits).await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let mut client = world.visitors();
    for redis in [true, false] {
        if !redis {
            world.db.redis().await.kill9().await.expect("killed");
        }
        for _ in 0..3 {
            client
                .start_visitor_session(from_address("192.0.2.1", arrival(&chat)))
                .await
                .expect("within the limit");
        }
        let status = client
            .start_visitor_session(from_address("192.0.2.1", arrival(&chat)))
            .await
            .expect_err("beyond");
        use tonic_types::StatusExt;
        let wait = status
            .get_error_details()
            .retry_info()
            .and_then(|info| info.retry_delay);
        assert!(
            wait.is_some_and(|wait| wait <= Duration::from_secs(60) && !wait.is_zero()),
            "{wait:?}"
        );
        assert_eq!(
            refusal::<()>(Err(status)),
            "ResourceExhausted RATE_LIMITED {}",
            "with Redis: {redis}"
        );
        client
            .start_visitor_session(from_address("192.0.2.2", arrival(&chat)))
            .await
            .expect("a neighbour");
        client
            .start_visitor_session(arrival(&chat))
            .await
            .expect("past the gateway");
    }
}

/// Everything that is logged, at the finest level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "тайна").await.expect("sent");
    world.hub.fail(1);
    visitor.send("", "тайна").await.expect_err("refused");
    world.clock.advance(HOUR);
    visitor.send("", "тайна").await.expect_err("expired");
    let log = String::from_utf8_lossy(&log.0.lock().expect("no panic")).into_owned();
    assert!(log.contains("db.visitor_session.find"), "the log is there");
    let secrets = [&visitor.token, &visitor.started.resume_token, &world.admin];
    for secret in secrets.into_iter().map(String::as_str).chain(["тайна"]) {
        assert!(!log.contains(secret), "{secret}");
    }
}
