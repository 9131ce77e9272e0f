//! What happens in a channel besides messages.

use api::connector::v1::channel_event::Event;
use api::connector::v1::{
    ChannelEvent, ChatMoved, ChatRenamed, MessageDeleted, MessageEdited, PublishOutcome,
    PublishResult, ReachableChanged,
};
use api::conversations::v1::{
    Connection, Conversation, GetConversationRequest, SendMessageRequest,
};
use api::error::v1::ErrorReason;

use crate::world::{World, with};

fn happened(connection: &Connection, chat: &str, id: &str, event: Event) -> ChannelEvent {
    ChannelEvent {
        connection_id: connection.id.clone(),
        external_event_id: id.to_owned(),
        external_chat_id: chat.to_owned(),
        event: Some(event),
        ..ChannelEvent::default()
    }
}

fn edited(of: &ChannelEvent, text: &str) -> Event {
    Event::Edited(MessageEdited {
        message_event_id: of.external_event_id.clone(),
        text: text.to_owned(),
        ..MessageEdited::default()
    })
}

fn deleted(of: &str) -> Event {
    Event::Deleted(MessageDeleted {
        message_event_id: of.to_owned(),
    })
}

fn moved(to: &str) -> Event {
    Event::Moved(ChatMoved {
        new_external_chat_id: to.to_owned(),
    })
}

async fn publish(world: &World, event: ChannelEvent) -> PublishResult {
    world
        .publish(vec![event])
        .await
        .expect("published")
        .remove(0)
}

async fn shown(world: &World, conversation: &str) -> Conversation {
    let request = GetConversationRequest {
        conversation_id: conversation.to_owned(),
    };
    let request = with(&world.admin, request);
    let reply = world.conversations().get_conversation(request).await;
    reply
        .expect("shown")
        .into_inner()
        .conversation
        .expect("a conversation")
}

#[tokio::test]
async fn a_changed_message_keeps_what_it_said_before() {
    let world = World::start().await;
    let connection = world.connection().await;
    let first = world.message(&connection, "anna", "two pizas");
    let change = happened(&connection, "anna", "edit 1", edited(&first, "two pizzas"));
    let again = happened(
        &connection,
        "anna",
        "edit 2",
        edited(&first, "three pizzas"),
    );
    let last = world.message(&connection, "anna", "please");
    // In one call: what is changed is stored before it is changed.
    let events = vec![first, change.clone(), last, again];
    let results = world.publish(events).await.expect("published");
    assert!(
        results
            .iter()
            .all(|it| it.outcome() == PublishOutcome::Accepted),
        "{results:?}"
    );
    assert_eq!(results[0].message_id, results[1].message_id);
    let conversation = results[0].conversation_id.clone();
    let messages = world.messages(&conversation).await;
    let texts: Vec<&str> = messages.iter().map(|it| &it.text[..]).collect();
    assert_eq!(texts, ["three pizzas", "please"]);
    let before: Vec<&str> = messages[0].edits.iter().map(|it| &it.text[..]).collect();
    assert_eq!(before, ["two pizas", "two pizzas"]);

    let told_again = publish(&world, change).await;
    assert_eq!(told_again.outcome(), PublishOutcome::Duplicate);
    assert_eq!(world.messages(&conversation).await[0].text, "three pizzas");
}

#[tokio::test]
async fn a_change_of_a_message_that_never_came_is_a_message() {
    let world = World::start().await;
    let connection = world.connection().await;
    let unknown = world.message(&connection, "anna", "never brought");
    let change = happened(&connection, "anna", "edit", edited(&unknown, "changed"));
    let result = publish(&world, change.clone()).await;
    assert_eq!(result.outcome(), PublishOutcome::Accepted);
    assert_eq!(
        world.messages(&result.conversation_id).await[0].text,
        "changed"
    );
    assert_eq!(
        publish(&world, change).await.outcome(),
        PublishOutcome::Duplicate
    );
}

#[tokio::test]
async fn of_a_deleted_message_nothing_is_left_but_its_place() {
    let world = World::start().await;
    let connection = world.connection().await;
    let message = world.message(&connection, "anna", "my secret");
    let id = message.external_event_id.clone();
    let stored = publish(&world, message.clone()).await;
    let change = happened(
        &connection,
        "anna",
        "edit",
        edited(&message, "my new secret"),
    );
    publish(&world, change).await;
    let result = publish(&world, happened(&connection, "anna", "gone", deleted(&id))).await;
    assert_eq!(result.outcome(), PublishOutcome::Accepted, "{result:?}");
    let messages = world.messages(&stored.conversation_id).await;
    assert_eq!((messages.len(), &messages[0].text[..]), (1, ""));
    assert!(messages[0].delete_time.is_some() && messages[0].edits.is_empty());
    let listed = shown(&world, &stored.conversation_id).await;
    assert_eq!(listed.last_message.expect("a message").text, "");

    let unknown = publish(
        &world,
        happened(&connection, "anna", "gone 2", deleted("no such")),
    )
    .await;
    assert_eq!(unknown.reason, "MESSAGE_NOT_FOUND");
    let foreign = publish(
        &world,
        happened(&connection, "boris", "gone 3", deleted(&id)),
    )
    .await;
    assert_eq!(
        foreign.reason, "MESSAGE_NOT_FOUND",
        "another chat's message"
    );
}

#[tokio::test]
async fn who_has_blocked_the_line_is_not_written_to_until_they_write() {
    let world = World::start().await;
    let connection = world.connection().await;
    let anna = world.conversation(&connection, "anna").await;
    let reachable = |id, reachable| {
        let event = Event::Reachable(ReachableChanged { reachable });
        happened(&connection, "anna", id, event)
    };
    let send = async || {
        let request = with(
            &world.admin,
            SendMessageRequest {
                conversation_id: anna.clone(),
                text: "hello?".to_owned(),
                ..SendMessageRequest::default()
            },
        );
        let sent = world.conversations().send_message(request).await;
        sent.err()
            .and_then(|status| kit::refusal::reason_of(&status))
    };
    let blocked = reachable("blocked", false);
    publish(&world, blocked.clone()).await;
    assert_eq!(send().await, Some(ErrorReason::ClientUnreachable));
    publish(&world, reachable("unblocked", true)).await;
    assert_eq!(send().await, None);
    // Late news of what was before change nothing.
    assert_eq!(
        publish(&world, blocked).await.outcome(),
        PublishOutcome::Duplicate
    );
    assert_eq!(send().await, None);
    publish(&world, reachable("blocked again", false)).await;
    // An old message is no sign of life.
    let old = ChannelEvent {
        silent: true,
        ..world.message(&connection, "anna", "long ago")
    };
    publish(&world, old).await;
    assert_eq!(send().await, Some(ErrorReason::ClientUnreachable));
    world.conversation(&connection, "anna").await;
    assert_eq!(send().await, None, "the client has written");
    let nobody = happened(
        &connection,
        "nobody",
        "1",
        Event::Reachable(ReachableChanged::default()),
    );
    assert_eq!(publish(&world, nobody).await.reason, "CHAT_NOT_FOUND");
}

#[tokio::test]
async fn a_group_is_renamed_and_goes_on_under_another_id() {
    let world = World::start().await;
    let connection = world.connection().await;
    let fans = world.conversation(&connection, "-5").await;
    let renamed = Event::Renamed(ChatRenamed {
        title: "Friends".to_owned(),
    });
    publish(&world, happened(&connection, "-5", "renamed", renamed)).await;
    assert_eq!(shown(&world, &fans).await.title, "Friends");

    world.answer(&fans, "waits to be sent").await;
    let other = world.conversation(&connection, "-7").await;
    let taken = publish(&world, happened(&connection, "-5", "taken", moved("-7"))).await;
    assert_eq!(taken.reason, "CHAT_TAKEN");
    let event = happened(&connection, "-5", "moved", moved("-1005"));
    let result = publish(&world, event.clone()).await;
    assert_eq!(result.outcome(), PublishOutcome::Accepted, "{result:?}");
    assert_eq!(
        publish(&world, event).await.outcome(),
        PublishOutcome::Duplicate
    );
    assert_eq!(world.conversation(&connection, "-1005").await, fans);
    assert_ne!(other, fans);
    let delivery = world.take(1).await.next().await;
    assert_eq!(
        (&delivery.external_chat_id[..], &delivery.text[..]),
        ("-1005", "waits to be sent")
    );
}
