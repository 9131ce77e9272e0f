//! One page of the imBox.

use access::Visibility;
use api::conversations::v1::{
    ConversationAnswer, ConversationLife, ListConversationsRequest, ListConversationsResponse,
};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;

use super::Inbox;
use crate::domain::card::Sight;
use crate::domain::conversation::{Answer, Conversation};
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::live::Cursor;
use crate::store::cards;
use crate::store::conversations::{self, Filter, Key};
use crate::wire;

pub async fn list_conversations(
    inbox: &Inbox,
    request: &Request<ListConversationsRequest>,
) -> Result<ListConversationsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let scope = caller.scope()?;
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

    let listed = seeing(&inbox.db, &inbox.rights, &caller, move |tx, by| {
        Box::pin(async move { rows(tx, &by, &filter, key, size + 1).await })
    });
    let mut rows: Vec<(Conversation, Sight)> = listed.await?;
    let is_last = rows.len() <= usize::try_from(size).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next_page_token = match rows.last() {
        Some((last, _)) if !is_last => token.encode(&filters, &Key::of(last)),
        _ => String::new(),
    };
    Ok(ListConversationsResponse {
        conversations: rows
            .iter()
            .filter(|(_, sight)| sight.visibility != Visibility::Hidden)
            .map(|(row, sight)| wire::conversation(row, sight))
            .collect(),
        next_page_token,
        cursor: cursor.unwrap_or_default(),
    })
}

/// A page, and what is seen of each row.
async fn rows(
    tx: &mut Tx,
    by: &By,
    filter: &Filter,
    key: Option<Key>,
    limit: i64,
) -> Result<Vec<(Conversation, Sight)>, Error> {
    let owners = by.viewer.owners();
    let rows = conversations::list(tx, by.scope, &owners, filter, key, limit).await?;
    let account = by.scope.account();
    let wanted: Vec<_> = rows.iter().map(|row| (account, row.id)).collect();
    let mut cards = cards::of_conversations(tx, &wanted).await?;
    let seen = rows.into_iter().map(|row| {
        let sight = by.viewer.sight(&cards.remove(&row.id).unwrap_or_default());
        (row, sight)
    });
    Ok(seen.collect())
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
