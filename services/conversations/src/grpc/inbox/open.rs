//! A conversation as it is opened: with its newest messages and its cards (CNV-05).

use api::conversations::v1::{OpenConversationRequest, OpenConversationResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::page_size;
use tonic::Request;

use super::Inbox;
use crate::grpc::conversation::{Error, conversation_id, newest, survey, visible};
use crate::grpc::{caller_id, seeing};
use crate::live::Cursor;
use crate::store::favourites;
use crate::wire;

pub async fn open_conversation(
    inbox: &Inbox,
    request: &Request<OpenConversationRequest>,
) -> Result<OpenConversationResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let scope = caller.scope()?;
    inbox.accounts.require_imbox(scope).await?;
    let (account, owner) = (scope.account(), caller_id(&caller));
    let request = request.get_ref();
    let id = conversation_id(&request.conversation_id)?;
    let size = page_size(request.page_size, 50, 200)?;
    // Taken before the rows: a change in between comes twice, never not at all.
    let cursor = Cursor(inbox.live.position(account)).encode(account);
    let read = seeing(&inbox.db, &inbox.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let (conversation, sight) = visible(tx, &by, id).await?;
            let page = match sight.visibility.shows_messages() {
                true => Some(newest(tx, &by, id, size).await?),
                false => None,
            };
            let favourites = favourites::among(tx, by.scope, owner, &[id]).await?;
            let survey = survey(tx, &by, id, &sight).await?;
            Ok::<_, Error>((conversation, sight, page, favourites.contains(&id), survey))
        })
    });
    let (conversation, sight, page, favourite, survey) = read.await?;
    let page = page.map(|page| page.answer(account, &request.conversation_id));
    let page = page.unwrap_or_default();
    let cards = inbox.cards.read(&caller, &sight).await;
    let shown = wire::conversation(&conversation, &sight);
    Ok(OpenConversationResponse {
        conversation: Some(wire::with_favourite(shown, favourite)),
        messages: page.messages,
        older_page_token: page.older_page_token,
        contact: cards.contact,
        card: cards.card,
        cards_unavailable: cards.unavailable,
        cursor,
        survey,
    })
}
