//! Telling conversations what of an online chat is its concern: title, mode, on or off.

use api::conversations::v1::{Connection, UpdateConnectionRequest};
use auth::{AccountScope, Caller};
use kit::Refusal;
use prost_types::FieldMask;
use types::OnlineChatId;

use super::{stored, wire};
use crate::domain::online_chat::OnlineChat;
use crate::grpc::on_behalf;
use crate::grpc::status::{Failure, forwarded};
use crate::state::Parts;
use crate::store::online_chats;

/// Changes that may overtake one another before the caller is asked to repeat.
const TRIES: usize = 5;

/// Forwards the newest version and returns it. Whoever forwarded a version that was overtaken meanwhile forwards again:
/// its call may have arrived after the newer one's, and the last word must be the newest.
pub(super) async fn forward(
    state: &Parts,
    caller: &Caller,
    scope: AccountScope,
    id: OnlineChatId,
) -> Result<OnlineChat, Failure> {
    let mut told = None;
    for _ in 0..TRIES {
        let row = stored(&state.db, scope, id).await?;
        let forwarded_version = row.forwarded_version;
        let chat = row
            .finished()
            .ok_or_else(|| Refusal::online_chat_not_found(id))?;
        let (account, version) = (scope.account(), chat.version);
        if told == Some(version) || (told.is_none() && forwarded_version == version) {
            return Ok(chat);
        }
        tell(state, caller, &chat).await?;
        told = Some(version);
        let marked = state.db.tx(scope, move |tx| {
            Box::pin(async move { online_chats::mark_forwarded(tx, account, id, version).await })
        });
        marked.await?;
    }
    Err(Refusal::conflict().into())
}

async fn tell(state: &Parts, caller: &Caller, chat: &OnlineChat) -> Result<(), Failure> {
    let request = UpdateConnectionRequest {
        connection: Some(Connection {
            id: chat.connection.to_string(),
            title: chat.settings.title.clone(),
            conversation_mode: wire::conversation_mode(chat.settings.mode).into(),
            enabled: chat.settings.enabled,
            ..Connection::default()
        }),
        update_mask: Some(FieldMask {
            paths: ["title", "conversation_mode", "enabled"]
                .map(str::to_owned)
                .to_vec(),
        }),
    };
    let request = on_behalf(caller, request)?;
    state
        .connections
        .clone()
        .update_connection(request)
        .await
        .map_err(forwarded)?;
    Ok(())
}
