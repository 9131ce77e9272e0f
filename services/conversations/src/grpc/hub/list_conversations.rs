//! ListChatConversations.

use api::connector::v1::{
    ChatConversation, ListChatConversationsRequest, ListChatConversationsResponse,
};
use auth::Caller;
use kit::Refusal;
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::Request;
use types::ConnectionId;

use super::Hub;
use crate::store::conversations::{self, OfChat};

pub(super) async fn list(
    hub: &Hub,
    request: Request<ListChatConversationsRequest>,
) -> Result<ListChatConversationsResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let request = request.into_inner();
    let connector = caller.connector(&request.connector_key)?;
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("connection_id", &request.connection_id);
    let chat = fields.key("external_chat_id", &request.external_chat_id, 1..=200);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&request.connection_id))?;
    let (connection, scope) = hub.connection(&connector, id).await?;
    let (account, closed_too) = (connection.account, request.include_closed);
    let found = hub.db.tx(scope, move |tx| {
        Box::pin(
            async move { conversations::list_of_chat(tx, account, id, &chat, closed_too).await },
        )
    });
    let conversations = found
        .await
        .map_err(Refusal::from)?
        .into_iter()
        .map(conversation)
        .collect();
    Ok(ListChatConversationsResponse { conversations })
}

fn conversation(
    OfChat {
        conversation,
        unread,
    }: OfChat,
) -> ChatConversation {
    ChatConversation {
        id: conversation.id.to_string(),
        number: conversation.number,
        open: conversation.is_open(),
        external_thread_id: conversation.thread,
        last_seq: conversation.last.seq,
        last_text: conversation.last.preview,
        update_time: Some(to_proto(conversation.update_time)),
        // At most 100.
        unread_count: i32::try_from(unread).unwrap_or(i32::MAX),
        read_seq: conversation.client_read_seq,
    }
}
