//! OnlineChatService and EmbeddingService.

use api::conversations::v1::ConversationMode;
use api::onlinechat::internal::v1::GetEmbeddingRequest;
use api::onlinechat::v1::{
    CreateOnlineChatRequest, GetEmbedCodeRequest, GetOnlineChatRequest, ListOnlineChatsRequest,
    OnlineChat, OnlineChatMode, UpdateOnlineChatRequest,
};
use prost_types::FieldMask;
use tonic::Status;
use types::OnlineChatId;

use crate::world::{PUBLIC_URL, SITE, World, on_site, refusal, with};

async fn embed_code(world: &World, id: &str) -> Result<(String, String), Status> {
    let request = GetEmbedCodeRequest {
        online_chat_id: id.to_owned(),
    };
    let reply = world
        .chats()
        .get_embed_code(with(&world.admin, request))
        .await?
        .into_inner();
    Ok((reply.script, reply.site_url))
}

async fn embedding(world: &World, id: &str) -> (String, bool) {
    let request = GetEmbeddingRequest {
        online_chat_id: id.to_owned(),
    };
    let reply = world
        .embedding()
        .get_embedding(with(&world.service(), request))
        .await
        .expect("known")
        .into_inner();
    (reply.site_origin, reply.locked)
}

async fn update(world: &World, chat: OnlineChat, paths: &[&str]) -> Result<OnlineChat, Status> {
    let request = UpdateOnlineChatRequest {
        online_chat: Some(chat),
        update_mask: Some(FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }),
    };
    let reply = world
        .chats()
        .update_online_chat(with(&world.admin, request))
        .await?;
    Ok(reply.into_inner().online_chat.expect("an online chat"))
}

async fn list(
    world: &World,
    token: &str,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<String>, String), Status> {
    let request = ListOnlineChatsRequest {
        page_size,
        page_token: page_token.to_owned(),
    };
    let reply = world
        .chats()
        .list_online_chats(with(token, request))
        .await?
        .into_inner();
    Ok((
        reply.online_chats.into_iter().map(|chat| chat.id).collect(),
        reply.next_page_token,
    ))
}

#[tokio::test]
async fn decision_table_2_5_onl_16_to_onl_20() {
    let world = World::start().await;
    // (embedded, address) → what becomes of the creation, of the script, and who may frame the page.
    let chat = |embedded_in_app, site_url: &str| OnlineChat {
        embedded_in_app,
        site_url: site_url.to_owned(),
        ..on_site()
    };
    let locked = world
        .create(chat(false, ""))
        .await
        .expect("off, empty: created, locked");
    insta::assert_snapshot!(
        refusal(embed_code(&world, &locked.id).await).replace(&locked.id, "och"),
        @"FailedPrecondition EMBED_CODE_LOCKED {online_chat_id=och}"
    );
    assert_eq!(embedding(&world, &locked.id).await, (String::new(), true));

    insta::assert_snapshot!(
        refusal(world.create(chat(false, "shop.example")).await),
        @"InvalidArgument FIELD_INVALID {online_chat.site_url: must be the whole address of a site, with http or https and a host, for example https://example.com}"
    );

    let bound = world
        .create(chat(false, "https://Shop.example:443/x"))
        .await
        .expect("off, URL: bound");
    let script = |id: &str| {
        format!(r#"<script async src="{PUBLIC_URL}/widget/loader.js" data-chat="{id}"></script>"#)
    };
    assert_eq!(
        embed_code(&world, &bound.id).await.expect("issued"),
        (script(&bound.id), "https://Shop.example:443/x".to_owned())
    );
    assert_eq!(embedding(&world, &bound.id).await, (SITE.to_owned(), false));

    let application = world
        .create(chat(true, ""))
        .await
        .expect("on, absent: bound to nothing");
    assert_eq!(
        embed_code(&world, &application.id).await.expect("issued"),
        (script(&application.id), String::new())
    );
    assert_eq!(
        embedding(&world, &application.id).await,
        (String::new(), false)
    );

    insta::assert_snapshot!(
        refusal(world.create(chat(true, SITE)).await),
        @"InvalidArgument FIELD_INVALID {online_chat.site_url: must be empty while the chat is embedded into an application}"
    );
}

#[tokio::test]
async fn switching_the_placement_follows_the_same_table() {
    let world = World::start().await;
    let chat = world.create(on_site()).await.expect("created");
    let app = update(
        &world,
        OnlineChat {
            embedded_in_app: true,
            id: chat.id.clone(),
            ..OnlineChat::default()
        },
        &["embedded_in_app"],
    );
    let app = app
        .await
        .expect("the address goes with the toggle (ONL-19)");
    assert_eq!((app.embedded_in_app, app.site_url.as_str()), (true, ""));
    let address = OnlineChat {
        site_url: SITE.to_owned(),
        ..app.clone()
    };
    insta::assert_snapshot!(
        refusal(update(&world, address.clone(), &["site_url"]).await),
        @"InvalidArgument FIELD_INVALID {online_chat.site_url: must be empty while the chat is embedded into an application}"
    );
    let off = update(
        &world,
        OnlineChat {
            embedded_in_app: false,
            ..app
        },
        &["embedded_in_app"],
    )
    .await
    .expect("off");
    assert!(embed_code(&world, &off.id).await.is_err(), "locked again");
    let site = update(
        &world,
        OnlineChat {
            site_url: SITE.to_owned(),
            ..off
        },
        &["site_url"],
    )
    .await
    .expect("bound");
    assert_eq!(embed_code(&world, &site.id).await.expect("issued").1, SITE);
}

#[tokio::test]
async fn a_created_chat_has_its_connection() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::Multiple).await;
    let connections = world.hub.connections();
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0].id, chat.connection_id);
    assert_eq!(connections[0].external_id, chat.id);
    assert_eq!(
        connections[0].conversation_mode(),
        ConversationMode::Multiple
    );
    assert!(connections[0].enabled);
    let request = GetOnlineChatRequest {
        online_chat_id: chat.id.clone(),
    };
    let read = world
        .chats()
        .get_online_chat(with(&world.manager(), request))
        .await
        .expect("found")
        .into_inner();
    assert_eq!(read.online_chat, Some(chat));
}

#[tokio::test]
async fn a_creation_that_was_cut_off_is_finished_by_its_repetition() {
    let world = World::start().await;
    let request = CreateOnlineChatRequest {
        online_chat: Some(on_site()),
        request_id: "018f0000-0000-7000-8000-000000000001".to_owned(),
    };
    let create = async || {
        world
            .chats()
            .create_online_chat(with(&world.admin, request.clone()))
            .await
    };
    world.hub.fail(1);
    insta::assert_snapshot!(refusal(create().await), @"Unavailable SERVICE_UNAVAILABLE {}");
    assert_eq!(
        list(&world, &world.admin, 0, "").await.expect("listed").0,
        [""; 0],
        "unfinished: nobody sees it"
    );
    let first = create().await.expect("finished").into_inner();
    let again = create().await.expect("repeated").into_inner();
    assert_eq!(first, again);
    assert_eq!(world.hub.connections().len(), 1);
    let other = CreateOnlineChatRequest {
        online_chat: Some(OnlineChat {
            title: "Другой".to_owned(),
            ..on_site()
        }),
        ..request.clone()
    };
    insta::assert_snapshot!(
        refusal(world.chats().create_online_chat(with(&world.admin, other)).await),
        @"InvalidArgument REQUEST_ID_REUSED {request_id=018f0000-0000-7000-8000-000000000001}"
    );
}

#[tokio::test]
async fn a_connection_without_its_link_is_linked_when_the_service_starts() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    // As after a crash between the connection and the link.
    let mut owner = world.db.owner().await;
    let cut = sqlx::query("UPDATE onlinechat.online_chats SET connection_id = NULL")
        .execute(&mut owner)
        .await;
    assert_eq!(cut.expect("cut").rows_affected(), 1);
    let world = world.restart().await;
    testkit::wait_for("the chat is linked", async || {
        let (ids, _) = list(&world, &world.admin, 0, "").await.expect("listed");
        (ids == [chat.id.clone()]).then_some(())
    })
    .await;
    assert_eq!(world.hub.connections().len(), 1);
}

#[tokio::test]
async fn changes_reach_the_connection_onl_08() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let change = OnlineChat {
        title: "Новый".to_owned(),
        mode: OnlineChatMode::Multiple.into(),
        enabled: false,
        ..chat.clone()
    };
    let changed = update(&world, change, &["title", "mode", "enabled"])
        .await
        .expect("changed");
    assert_ne!(changed.etag, chat.etag);
    let connection = world.hub.connections().remove(0);
    assert_eq!(
        (connection.title.as_str(), connection.enabled),
        ("Новый", false)
    );
    assert_eq!(connection.conversation_mode(), ConversationMode::Multiple);
    insta::assert_snapshot!(
        refusal(update(&world, chat.clone(), &["title"]).await),
        @"Aborted ETAG_MISMATCH {}"
    );
    // A change that conversations did not hear of is told by the repetition, which changes nothing here.
    let back = OnlineChat {
        etag: String::new(),
        ..chat
    };
    world.hub.fail(1);
    insta::assert_snapshot!(
        refusal(update(&world, back.clone(), &["title"]).await),
        @"Unavailable SERVICE_UNAVAILABLE {}"
    );
    assert_eq!(world.hub.connections()[0].title, "Новый");
    update(&world, back, &["title"]).await.expect("repeated");
    assert_eq!(world.hub.connections()[0].title, "Магазин");
}

#[tokio::test]
async fn an_update_without_a_mask_changes_the_fields_that_are_set() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::Multiple).await;
    let request = UpdateOnlineChatRequest {
        online_chat: Some(OnlineChat {
            id: chat.id.clone(),
            title: "Иначе".to_owned(),
            ..OnlineChat::default()
        }),
        update_mask: None,
    };
    let reply = world
        .chats()
        .update_online_chat(with(&world.admin, request))
        .await
        .expect("changed")
        .into_inner();
    let expected = OnlineChat {
        title: "Иначе".to_owned(),
        etag: "2".to_owned(),
        ..chat
    };
    assert_eq!(reply.online_chat, Some(expected));
}

#[tokio::test]
async fn pages_are_whole_and_in_order_onl_02() {
    let world = World::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.chat(OnlineChatMode::OneActive).await.id);
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let (ids, next) = list(&world, &world.admin, 2, &page_token)
            .await
            .expect("listed");
        assert!(ids.len() <= 2);
        seen.extend(ids);
        if next.is_empty() {
            break;
        }
        page_token = next;
    }
    assert_eq!(seen, made);
    insta::assert_snapshot!(refusal(list(&world, &world.admin, -1, "").await), @"InvalidArgument FIELD_INVALID {page_size: must not be negative}");
    insta::assert_snapshot!(refusal(list(&world, &world.admin, 0, "x").await), @"InvalidArgument PAGE_TOKEN_MISMATCH {}");
    insta::assert_snapshot!(
        refusal(list(&world, &world.stranger(), 0, &page_token).await),
        @"InvalidArgument PAGE_TOKEN_MISMATCH {}"
    );
}

#[tokio::test]
async fn every_field_is_checked() {
    let world = World::start().await;
    let bad = OnlineChat {
        title: "т".repeat(201),
        mode: 9,
        site_url: "ftp://shop.example".to_owned(),
        ..on_site()
    };
    insta::assert_snapshot!(
        refusal(world.create(bad).await),
        @"InvalidArgument FIELD_INVALID {online_chat.mode: has no value 9; online_chat.site_url: must be the whole address of a site, with http or https and a host, for example https://example.com; online_chat.title: must have 1 to 200 characters, has 201}"
    );
    let nothing = CreateOnlineChatRequest {
        online_chat: None,
        request_id: "1".to_owned(),
    };
    insta::assert_snapshot!(
        refusal(world.chats().create_online_chat(with(&world.admin, nothing)).await),
        @"InvalidArgument FIELD_INVALID {online_chat.title: must not be empty; online_chat: must be given; request_id: is not a UUID}"
    );
    let chat = world.chat(OnlineChatMode::OneActive).await;
    insta::assert_snapshot!(
        refusal(update(&world, chat, &["connection_id", "title"]).await),
        @r#"InvalidArgument FIELD_INVALID {update_mask: names "connection_id"; what can be changed is title, mode, site_url, embedded_in_app, show_sender_name, enabled, avatar, accent_color, greeting_enabled, greeting_name, greeting_text, external_id_field_id, landing_site, feedback_buttons}"#
    );
    insta::assert_snapshot!(
        refusal(embed_code(&world, "och_1").await),
        @r#"InvalidArgument FIELD_INVALID {online_chat_id: is not an id of the form "och_…"}"#
    );
    assert_eq!(
        world.hub.connections().len(),
        1,
        "what was refused changed nothing"
    );
}

#[tokio::test]
async fn only_administrators_change_and_only_their_own_account() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let create = CreateOnlineChatRequest {
        online_chat: Some(on_site()),
        request_id: String::new(),
    };
    let change = UpdateOnlineChatRequest {
        online_chat: Some(chat.clone()),
        update_mask: None,
    };
    let mut chats = world.chats();
    for token in [
        world.manager(),
        world.program("settings.read"),
        world.program("inbox.write"),
        world.service(),
    ] {
        let refused = refusal(chats.create_online_chat(with(&token, create.clone())).await);
        assert!(refused.starts_with("PermissionDenied"), "{refused}");
        let refused = refusal(chats.update_online_chat(with(&token, change.clone())).await);
        assert!(refused.starts_with("PermissionDenied"), "{refused}");
    }
    chats
        .update_online_chat(with(&world.program("settings.write"), change.clone()))
        .await
        .expect("a program may");
    // Another account's id and an unknown one give the same answer.
    let unknown = OnlineChatId::generate().to_string();
    for id in [&chat.id, &unknown] {
        let refused = |text: String| text.replace(id, "och");
        let get = GetOnlineChatRequest {
            online_chat_id: id.clone(),
        };
        let code = GetEmbedCodeRequest {
            online_chat_id: id.clone(),
        };
        let change = UpdateOnlineChatRequest {
            online_chat: Some(OnlineChat {
                id: id.clone(),
                ..chat.clone()
            }),
            update_mask: None,
        };
        let stranger = world.stranger();
        let expected = "NotFound ONLINE_CHAT_NOT_FOUND {online_chat_id=och}";
        assert_eq!(
            refused(refusal(chats.get_online_chat(with(&stranger, get)).await)),
            expected
        );
        assert_eq!(
            refused(refusal(chats.get_embed_code(with(&stranger, code)).await)),
            expected
        );
        assert_eq!(
            refused(refusal(
                chats.update_online_chat(with(&stranger, change)).await
            )),
            expected
        );
    }
    assert_eq!(
        list(&world, &world.stranger(), 0, "")
            .await
            .expect("listed")
            .0,
        [""; 0]
    );
}

#[tokio::test]
async fn the_embedding_is_for_services_only() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let request = GetEmbeddingRequest {
        online_chat_id: chat.id,
    };
    insta::assert_snapshot!(
        refusal(world.embedding().get_embedding(with(&world.admin, request.clone())).await),
        @"PermissionDenied PERMISSION_MISSING {permission=service}"
    );
    insta::assert_snapshot!(
        refusal(world.embedding().get_embedding(request).await),
        @"Unauthenticated TOKEN_MISSING {}"
    );
}
