//! What may be written right now (decision table 2.4), and that every write keeps to it.

use std::time::Duration;

use api::connector::v1::{ConnectorManifest, RegisterConnectorRequest};
use api::conversations::v1::get_writability_request::Place;
use api::conversations::v1::{
    CloseConversationRequest, GetWritabilityRequest, SendMessageRequest, StartConversationRequest,
    Writability,
};
use kit::time::from_proto;
use tonic::Status;

use super::chat_of;
use crate::world::{CONNECTOR, World, refusal, with};

const DAY: Duration = Duration::from_secs(86_400);

/// The channel lets free text be sent for a day after the client's message, as WABA does.
async fn with_dialogue(world: &World) {
    let manifest = ConnectorManifest {
        key: CONNECTOR.to_owned(),
        title: "WABA".to_owned(),
        reply_window_seconds: 86_400,
        ..ConnectorManifest::default()
    };
    let request = RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    world
        .hub()
        .register_connector(with(&world.connector, request))
        .await
        .expect("registered");
}

async fn writability(world: &World, place: Place) -> Result<Writability, Status> {
    let request = GetWritabilityRequest { place: Some(place) };
    let mut request = with(&world.admin, request);
    let russian = "ru".parse().expect("ASCII");
    request.metadata_mut().insert("accept-language", russian);
    let reply = world.chats().get_writability(request).await?;
    Ok(reply.into_inner().writability.expect("an answer"))
}

async fn send(world: &World, conversation: &str) -> Result<(), Status> {
    let request = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        text: "hello".to_owned(),
        request_id: String::new(),
        ..SendMessageRequest::default()
    };
    let sent = world
        .conversations()
        .send_message(with(&world.admin, request))
        .await;
    sent.map(drop)
}

#[tokio::test]
async fn free_text_goes_for_a_day_after_the_clients_message() {
    let mut world = World::start().await;
    with_dialogue(&world).await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let chat = chat_of(&world, &conversation).await;
    let end = world.clock.now() + DAY;
    let said = writability(&world, Place::ChatId(chat.clone()))
        .await
        .expect("said");
    assert!(said.free_text);
    let told = said.free_text_end_time.expect("it ends");
    assert_eq!(from_proto(&told), Some(end));
    send(&world, &conversation)
        .await
        .expect("inside the dialogue");

    world.advance(DAY);
    let said = writability(&world, Place::ChatId(chat))
        .await
        .expect("said");
    assert_eq!(
        (
            said.free_text,
            &said.free_text_reason[..],
            said.free_text_end_time
        ),
        (false, "DIALOGUE_CLOSED", None)
    );
    let refused = refusal(send(&world, &conversation).await);
    assert!(
        refused.starts_with("FailedPrecondition DIALOGUE_CLOSED"),
        "{refused}"
    );

    world.conversation(&connection, "anna").await;
    send(&world, &conversation)
        .await
        .expect("the client has opened it again");
}

#[tokio::test]
async fn the_dialogue_begins_when_the_channel_says_that_the_client_wrote() {
    let world = World::start().await;
    with_dialogue(&world).await;
    let connection = world.connection().await;
    let mut late = world.message(&connection, "anna", "from before the outage");
    late.event_time = Some(kit::time::to_proto(world.clock.now() - DAY));
    let results = world.publish(vec![late]).await.expect("published");
    let conversation = results[0].conversation_id.clone();
    let refused = refusal(send(&world, &conversation).await);
    assert!(refused.contains("DIALOGUE_CLOSED"), "{refused}");
    // Nobody opens it for longer than it lasts by dating a message into the future.
    let mut early = world.message(&connection, "anna", "from tomorrow");
    early.event_time = Some(kit::time::to_proto(world.clock.now() + DAY));
    world.publish(vec![early]).await.expect("published");
    let said = writability(&world, Place::ConversationId(conversation))
        .await
        .expect("said");
    let end = said.free_text_end_time.expect("it ends");
    assert_eq!(from_proto(&end), Some(world.clock.now() + DAY));
}

#[tokio::test]
async fn a_channel_without_a_dialogue_never_closes() {
    let mut world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.advance(DAY * 30);
    let said = writability(&world, Place::ConversationId(conversation.clone()))
        .await
        .expect("said");
    assert_eq!((said.free_text, said.free_text_end_time), (true, None));
    send(&world, &conversation).await.expect("sent");
}

#[tokio::test]
async fn a_closed_conversation_offers_nothing_and_its_chat_another_one() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let chat = chat_of(&world, &conversation).await;
    let close = CloseConversationRequest {
        conversation_id: conversation.clone(),
        ..CloseConversationRequest::default()
    };
    world
        .conversations()
        .close_conversation(with(&world.admin, close))
        .await
        .expect("closed");
    let said = writability(&world, Place::ConversationId(conversation))
        .await
        .expect("said");
    assert!(!said.free_text && !said.template);
    assert_eq!(said.free_text_reason, "CONVERSATION_CLOSED");
    let said = writability(&world, Place::ChatId(chat))
        .await
        .expect("said");
    assert!(said.free_text);
}

#[tokio::test]
async fn without_a_subscription_nothing_is_sent_and_the_reason_says_so() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let chat = chat_of(&world, &conversation).await;
    world.identity.unpaid(world.account);
    let said = writability(&world, Place::ChatId(chat))
        .await
        .expect("said");
    assert!(!said.free_text && !said.template);
    assert_eq!(
        (&said.free_text_reason[..], &said.free_text_reason_text[..]),
        ("SUBSCRIPTION_UNPAID", "Подписка не оплачена.")
    );
    assert!(refusal(send(&world, &conversation).await).contains("SUBSCRIPTION_UNPAID"));
}

#[tokio::test]
async fn an_erased_client_is_not_written_to_before_writing_again() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let chat = chat_of(&world, &conversation).await;
    sqlx::query("UPDATE conversations.chats SET erase_time = client_time")
        .execute(&mut world.db.owner().await)
        .await
        .expect("erased");
    let refused = refusal(send(&world, &conversation).await);
    assert!(refused.contains("CONTACT_ERASED"), "{refused}");
    world.clock.advance(Duration::from_secs(1));
    world.conversation(&connection, "anna").await;
    send(&world, &conversation)
        .await
        .expect("the client wrote again");
    let start = StartConversationRequest {
        chat_id: chat,
        text: "hello".to_owned(),
        ..StartConversationRequest::default()
    };
    let start = world
        .conversations()
        .start_conversation(with(&world.admin, start))
        .await;
    assert!(refusal(start).contains("CONVERSATION_ALREADY_OPEN"));
}
