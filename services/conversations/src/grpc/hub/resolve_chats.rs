//! ResolveChats.

use api::connector::v1::{ResolveChatsRequest, ResolveChatsResponse};
use auth::Caller;
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::ConnectionId;

use super::Hub;
use crate::store::chats;

/// Chats at once at most.
const MOST: usize = 100;

/// Ids of one chat at most.
const IDS: usize = 5;

pub(super) async fn resolve(
    hub: &Hub,
    request: Request<ResolveChatsRequest>,
) -> Result<ResolveChatsResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let ResolveChatsRequest {
        connector_key,
        connection_id,
        chats: asked,
    } = request.into_inner();
    let connector = caller.connector(&connector_key)?;
    if asked.len() > MOST {
        return Err(Refusal::too_large(MOST));
    }
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("connection_id", &connection_id);
    if asked.is_empty() {
        fields.reject("chats", "must be 1 to 100");
    }
    for chat in &asked {
        if !(1..=IDS).contains(&chat.ids.len()) {
            fields.reject("chats.ids", format!("must be 1 to {IDS}"));
        }
        for given in chat.ids.iter().take(IDS) {
            fields.key("chats.ids", given, 1..=200);
        }
    }
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&connection_id))?;
    let (_, scope) = hub.connection(&connector, id).await?;
    let known = hub.db.tx(scope, move |tx| {
        Box::pin(async move {
            let mut known = Vec::with_capacity(asked.len());
            for chat in &asked {
                known.push(chats::resolve(tx, scope, id, &chat.ids).await?);
            }
            Ok::<_, pg::Error>(known)
        })
    });
    Ok(ResolveChatsResponse {
        external_chat_ids: known.await.map_err(Refusal::from)?,
    })
}
