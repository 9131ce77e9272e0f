//! One page of the imBox.

use api::conversations::v1::{
    ConversationAnswer, ConversationLife, ListConversationsRequest, ListConversationsResponse,
};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Error;
use tonic::Request;

use super::Inbox;
use crate::domain::conversation::Answer;
use crate::grpc::viewer;
use crate::live::Cursor;
use crate::store::conversations::{self, Filter, Key};
use crate::wire;

pub async fn list_conversations(
    inbox: &Inbox,
    request: &Request<ListConversationsRequest>,
) -> Result<ListConversationsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let (scope, viewer) = (caller.scope()?, viewer(&caller));
    let request = request.get_ref();
    let filter = filter(request)?;
    let size = page_size(request.page_size, 50, 200)?;
    let token = PageToken {
        method: "ListConversations",
        account: scope.account(),
    };
    let filters = (request.life, request.answer, &request.connection_id);
    let key: Option<Key> = token.decode(&filters, &request.page_token)?;
    // Taken before the rows: a change in between comes twice, never not at all.
    let cursor = key
        .is_none()
        .then(|| Cursor(inbox.live.position(scope.account())).encode(scope.account()));

    let mut rows = inbox
        .db
        .tx(scope, move |tx| {
            Box::pin(async move {
                conversations::list(tx, scope, viewer.list_scope(), &filter, key, size + 1).await
            })
        })
        .await
        .map_err(|error: Error| Refusal::from(error))?;
    let is_last = rows.len() <= usize::try_from(size).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next_page_token = match rows.last() {
        Some(last) if !is_last => token.encode(&filters, &Key::of(last)),
        _ => String::new(),
    };
    let visibility = viewer.sees();
    Ok(ListConversationsResponse {
        conversations: rows
            .iter()
            .map(|row| wire::conversation(row, visibility))
            .collect(),
        next_page_token,
        cursor: cursor.unwrap_or_default(),
    })
}

fn filter(request: &ListConversationsRequest) -> Result<Filter, Refusal> {
    let mut fields = Fields::new();
    let life = fields.known::<ConversationLife>("life", request.life);
    let answer = fields.known::<ConversationAnswer>("answer", request.answer);
    let connection = fields.optional_id("connection_id", &request.connection_id);
    fields.finish()?;
    Ok(Filter {
        open: life != Some(ConversationLife::Closed),
        answer: match answer {
            Some(ConversationAnswer::RequiresAnswer) => Some(Answer::Required),
            Some(ConversationAnswer::NoAnswerNeeded) => Some(Answer::NotNeeded),
            Some(ConversationAnswer::Unspecified) | None => None,
        },
        connection,
    })
}
