//! ListChatMessages and ListChatConversations.

use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{
    DeliveryOutcome, DeliveryReport, ListChatConversationsRequest, ListChatMessagesRequest,
};
use types::{AccountId, ConnectionId};

use crate::world::{CONNECTOR, World, refusal, report, with};

fn messages_of(connection: &str, chat: &str) -> ListChatMessagesRequest {
    ListChatMessagesRequest {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.to_owned(),
        external_chat_id: chat.to_owned(),
        page_size: 2,
        ..ListChatMessagesRequest::default()
    }
}

fn conversations_of(connection: &str, chat: &str) -> ListChatConversationsRequest {
    ListChatConversationsRequest {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.to_owned(),
        external_chat_id: chat.to_owned(),
        include_closed: false,
    }
}

#[tokio::test]
async fn a_channel_pages_through_a_chat_both_ways() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    world.conversation(&connection, "anna").await;
    let page = async |position| {
        let request = ListChatMessagesRequest {
            position,
            ..messages_of(&connection.id, "anna")
        };
        let page = world
            .hub()
            .list_chat_messages(with(&world.connector, request))
            .await
            .expect("a page")
            .into_inner();
        let messages: Vec<_> = page
            .messages
            .into_iter()
            .map(|it| (it.seq, it.from_client, it.text))
            .collect();
        (messages, page.has_more)
    };
    let (one, two, three) = (
        (1, true, "hello".to_owned()),
        (2, false, "answer".to_owned()),
        (3, true, "hello".to_owned()),
    );
    assert_eq!(page(None).await, (vec![two.clone(), three.clone()], true));
    assert_eq!(
        page(Some(Position::BeforeSeq(2))).await,
        (vec![one.clone()], false)
    );
    assert_eq!(
        page(Some(Position::AfterSeq(0))).await,
        (vec![one, two], true)
    );
    assert_eq!(
        page(Some(Position::AfterSeq(2))).await,
        (vec![three], false)
    );
}

#[tokio::test]
async fn what_the_client_has_read_counts_as_read() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    let unread = async || {
        let request = with(&world.connector, conversations_of(&connection.id, "anna"));
        let reply = world
            .hub()
            .list_chat_conversations(request)
            .await
            .expect("listed")
            .into_inner();
        let [conversation] = &reply.conversations[..] else {
            panic!("one conversation")
        };
        (conversation.unread_count, conversation.read_seq)
    };
    assert_eq!(unread().await, (1, 0));
    let delivery = world.take(0).await.next().await;
    let read = DeliveryReport {
        lease_token: 0,
        ..report(&delivery, DeliveryOutcome::Read)
    };
    assert_eq!(world.report(vec![read]).await, [""]);
    assert_eq!(unread().await, (0, 2));
}

#[tokio::test]
async fn a_foreign_connection_has_no_history() {
    let world = World::start().await;
    let connection = world.connection().await;
    world.conversation(&connection, "anna").await;
    let stranger = world.program(AccountId::generate(), "connector:test");
    let unknown = ConnectionId::generate().to_string();
    for id in [&connection.id, &unknown] {
        let expected = format!("NotFound CONNECTION_NOT_FOUND {{connection_id={id}}}");
        let messages = world
            .hub()
            .list_chat_messages(with(&stranger, messages_of(id, "anna")))
            .await;
        assert_eq!(refusal(messages), expected);
        let conversations = world
            .hub()
            .list_chat_conversations(with(&stranger, conversations_of(id, "anna")))
            .await;
        assert_eq!(refusal(conversations), expected);
    }
    let nobody = world
        .hub()
        .list_chat_messages(with(
            &world.connector,
            messages_of(&connection.id, "nobody"),
        ))
        .await;
    assert!(
        nobody
            .expect("an unknown chat is empty")
            .into_inner()
            .messages
            .is_empty()
    );
}

#[tokio::test]
async fn malformed_questions_say_what_is_wrong() {
    let world = World::start().await;
    let request = ListChatMessagesRequest {
        position: Some(Position::AfterSeq(-1)),
        ..messages_of("cxn_", "")
    };
    let refused = refusal(
        world
            .hub()
            .list_chat_messages(with(&world.connector, request))
            .await,
    );
    let expected = "InvalidArgument FIELD_INVALID {after_seq: must not be negative; connection_id: is not an id of the form \
                    \"cxn_…\"; external_chat_id: must not be empty}";
    assert_eq!(refused, expected);
}
