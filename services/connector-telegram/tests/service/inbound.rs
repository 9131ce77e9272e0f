//! What people write to a bot.

use api::conversations::v1::chat_service_client::ChatServiceClient;
use api::conversations::v1::download_attachment_response::Part;
use api::conversations::v1::{
    AttachmentKind, AttachmentState, DownloadAttachmentRequest, GetChatRequest,
};
use serde_json::json;
use testkit::wait_for;

use crate::telegram::{ANNA, BORIS, Withheld};
use crate::world::World;

/// A small picture.
pub const PIXEL: &[u8] = include_bytes!("pixel.png");

pub async fn download(world: &World, attachment: &str) -> Vec<u8> {
    let request = world.with(DownloadAttachmentRequest {
        attachment_id: attachment.to_owned(),
        ..DownloadAttachmentRequest::default()
    });
    let reply = world.attachments().download_attachment(request).await;
    let mut parts = reply.expect("readable").into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.expect("no error") {
        if let Some(Part::Chunk(chunk)) = part.part {
            bytes.extend(chunk);
        }
    }
    bytes
}

#[tokio::test]
async fn whatever_somebody_sends_is_seen_by_employees() {
    let world = World::start().await;
    world.polling_bot().await;
    let telegram = &world.telegram;
    telegram.keep_file("photo", PIXEL);
    telegram.keep_file("list", b"eggs, milk");
    telegram.text(ANNA, "hello");
    telegram.write(
        ANNA,
        json!({"caption": "look", "photo": [{"file_id": "photo", "width": 1, "height": 1}]}),
    );
    telegram.write(
        ANNA,
        json!({"document": {"file_id": "list", "file_name": "list.txt", "file_size": 10}}),
    );
    telegram.write(ANNA, json!({"dice": {"emoji": "🎲", "value": 6}}));
    telegram.write(ANNA, json!({"giveaway": {"winner_count": 1}}));
    telegram.write(
        ANNA,
        json!({"video": {"file_id": "film", "file_size": 30 << 20}, "caption": "the film"}),
    );
    telegram.write(ANNA, json!({"voice": {"file_id": "lost", "duration": 2}}));
    telegram.update(
        "mood_changed",
        json!({"chat": {"id": ANNA}, "date": 1_800_000_001}),
    );

    let chats = world.all_messages(8).await;
    assert_eq!(chats.len(), 1, "one chat, one conversation");
    let told: Vec<(&str, &str)> = chats[0]
        .iter()
        .map(|it| (&it.text[..], &it.unsupported_kind[..]))
        .collect();
    assert_eq!(
        told[..5],
        [
            ("hello", ""),
            ("look", ""),
            ("", ""),
            ("🎲 6", ""),
            ("", "giveaway")
        ]
    );
    assert_eq!(
        told[5],
        (
            "the film",
            "file of more than 20 MB, which Telegram gives to no bot"
        )
    );
    assert!(
        told[6].1.starts_with("file: Bad Request: wrong file_id"),
        "{:?}",
        told[6]
    );
    assert_eq!(told[7], ("", "mood changed"));
    let (photo, list) = (&chats[0][1].attachments[0], &chats[0][2].attachments[0]);
    assert_eq!(
        (photo.kind(), photo.state()),
        (AttachmentKind::Image, AttachmentState::Ready)
    );
    assert_eq!(
        (list.kind(), &list.file_name[..]),
        (AttachmentKind::Document, "list.txt")
    );
    assert_eq!(download(&world, &photo.id).await, PIXEL);
    assert_eq!(download(&world, &list.id).await, b"eggs, milk");
}

#[tokio::test]
async fn a_file_that_does_not_come_holds_up_its_own_chat_and_no_other() {
    let mut world = World::start().await;
    world.polling_bot().await;
    let telegram = world.telegram.clone();
    telegram.keep_file("photo", PIXEL);
    telegram.withhold("photo", Some(Withheld::Silent));
    telegram.write(
        ANNA,
        json!({"caption": "look", "photo": [{"file_id": "photo", "width": 1, "height": 1}]}),
    );
    telegram.text(ANNA, "and this");
    // What comes with it, and what comes later.
    for (count, text) in [(1, "hello"), (2, "anybody there?")] {
        telegram.text(BORIS, text);
        let all = world.all_messages(count).await;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0][count - 1].text, text);
    }
    assert_eq!(
        telegram.unconfirmed(),
        4,
        "nothing is confirmed behind what is not stored"
    );

    // Killed in between: Telegram tells all of it again.
    let asked = telegram.calls("getFile");
    world.restart().await;
    let again = async || (telegram.calls("getFile") > asked).then_some(());
    wait_for("the file is asked for again", again).await;
    telegram.text(BORIS, "bye");
    let all = world.all_messages(3).await;
    assert_eq!((all.len(), all[0].len()), (1, 3));
    assert_eq!(telegram.unconfirmed(), 5);
    telegram.withhold("photo", None);
    let all_confirmed = async || (telegram.unconfirmed() == 0).then_some(());
    wait_for("everything is confirmed", all_confirmed).await;
    let mut all = world.all_messages(5).await;
    all.sort_by_key(Vec::len);
    let texts: Vec<Vec<&str>> = all
        .iter()
        .map(|it| it.iter().map(|it| &it.text[..]).collect())
        .collect();
    assert_eq!(
        texts,
        [
            vec!["look", "and this"],
            vec!["hello", "anybody there?", "bye"]
        ]
    );
    assert_eq!(all[0][0].attachments.len(), 1);
}

#[tokio::test]
async fn a_message_goes_without_a_file_that_was_asked_for_often_enough() {
    let world = World::start().await;
    world.polling_bot().await;
    world.telegram.keep_file("photo", PIXEL);
    world.telegram.withhold("photo", Some(Withheld::Missing));
    world.telegram.write(
        ANNA,
        json!({"caption": "look", "photo": [{"file_id": "photo", "width": 1, "height": 1}]}),
    );
    let message = world.all_messages(1).await.remove(0).remove(0);
    let said = (&message.text[..], &message.unsupported_kind[..]);
    assert_eq!(said, ("look", "file that could not be fetched"));
    assert_eq!(world.telegram.calls("getFile"), 4);
    let all_confirmed = async || (world.telegram.unconfirmed() == 0).then_some(());
    wait_for("it is confirmed", all_confirmed).await;
}

#[tokio::test]
async fn a_bot_that_is_killed_loses_nothing_and_doubles_nothing() {
    const PEOPLE: i64 = 5;
    const EACH: i64 = 30;
    let mut world = World::start().await;
    world.polling_bot().await;
    for number in 0..EACH {
        for person in 0..PEOPLE {
            world.telegram.text(1_000 + person, &number.to_string());
        }
        if number % 10 == 5 {
            world.restart().await;
        }
    }
    let count = usize::try_from(PEOPLE * EACH).expect("few");
    let chats = world.all_messages(count).await;
    assert_eq!(chats.len(), 5);
    let expected: Vec<String> = (0..EACH).map(|number| number.to_string()).collect();
    for chat in chats {
        let texts: Vec<String> = chat.into_iter().map(|it| it.text).collect();
        assert_eq!(texts, expected);
    }
    let confirmed = async || (world.telegram.unconfirmed() == 0).then_some(());
    wait_for("all updates are confirmed", confirmed).await;
}

#[tokio::test]
async fn groups_are_groups_and_go_on_as_supergroups_with_what_was_changed() {
    let world = World::start().await;
    world.polling_bot().await;
    let group = json!({"id": -5, "type": "group", "title": "Fans"});
    let from = json!({"id": 7, "first_name": "Boris"});
    world.telegram.update("message", json!({"message_id": 1, "date": 1_800_000_000, "chat": group, "from": from, "text": "hi all"}));
    world.telegram.update(
        "edited_message",
        json!({"message_id": 1, "date": 1_800_000_000, "edit_date": 1_800_000_005,
        "chat": group, "from": from, "text": "hello all"}),
    );
    let changed = async || {
        let message = world.all_messages(1).await.pop()?.pop()?;
        (message.text == "hello all").then_some(message)
    };
    let message = wait_for("the changed message", changed).await;
    assert_eq!(message.edits[0].text, "hi all");
    world.telegram.update("message", json!({"message_id": 2, "date": 1_800_000_006, "chat": group, "migrate_to_chat_id": -1_005}));
    let supergroup = json!({"id": -1_005, "type": "supergroup", "title": "Fans"});
    world.telegram.update("message", json!({"message_id": 1, "date": 1_800_000_006, "chat": supergroup, "migrate_from_chat_id": -5}));
    world.telegram.update("message", json!({"message_id": 2, "date": 1_800_000_007, "chat": supergroup, "from": from, "text": "still here"}));
    let chats = world.all_messages(2).await;
    let texts: Vec<&str> = chats[0].iter().map(|it| &it.text[..]).collect();
    assert_eq!(texts, ["hello all", "still here"], "one conversation");
    let conversation = world.conversations().await.remove(0);
    assert_eq!(conversation.title, "Fans", "not who wrote first");
    let chat = conversation.chat_id;
    let request = world.with(GetChatRequest { chat_id: chat });
    let mut chats = ChatServiceClient::new(world.hub.clone());
    let shown = chats.get_chat(request).await.expect("shown").into_inner();
    assert!(shown.chat.expect("a chat").group);
}
