//! The embed code of an online chat, by decision table 2.5.

use api::error::v1::ErrorReason;
use api::onlinechat::v1::{
    ButtonFont, ButtonPlacement, ButtonStyle, ChatButton, CreateOnlineChatRequest,
    GetEmbedCodeRequest, GetEmbedCodeResponse, LandingSite, OnlineChat, UpdateOnlineChatRequest,
};
use integration_tests::actors::{Admin, Visitor};
use integration_tests::calls::refused;
use integration_tests::http::get;
use integration_tests::{Cluster, Seed};
use tonic::{Code, Status};

async fn create(
    admin: &Admin,
    site_url: &str,
    embedded_in_app: bool,
) -> Result<OnlineChat, Status> {
    let online_chat = OnlineChat {
        title: "Чат".into(),
        site_url: site_url.into(),
        embedded_in_app,
        enabled: true,
        ..Default::default()
    };
    let request = CreateOnlineChatRequest {
        online_chat: Some(online_chat),
        request_id: String::new(),
    };
    let answer = admin
        .online_chats()
        .create_online_chat(admin.ask(request).await)
        .await?;
    Ok(answer.into_inner().online_chat.expect("it"))
}

async fn code(admin: &Admin, id: &str) -> Result<GetEmbedCodeResponse, Status> {
    let request = GetEmbedCodeRequest {
        online_chat_id: id.into(),
    };
    Ok(admin
        .online_chats()
        .get_embed_code(admin.ask(request).await)
        .await?
        .into_inner())
}

#[tokio::test]
async fn the_embed_code_follows_the_decision_table() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;

    let locked = create(&admin, "", false).await.expect("made");
    assert_eq!(
        refused(code(&admin, &locked.id).await),
        (Code::FailedPrecondition, ErrorReason::EmbedCodeLocked)
    );
    let invalid = (Code::InvalidArgument, ErrorReason::FieldInvalid);
    for site in [
        "example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "мой сайт",
    ] {
        assert_eq!(
            refused(create(&admin, site, false).await),
            invalid,
            "{site}"
        );
    }
    assert_eq!(
        refused(create(&admin, "https://example.com", true).await),
        invalid,
        "an application has no address"
    );

    let site = create(&admin, "https://example.com/shop", false)
        .await
        .expect("made");
    let of_site = code(&admin, &site.id).await.expect("issued");
    assert_eq!(of_site.site_url, "https://example.com/shop");
    assert!(
        of_site.script.contains(&site.id)
            && of_site
                .script
                .contains(&format!("{}/widget/loader.js", cluster.url())),
        "{}",
        of_site.script
    );
    let application = create(&admin, "", true).await.expect("made");
    assert_eq!(
        code(&admin, &application.id)
            .await
            .expect("issued")
            .site_url,
        ""
    );

    // Unlocked later by giving the address (ONL-17).
    let unlocked = OnlineChat {
        site_url: "https://later.example".into(),
        ..locked.clone()
    };
    let update_mask = Some(prost_types::FieldMask {
        paths: vec!["site_url".into()],
    });
    let request = UpdateOnlineChatRequest {
        online_chat: Some(unlocked),
        update_mask,
    };
    admin
        .online_chats()
        .update_online_chat(admin.ask(request).await)
        .await
        .expect("changed");
    assert_eq!(
        code(&admin, &locked.id).await.expect("issued").site_url,
        "https://later.example"
    );
}

#[tokio::test]
async fn a_chat_is_shown_on_its_own_site_only() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let elsewhere = create(&admin, "https://example.com", false)
        .await
        .expect("made");
    let answer = Visitor::come(&cluster.url(), &elsewhere.id, "").await;
    assert_eq!(
        refused(answer),
        (Code::PermissionDenied, ErrorReason::OriginNotAllowed)
    );

    let page = get(cluster.gateway(), &format!("/chat/{}", elsewhere.id)).await;
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        policy.contains("frame-ancestors https://example.com"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_landing_site_shows_the_chat_by_its_button() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let chat = create(&admin, "", false).await.expect("made");
    let path = format!("/site/{}", chat.id);
    assert_eq!(get(cluster.gateway(), &path).await.status(), 404);
    let button = ChatButton {
        title: "Написать нам".into(),
        placement: ButtonPlacement::Left.into(),
        style: ButtonStyle::Filled.into(),
        font: ButtonFont::Serif.into(),
        title_color: "#1b1f30".into(),
        background_color: "#ffe600".into(),
        show_icon: true,
    };
    let request = UpdateOnlineChatRequest {
        online_chat: Some(OnlineChat {
            id: chat.id.clone(),
            landing_site: Some(LandingSite {
                name: "Окна & двери".into(),
                chat_button: Some(button),
                ..Default::default()
            }),
            ..Default::default()
        }),
        update_mask: None,
    };
    let changed = admin
        .online_chats()
        .update_online_chat(admin.ask(request).await)
        .await;
    let changed = changed.expect("changed").into_inner().online_chat;
    let site = changed.and_then(|it| it.landing_site).expect("a site");
    assert_eq!(site.page_url, format!("{}{path}", cluster.url()));

    let page = get(cluster.gateway(), &path).await;
    let text = String::from_utf8_lossy(page.body()).into_owned();
    for part in [
        "<h1>Окна &amp; двери</h1>",
        "class=\"place left\"",
        "class=\"filled serif\"",
        "color:#1b1f30;background:#ffe600",
        "<svg",
        "Написать нам</button>",
        &format!("data-chat=\"{}\"", chat.id),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The chat is placed nowhere else, and yet works there.
    let window = get(cluster.gateway(), &format!("/chat/{}", chat.id)).await;
    let policy = window.headers()["content-security-policy"].to_str();
    assert!(policy.expect("text").ends_with("frame-ancestors 'self'"));
    let visitor = Visitor::come(&cluster.url(), &chat.id, "").await;
    let visitor = visitor.expect("a visitor");
    let sent = visitor
        .send(Seed::take().uuid(), "", "Сколько стоят окна?")
        .await;
    sent.expect("sent");
}
