//! The list's columns «Сайт-визитка» and «CRM Plugin», and the landing site that a chat stands on.

use api::onlinechat::internal::v1::{GetEmbeddingRequest, GetLandingSiteRequest};
use api::onlinechat::v1::{
    ButtonFont, ButtonPlacement, ButtonStyle, ChatButton, FeedbackButton, LandingSite,
    ListOnlineChatsRequest, OnlineChat, StartVisitorSessionRequest,
};

use crate::looks::change;
use crate::world::{PUBLIC_URL, World, arrival, on_site, refusal, with};

const SETTINGS: &str = "https://crm.example/settings/plugin";

fn button() -> ChatButton {
    ChatButton {
        title: "Написать нам".to_owned(),
        placement: ButtonPlacement::Wide.into(),
        style: ButtonStyle::Outlined.into(),
        font: ButtonFont::Mono.into(),
        title_color: "#000000".to_owned(),
        background_color: "#ffe600".to_owned(),
        show_icon: true,
    }
}

fn site(chat_button: Option<ChatButton>) -> LandingSite {
    LandingSite {
        name: "Окна".to_owned(),
        text: "Ставим окна".to_owned(),
        settings_url: SETTINGS.to_owned(),
        chat_button,
        page_url: String::new(),
    }
}

/// A chat that is placed on no site and in no application.
fn nowhere() -> OnlineChat {
    OnlineChat {
        site_url: String::new(),
        ..on_site()
    }
}

/// A new chat, without the mark of its version: whatever it is now may be changed.
async fn created(world: &World, chat: OnlineChat) -> OnlineChat {
    OnlineChat {
        etag: String::new(),
        ..world.create(chat).await.expect("created")
    }
}

async fn listed(world: &World) -> OnlineChat {
    let request = with(&world.manager(), ListOnlineChatsRequest::default());
    let page = world.chats().list_online_chats(request).await;
    page.expect("a page").into_inner().online_chats.remove(0)
}

#[tokio::test]
async fn each_feedback_button_is_listed_with_a_link_to_the_plugins_settings_onl_03() {
    let world = World::start().await;
    let made = created(&world, on_site()).await;
    assert_eq!(listed(&world).await.feedback_buttons, []);
    let buttons = ["Перезвоните мне", "Задать вопрос"].map(|name| FeedbackButton {
        name: name.to_owned(),
        settings_url: SETTINGS.to_owned(),
    });
    let wanted = OnlineChat {
        feedback_buttons: buttons.to_vec(),
        ..made
    };
    let paths = ["feedback_buttons"];
    change(&world, &wanted, &paths).await.expect("attached");
    assert_eq!(listed(&world).await.feedback_buttons, buttons);

    let bad = OnlineChat {
        feedback_buttons: vec![FeedbackButton {
            name: String::new(),
            settings_url: "javascript:alert(1)".to_owned(),
        }],
        ..wanted.clone()
    };
    insta::assert_snapshot!(
        refusal(change(&world, &bad, &paths).await).replace("; ", "\n"), @r"
    InvalidArgument FIELD_INVALID {online_chat.feedback_buttons[0].name: must not be empty
    online_chat.feedback_buttons[0].settings_url: must be a whole http or https address of at most 2000 characters}
    ");
    let many = OnlineChat {
        feedback_buttons: vec![buttons[0].clone(); 21],
        ..wanted
    };
    insta::assert_snapshot!(
        refusal(change(&world, &many, &paths).await),
        @"InvalidArgument FIELD_INVALID {online_chat.feedback_buttons: must be at most 20}"
    );
}

#[tokio::test]
async fn the_landing_site_is_listed_with_a_link_to_its_settings_onl_04() {
    let world = World::start().await;
    let made = created(&world, on_site()).await;
    assert_eq!(listed(&world).await.landing_site, None);
    let paths = ["landing_site"];
    let wanted = OnlineChat {
        landing_site: Some(site(Some(button()))),
        ..made
    };
    change(&world, &wanted, &paths).await.expect("attached");
    let shown = LandingSite {
        page_url: format!("{PUBLIC_URL}/site/{}", wanted.id),
        ..site(Some(button()))
    };
    assert_eq!(listed(&world).await.landing_site, Some(shown));

    let bad = OnlineChat {
        landing_site: Some(LandingSite {
            name: String::new(),
            chat_button: Some(ChatButton {
                title: "х".repeat(61),
                style: 99,
                background_color: "red".to_owned(),
                ..button()
            }),
            ..site(None)
        }),
        ..wanted.clone()
    };
    insta::assert_snapshot!(
        refusal(change(&world, &bad, &paths).await).replace("; ", "\n"), @r##"
    InvalidArgument FIELD_INVALID {online_chat.landing_site.chat_button.background_color: must be a colour of the form "#3450c8", or empty
    online_chat.landing_site.chat_button.style: has no value 99
    online_chat.landing_site.chat_button.title: must have 1 to 60 characters, has 61
    online_chat.landing_site.name: must not be empty}
    "##);
    let none = OnlineChat {
        landing_site: None,
        ..wanted
    };
    change(&world, &none, &paths).await.expect("taken away");
    assert_eq!(listed(&world).await.landing_site, None);
}

#[tokio::test]
async fn the_button_brings_the_chat_onto_its_landing_site_and_nowhere_else_onl_25() {
    let world = World::start().await;
    let made = created(&world, nowhere()).await;
    let come = async |origin: &str| {
        let request = StartVisitorSessionRequest {
            embedding_origin: origin.to_owned(),
            ..arrival(&made)
        };
        world.arrive(request).await
    };
    let attach = async |chat_button| {
        let wanted = OnlineChat {
            landing_site: Some(site(chat_button)),
            ..made.clone()
        };
        change(&world, &wanted, &["landing_site"])
            .await
            .expect("attached");
        let id = || made.id.clone();
        let embedding = GetEmbeddingRequest {
            online_chat_id: id(),
        };
        let embedding = world
            .embedding()
            .get_embedding(with(&world.service(), embedding))
            .await;
        let site = GetLandingSiteRequest {
            online_chat_id: id(),
        };
        let site = world
            .embedding()
            .get_landing_site(with(&world.service(), site))
            .await;
        (
            embedding.expect("known").into_inner().on_landing_site,
            site.expect("known")
                .into_inner()
                .landing_site
                .expect("a site")
                .name,
        )
    };
    assert_eq!(attach(None).await, (false, "Окна".to_owned()));
    come(PUBLIC_URL)
        .await
        .expect_err("a page without the button");
    assert_eq!(attach(Some(button())).await, (true, "Окна".to_owned()));
    come(PUBLIC_URL).await.expect("the landing site");
    come("https://evil.example")
        .await
        .expect_err("somebody else's page");
}
