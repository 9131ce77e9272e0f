use api::onlinechat::v1::{ListOnlineChatsRequest, ListOnlineChatsResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use tonic::Request;
use types::OnlineChatId;

use super::wire;
use crate::state::Parts;
use crate::store::online_chats;

const DEFAULT_PAGE: i64 = 50;
const LARGEST_PAGE: i64 = 200;

pub(super) async fn list(
    state: &Parts,
    request: &Request<ListOnlineChatsRequest>,
) -> Result<ListOnlineChatsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::DirectoryRead)?;
    let scope = caller.scope()?;
    let message = request.get_ref();
    let size = page_size(message.page_size, DEFAULT_PAGE, LARGEST_PAGE)?;
    let tokens = PageToken {
        method: "ListOnlineChats",
        account: scope.account(),
    };
    let after: Option<OnlineChatId> = tokens.decode(&(), &message.page_token)?;
    let read = state.db.tx(scope, move |tx| {
        // One more than asked for tells whether there is a next page.
        Box::pin(async move { online_chats::list(tx, scope.account(), after, size + 1).await })
    });
    let mut chats = read.await?;
    let page = usize::try_from(size).unwrap_or(usize::MAX);
    let more = chats.len() > page;
    chats.truncate(page);
    let last = chats.last().filter(|_| more);
    let next_page_token = last
        .map(|chat| tokens.encode(&(), &chat.id))
        .unwrap_or_default();
    let shown = chats.iter();
    let online_chats = shown
        .map(|chat| wire::to_proto(&state.public_url, chat))
        .collect();
    Ok(ListOnlineChatsResponse {
        online_chats,
        next_page_token,
    })
}
