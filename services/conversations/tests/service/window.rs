//! The chat window.

mod black_list;
pub mod contacts;
mod creation;
mod groups;
mod writability;

use api::conversations::v1::{Chat, GetChatRequest, GetConversationRequest};
use tonic::Status;

use crate::world::{World, with};

/// The chat of a conversation.
async fn chat_of(world: &World, conversation: &str) -> String {
    let request = GetConversationRequest {
        conversation_id: conversation.to_owned(),
    };
    let reply = world
        .conversations()
        .get_conversation(with(&world.admin, request))
        .await
        .expect("there");
    reply
        .into_inner()
        .conversation
        .expect("a conversation")
        .chat_id
}

async fn chat(world: &World, token: &str, chat_id: &str) -> Result<Chat, Status> {
    let request = GetChatRequest {
        chat_id: chat_id.to_owned(),
    };
    let reply = world.chats().get_chat(with(token, request)).await?;
    Ok(reply.into_inner().chat.expect("a chat"))
}
