//! Title, picture, colour, and what the bot says first.

use api::onlinechat::v1::{
    OnlineChat, UpdateOnlineChatRequest, VisitorChatSettings, VisitorGreeting,
};
use prost_types::FieldMask;
use tonic::Status;

use crate::world::{World, arrival, on_site, refusal, with};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

pub async fn change(
    world: &World,
    chat: &OnlineChat,
    paths: &[&str],
) -> Result<OnlineChat, Status> {
    let mask = FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    };
    let request = UpdateOnlineChatRequest {
        online_chat: Some(chat.clone()),
        update_mask: Some(mask),
    };
    let changed = world
        .chats()
        .update_online_chat(with(&world.admin, request))
        .await?;
    Ok(changed.into_inner().online_chat.expect("an online chat"))
}

/// What a visitor who comes now is shown.
async fn shown(world: &World, chat: &OnlineChat) -> VisitorChatSettings {
    let started = world.arrive(arrival(chat)).await.expect("a session");
    started.settings.expect("settings")
}

#[tokio::test]
async fn the_window_has_the_title_picture_and_colour_that_were_set_onl_28() {
    let world = World::start().await;
    let made = world.create(on_site()).await.expect("created");
    let plain = shown(&world, &made).await;
    assert_eq!((&plain.avatar[..], &plain.accent_color[..]), (&b""[..], ""));
    let wanted = OnlineChat {
        title: "Поддержка".to_owned(),
        avatar: PNG.to_vec(),
        accent_color: "#AABB09".to_owned(),
        ..made
    };
    let paths = ["title", "avatar", "accent_color"];
    let changed = change(&world, &wanted, &paths).await.expect("changed");
    assert_eq!(
        (&changed.avatar[..], &changed.accent_color[..]),
        (PNG, "#aabb09")
    );
    let look = shown(&world, &changed).await;
    assert_eq!(
        (&look.title[..], &look.avatar[..], &look.accent_color[..]),
        ("Поддержка", PNG, "#aabb09")
    );
    let none = OnlineChat {
        avatar: Vec::new(),
        ..changed
    };
    let none = change(&world, &none, &["avatar"])
        .await
        .expect("taken away");
    assert!(shown(&world, &none).await.avatar.is_empty());

    let bad = OnlineChat {
        avatar: b"<svg/>".to_vec(),
        accent_color: "red".to_owned(),
        ..none
    };
    insta::assert_snapshot!(
        refusal(change(&world, &bad, &paths).await).replace("; ", "\n"), @r##"
    InvalidArgument FIELD_INVALID {online_chat.accent_color: must be a colour of the form "#3450c8", or empty
    online_chat.avatar: must be a PNG, JPEG or WebP picture of at most 16384 bytes}
    "##);
}

#[tokio::test]
async fn the_bot_is_edited_only_while_the_greeting_is_on_onl_27() {
    let world = World::start().await;
    let made = world.create(on_site()).await.expect("created");
    assert_eq!(shown(&world, &made).await.greeting, None, "off by itself");
    let id = made.id.clone();
    let bot = |enabled, name: &str, text: &str| OnlineChat {
        id: id.clone(),
        greeting_enabled: enabled,
        greeting_name: name.to_owned(),
        greeting_text: text.to_owned(),
        ..OnlineChat::default()
    };
    let (words, toggle) = (["greeting_name", "greeting_text"], ["greeting_enabled"]);
    let off = change(&world, &bot(false, "Бот", "Привет!"), &words).await;
    insta::assert_snapshot!(
        refusal(off).replace(&made.id, "och"),
        @"FailedPrecondition GREETING_OFF {online_chat_id=och}"
    );
    insta::assert_snapshot!(
        refusal(change(&world, &bot(true, "", ""), &toggle).await),
        @"InvalidArgument FIELD_INVALID {online_chat.greeting_text: must be given while the greeting is on}"
    );
    let all = [toggle[0], words[0], words[1]];
    change(&world, &bot(true, "Бот", "Привет!"), &all)
        .await
        .expect("switched on with words");
    let on = change(&world, &bot(true, "", "Здравствуйте!"), &words)
        .await
        .expect("edited");
    let greeting = VisitorGreeting {
        name: String::new(),
        text: "Здравствуйте!".to_owned(),
    };
    assert_eq!(shown(&world, &on).await.greeting, Some(greeting.clone()));

    let off = change(&world, &bot(false, "", ""), &toggle)
        .await
        .expect("off");
    assert_eq!(shown(&world, &off).await.greeting, None);
    assert_eq!(off.greeting_text, greeting.text, "its words are kept");
    let same = change(&world, &off, &all).await;
    assert_eq!(same.expect("nothing of the bot changes").etag, off.etag);
    change(&world, &bot(true, "", ""), &toggle)
        .await
        .expect("on again");
    assert_eq!(shown(&world, &off).await.greeting, Some(greeting));
}

#[tokio::test]
async fn a_new_chat_greets_when_it_is_made_so() {
    let world = World::start().await;
    let chat = |enabled| OnlineChat {
        greeting_enabled: enabled,
        greeting_text: "Привет!".to_owned(),
        ..on_site()
    };
    let made = world.create(chat(true)).await.expect("created");
    assert!(shown(&world, &made).await.greeting.is_some());
    insta::assert_snapshot!(
        refusal(world.create(chat(false)).await),
        @"InvalidArgument FIELD_INVALID {online_chat.greeting_enabled: must be on when the bot is given a name or words}"
    );
}
