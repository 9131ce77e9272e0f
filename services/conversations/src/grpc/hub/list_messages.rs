//! ListChatMessages.

use api::connector::v1::list_chat_messages_request::Position as Asked;
use api::connector::v1::{ChatMessage, ListChatMessagesRequest, ListChatMessagesResponse};
use auth::Caller;
use kit::Refusal;
use kit::page::page_size;
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::Request;
use types::ConnectionId;

use super::Hub;
use crate::domain::message::{AuthorKind, Message};
use crate::domain::routing::thread;
use crate::store::messages::{self, ChatPage, Position};
use crate::wire;

pub(super) async fn list(
    hub: &Hub,
    request: Request<ListChatMessagesRequest>,
) -> Result<ListChatMessagesResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let request = request.into_inner();
    let connector = caller.connector(&request.connector_key)?;
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("connection_id", &request.connection_id);
    let external_chat_id = fields.key("external_chat_id", &request.external_chat_id, 1..=200);
    let given_thread = fields.key("external_thread_id", &request.external_thread_id, 0..=200);
    let position = position(&mut fields, request.position);
    fields.finish()?;
    let size = page_size(request.page_size, 50, 200)?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&request.connection_id))?;
    let (connection, scope) = hub.connection(&connector, id).await?;
    let page = ChatPage {
        account: connection.account,
        connection: id,
        external_chat_id,
        thread: thread(connection.mode, &given_thread).to_owned(),
        position,
        // One more than asked for shows whether there are more.
        limit: size + 1,
    };
    let found = hub.db.tx(scope, move |tx| {
        Box::pin(async move { messages::list_of_chat(tx, &page).await })
    });
    let found = found.await.map_err(Refusal::from)?;
    let (page, has_more) = cut(found, position, usize::try_from(size).unwrap_or(usize::MAX));
    Ok(ListChatMessagesResponse {
        messages: page.into_iter().map(message).collect(),
        has_more,
    })
}

fn position(fields: &mut Fields, position: Option<Asked>) -> Position {
    let (field, seq, position) = match position {
        Some(Asked::AfterSeq(seq)) => ("after_seq", seq, Position::After(seq)),
        Some(Asked::BeforeSeq(seq)) => ("before_seq", seq, Position::Before(seq)),
        None => return Position::Before(i64::MAX),
    };
    if seq < 0 {
        fields.reject(field, "must not be negative");
    }
    position
}

/// The page itself, and whether there is more in its direction. The message too many is the farthest from the place.
fn cut<T>(mut found: Vec<T>, position: Position, size: usize) -> (Vec<T>, bool) {
    let has_more = found.len() > size;
    if has_more {
        match position {
            Position::After(_) => drop(found.pop()),
            Position::Before(_) => drop(found.remove(0)),
        }
    }
    (found, has_more)
}

fn message((message, thread): (Message, String)) -> ChatMessage {
    ChatMessage {
        attachments: message.attachments.iter().map(wire::attachment).collect(),
        cart: message.cart.as_ref().map(wire::cart),
        id: message.id.to_string(),
        seq: message.seq,
        external_event_id: message.external_event_id,
        from_client: message.author.kind == AuthorKind::Client,
        author_name: message.author.name,
        text: message.text,
        create_time: Some(to_proto(message.create_time)),
        external_thread_id: thread,
        automatic: matches!(message.author.kind, AuthorKind::Bot | AuthorKind::System),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_too_many_is_the_farthest_one() {
        assert_eq!(
            cut(vec![4, 5, 6], Position::After(3), 2),
            (vec![4, 5], true)
        );
        assert_eq!(
            cut(vec![4, 5, 6], Position::Before(7), 2),
            (vec![5, 6], true)
        );
        assert_eq!(cut(vec![4, 5], Position::Before(7), 2), (vec![4, 5], false));
    }
}
