//! The black list (IDN-38, A-15, A-16).

use api::conversations::v1::watch_inbox_response::Event;
use std::time::Duration;

use api::connector::v1::{DeliveryOutcome, DeliveryReport};
use api::conversations::v1::{
    BlockChatRequest, ChangeKind, Chat, ChatAction, DeliveryStatus, SendMessageRequest,
    UnblockChatRequest,
};
use tonic::Status;

use super::{chat, chat_of};
use crate::rights::{change, watch};
use crate::world::{World, refusal, report, with};

async fn block(world: &World, token: &str, chat_id: &str) -> Result<Chat, Status> {
    let request = BlockChatRequest {
        chat_id: chat_id.to_owned(),
    };
    let reply = world.chats().block_chat(with(token, request)).await?;
    Ok(reply.into_inner().chat.expect("a chat"))
}

async fn unblock(world: &World, token: &str, chat_id: &str) -> Result<Chat, Status> {
    let request = UnblockChatRequest {
        chat_id: chat_id.to_owned(),
    };
    let reply = world.chats().unblock_chat(with(token, request)).await?;
    Ok(reply.into_inner().chat.expect("a chat"))
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
async fn a_blocked_client_is_neither_heard_nor_written_to_in_any_chat_of_the_channel() {
    let world = World::start().await;
    let (first, second) = (world.connection().await, world.connection().await);
    let conversation = world.conversation(&first, "anna").await;
    let other = world.conversation(&second, "anna").await;
    let bystander = world.conversation(&first, "boris").await;
    let id = chat_of(&world, &conversation).await;
    let blocked = block(&world, &world.admin, &id).await.expect("blocked");
    let writability = blocked.writability.expect("readable");
    assert!(!writability.free_text && !writability.template);
    assert_eq!(writability.free_text_reason, "CHAT_BLOCKED");

    for conversation in [&conversation, &other] {
        let refused = refusal(send(&world, conversation).await);
        assert!(
            refused.starts_with("FailedPrecondition CHAT_BLOCKED"),
            "{refused}"
        );
    }
    send(&world, &bystander)
        .await
        .expect("nobody else is blocked");

    let third = world.connection().await;
    for connection in [&first, &second, &third] {
        let results = world
            .publish(vec![world.message(connection, "anna", "let me in")])
            .await
            .expect("answered");
        assert_eq!(results[0].reason, "CHAT_BLOCKED");
        assert_eq!(results[0].conversation_id, "");
    }
    assert_eq!(world.messages(&conversation).await.len(), 1);
    let kept = chat(&world, &world.admin, &id).await.expect("there");
    let kept = kept.block.expect("blocked");
    assert_eq!(kept.refused_count, 3);
    assert!(kept.refused_time.is_some());
    assert!(!kept.user_id.is_empty());
}

#[tokio::test]
async fn what_came_while_blocked_does_not_appear_after_unblocking() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let id = chat_of(&world, &conversation).await;
    block(&world, &world.admin, &id).await.expect("blocked");
    world
        .publish(vec![world.message(&connection, "anna", "lost")])
        .await
        .expect("answered");
    let free = unblock(&world, &world.admin, &id).await.expect("unblocked");
    assert_eq!(free.block, None);
    assert_eq!(world.conversation(&connection, "anna").await, conversation);
    send(&world, &conversation).await.expect("sent");
    let texts: Vec<_> = world.messages(&conversation).await;
    let texts: Vec<_> = texts.iter().map(|message| &message.text[..]).collect();
    assert_eq!(texts, ["hello", "hello", "hello"]);
}

#[tokio::test]
async fn what_waits_when_a_client_is_blocked_is_not_sent() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    for _ in 0..2 {
        send(&world, &conversation).await.expect("queued");
    }
    let mut taken = world.take(10).await;
    let first = taken.next().await;
    let id = chat_of(&world, &conversation).await;
    block(&world, &world.admin, &id).await.expect("blocked");
    // What was on its way comes back: it waits as long as the client is blocked.
    let retry = DeliveryReport {
        retry_after_ms: 1_000,
        ..report(&first, DeliveryOutcome::Retry)
    };
    assert_eq!(world.report(vec![retry]).await, [""]);
    world.clock.advance(Duration::from_secs(60));
    let statuses = async || -> Vec<_> {
        let messages = world.messages(&conversation).await;
        messages.iter().map(|it| it.delivery_status()).collect()
    };
    let [unspecified, queued, failed] = [
        DeliveryStatus::Unspecified,
        DeliveryStatus::Queued,
        DeliveryStatus::Failed,
    ];
    assert_eq!(statuses().await, [unspecified, queued, failed]);
    let bystander = world.conversation(&connection, "boris").await;
    send(&world, &bystander).await.expect("queued");
    assert_eq!(
        taken.next().await.external_chat_id,
        "boris",
        "nothing of anna's goes before"
    );

    unblock(&world, &world.admin, &id).await.expect("unblocked");
    send(&world, &conversation).await.expect("queued");
    let next = taken.next().await;
    assert_eq!((next.id, next.attempt), (first.id, 2));
}

#[tokio::test]
async fn only_administrators_are_offered_the_black_list() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let id = chat_of(&world, &conversation).await;
    let manager = crate::rights::seer(&world).await;
    let offered = |chat: Chat| chat.allowed_actions().collect::<Vec<_>>();
    let seen = chat(&world, &manager, &id).await.expect("there");
    assert_eq!(offered(seen), [ChatAction::Profile]);
    let seen = chat(&world, &world.admin, &id).await.expect("there");
    assert_eq!(offered(seen), [ChatAction::Profile, ChatAction::Block]);
    for refused in [
        block(&world, &manager, &id).await,
        unblock(&world, &manager, &id).await,
    ] {
        assert!(refusal(refused).contains("PERMISSION_MISSING"));
    }
    let blocked = block(&world, &world.admin, &id).await.expect("blocked");
    assert_eq!(offered(blocked), [ChatAction::Profile, ChatAction::Unblock]);
    let seen = chat(&world, &manager, &id).await.expect("there");
    let told = seen.block.expect("who writes has to know");
    assert_eq!((told.user_id, told.refused_time), (String::new(), None));
}

#[tokio::test]
async fn open_windows_learn_that_a_client_was_blocked() {
    let world = World::start().await;
    let connection = world.connection().await;
    let mut stream = watch(&world, &world.admin).await;
    let conversation = world.conversation(&connection, "anna").await;
    let id = chat_of(&world, &conversation).await;
    while change(&mut stream).await.kind() != ChangeKind::Created {}
    block(&world, &world.admin, &id).await.expect("blocked");
    block(&world, &world.admin, &id).await.expect("nothing new");
    unblock(&world, &world.admin, &id).await.expect("unblocked");
    for _ in 0..2 {
        let told = change(&mut stream).await;
        assert_eq!(told.kind(), ChangeKind::WritabilityChanged);
        assert_eq!(told.conversation.expect("which").id, conversation);
    }
    world.switch(&connection, false).await;
    let told = loop {
        let step = stream.message().await.expect("a step").expect("it goes on");
        if let Some(Event::Writability(told)) = step.event {
            break told;
        }
    };
    assert_eq!(told.connection_id, connection.id);
}
