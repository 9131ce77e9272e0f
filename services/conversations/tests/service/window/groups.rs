//! Group chats are administrators' alone, everywhere (CHW-19, A-42).

use api::connector::v1::ChannelEvent;
use api::conversations::v1::{
    GetConversationRequest, ListConversationsRequest, SendMessageRequest, StartConversationRequest,
};

use super::{chat, chat_of};
use crate::rights::{change, seer, watch};
use crate::world::{World, refusal, with};

#[tokio::test]
async fn a_group_chat_exists_for_administrators_only() {
    let world = World::start().await;
    let connection = world.connection().await;
    let manager = seer(&world).await;
    let mut stream = watch(&world, &manager).await;
    let written = ChannelEvent {
        group_chat: true,
        ..world.message(&connection, "the club", "hello all")
    };
    let results = world.publish(vec![written]).await.expect("published");
    let group = results[0].conversation_id.clone();
    let private = world.conversation(&connection, "anna").await;
    let id = chat_of(&world, &group).await;
    assert!(chat(&world, &world.admin, &id).await.expect("seen").group);

    let get = GetConversationRequest {
        conversation_id: group.clone(),
    };
    let get = world
        .conversations()
        .get_conversation(with(&manager, get))
        .await;
    assert!(refusal(get).contains("CONVERSATION_NOT_FOUND"));
    let send = SendMessageRequest {
        conversation_id: group.clone(),
        text: "hello".to_owned(),
        request_id: String::new(),
        ..SendMessageRequest::default()
    };
    let send = world
        .conversations()
        .send_message(with(&manager, send))
        .await;
    assert!(refusal(send).contains("CONVERSATION_NOT_FOUND"));
    let start = StartConversationRequest {
        chat_id: id.clone(),
        text: "hello".to_owned(),
        ..StartConversationRequest::default()
    };
    let start = world
        .conversations()
        .start_conversation(with(&manager, start))
        .await;
    assert!(refusal(start).contains("CHAT_NOT_FOUND"));
    assert!(refusal(chat(&world, &manager, &id).await).contains("CHAT_NOT_FOUND"));
    for (token, expected) in [(&manager, 1), (&world.admin, 2)] {
        let page = world
            .inbox()
            .list_conversations(with(token, ListConversationsRequest::default()))
            .await
            .expect("a page");
        assert_eq!(page.into_inner().conversations.len(), expected);
    }
    // The group's message is not told: the first thing the stream brings is the private chat.
    let told = change(&mut stream).await;
    assert_eq!(told.conversation.expect("which").id, private);
}

#[tokio::test]
async fn a_later_event_does_not_open_a_group_to_others() {
    let world = World::start().await;
    let connection = world.connection().await;
    let manager = seer(&world).await;
    let written = ChannelEvent {
        group_chat: true,
        ..world.message(&connection, "the club", "hello all")
    };
    let first = world.publish(vec![written]).await.expect("published");
    let group = first[0].conversation_id.clone();
    assert_eq!(world.conversation(&connection, "the club").await, group);
    let get = GetConversationRequest {
        conversation_id: group,
    };
    let get = world
        .conversations()
        .get_conversation(with(&manager, get))
        .await;
    assert!(refusal(get).contains("CONVERSATION_NOT_FOUND"));
}
