//! What employees answer.

use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::upload_attachment_request::Part;
use api::conversations::v1::{
    AttachmentKind, ConnectionState, DeliveryStatus, Message, SendMessageRequest,
    UploadAttachmentRequest, UploadHeader,
};
use api::error::v1::ErrorReason;
use serde_json::json;
use testkit::wait_for;

use crate::telegram::{ANNA, Fault, NEW_TOKEN};
use crate::world::World;

const PIXEL: &[u8] = include_bytes!("pixel.png");

async fn upload(world: &World, name: &str, kind: AttachmentKind, bytes: &[u8]) -> String {
    let header = UploadHeader {
        file_name: name.to_owned(),
        kind: kind.into(),
        ..UploadHeader::default()
    };
    let parts = [Part::Header(header), Part::Chunk(bytes.to_vec())];
    let parts = parts.map(|part| UploadAttachmentRequest { part: Some(part) });
    let request = world.with(futures::stream::iter(parts));
    let reply = world.attachments().upload_attachment(request).await;
    reply
        .expect("taken in")
        .into_inner()
        .attachment
        .expect("a file")
        .id
}

/// The employee's messages, once the newest has this status.
async fn until(world: &World, conversation: &str, status: DeliveryStatus) -> Vec<Message> {
    let reached = async || {
        let messages = world.messages(conversation).await;
        let is_reached = messages.last()?.delivery_status() == status;
        is_reached.then(|| messages[1..].to_vec())
    };
    wait_for(&format!("the newest message is {status:?}"), reached).await
}

#[tokio::test]
async fn answers_arrive_in_their_order_also_when_telegram_is_busy_or_fails() {
    let world = World::start().await;
    world.polling_bot().await;
    let anna = world.anna().await;
    world.telegram.fail(&[Fault::Busy, Fault::Internal]);
    for text in ["one", "two", "three"] {
        world.answer(&anna, text, Vec::new()).await;
    }
    let messages = until(&world, &anna, DeliveryStatus::Sent).await;
    assert!(
        messages
            .iter()
            .all(|it| it.delivery_status() == DeliveryStatus::Sent)
    );
    assert_eq!(world.telegram.texts(), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_is_not_sent_twice() {
    let mut world = World::start().await;
    world.polling_bot().await;
    let anna = world.anna().await;
    world.telegram.fail(&[Fault::Cut]);
    world.answer(&anna, "one", Vec::new()).await;
    world.answer(&anna, "two", Vec::new()).await;
    let messages = until(&world, &anna, DeliveryStatus::Sent).await;
    assert_eq!(messages[0].delivery_status(), DeliveryStatus::Unknown);
    world.restart().await;
    world.answer(&anna, "three", Vec::new()).await;
    let sent = async || Some(world.telegram.texts()).filter(|texts| texts.len() > 2);
    assert_eq!(wait_for("the third", sent).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn who_has_blocked_the_bot_is_told_to_the_employee() {
    let world = World::start().await;
    world.polling_bot().await;
    let anna = world.anna().await;
    world.telegram.block(ANNA);
    world.answer(&anna, "hello?", Vec::new()).await;
    let messages = until(&world, &anna, DeliveryStatus::Failed).await;
    assert_eq!(messages[0].failure_text, "The client has blocked the bot.");
    // Nothing more is taken until she writes.
    let again = world.with(SendMessageRequest {
        conversation_id: anna,
        text: "hello??".to_owned(),
        ..SendMessageRequest::default()
    });
    let mut conversations = ConversationServiceClient::new(world.hub.clone());
    let refused = conversations
        .send_message(again)
        .await
        .expect_err("refused");
    assert_eq!(
        kit::refusal::reason_of(&refused),
        Some(ErrorReason::ClientUnreachable)
    );
}

#[tokio::test]
async fn files_arrive_whole_and_together() {
    let world = World::start().await;
    world.polling_bot().await;
    let anna = world.anna().await;
    let mut files = Vec::new();
    for name in ["a.png", "b.png"] {
        files.push(upload(&world, name, AttachmentKind::Unspecified, PIXEL).await);
    }
    files.push(upload(&world, "list.txt", AttachmentKind::Document, b"eggs, milk").await);
    world.answer(&anna, "as promised", files).await;
    until(&world, &anna, DeliveryStatus::Sent).await;
    let sent = world.telegram.sent();
    let told: Vec<_> = sent
        .iter()
        .map(|it| (&it.method[..], &it.text[..]))
        .collect();
    assert_eq!(
        told,
        [("sendMediaGroup", "as promised"), ("sendDocument", "")]
    );
    let picture = |name: &str| (name.to_owned(), "image/png".to_owned(), PIXEL.to_vec());
    assert_eq!(sent[0].files, [picture("a.png"), picture("b.png")]);
    assert_eq!(sent[1].files[0].2, b"eggs, milk");
}

#[tokio::test]
async fn a_text_that_is_long_for_telegram_comes_in_parts() {
    let world = World::start().await;
    world.polling_bot().await;
    let anna = world.anna().await;
    // 4,096 characters for us are 8,192 units for Telegram.
    world.answer(&anna, &"😀".repeat(4_096), Vec::new()).await;
    until(&world, &anna, DeliveryStatus::Sent).await;
    let lengths: Vec<usize> = world
        .telegram
        .texts()
        .iter()
        .map(|it| it.chars().count())
        .collect();
    assert_eq!(lengths, [2_048, 2_048]);
}

#[tokio::test]
async fn a_group_that_moved_gets_its_answer_where_it_is_now() {
    let world = World::start().await;
    world.polling_bot().await;
    let group = json!({"id": -5, "type": "group", "title": "Fans"});
    world.telegram.know(-5);
    world.telegram.update(
        "message",
        json!({"message_id": 1, "date": 1_800_000_000, "chat": group, "text": "hi"}),
    );
    let fans = world.all_messages(1).await[0][0].conversation_id.clone();
    world.telegram.move_group(-5, -1_005);
    world.answer(&fans, "hello", Vec::new()).await;
    until(&world, &fans, DeliveryStatus::Sent).await;
    assert_eq!(world.telegram.sent()[0].chat, -1_005);
}

#[tokio::test]
async fn a_revoked_token_halts_the_bot_until_a_new_one_is_entered() {
    let world = World::start().await;
    let connection = world.polling_bot().await;
    let anna = world.anna().await;
    world.telegram.revoke();
    world.answer(&anna, "still there?", Vec::new()).await;
    let health = world.until(&connection, ConnectionState::Broken).await;
    assert!(health.text.contains("@BotFather"), "{}", health.text);
    let waiting = world.messages(&anna).await.pop().expect("a message");
    assert_eq!(waiting.delivery_status(), DeliveryStatus::Queued);
    world.set(&connection, json!({"token": NEW_TOKEN})).await;
    until(&world, &anna, DeliveryStatus::Sent).await;
    assert_eq!(world.telegram.texts(), ["still there?"]);
}
