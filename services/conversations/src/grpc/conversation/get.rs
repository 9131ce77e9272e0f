//! Reading one conversation, and the visibility check that every operation on one goes through.

use access::{Viewer, Visibility};
use api::conversations::v1::{GetConversationRequest, GetConversationResponse};
use auth::{AccountScope, Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::ConversationId;

use super::Conversations;
use super::status::Error;
use crate::domain::conversation::Conversation;
use crate::grpc::viewer;
use crate::store::conversations;
use crate::wire;

pub async fn get_conversation(
    service: &Conversations,
    request: &Request<GetConversationRequest>,
) -> Result<GetConversationResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let (scope, viewer) = (caller.scope()?, viewer(&caller));
    let id = conversation_id(&request.get_ref().conversation_id)?;
    let conversation = service
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { visible(tx, scope, viewer, id).await })
        })
        .await?;
    Ok(GetConversationResponse {
        conversation: Some(wire::conversation(&conversation, viewer.sees())),
    })
}

/// The id in a request.
pub fn conversation_id(text: &str) -> Result<ConversationId, Refusal> {
    let mut fields = Fields::new();
    let id = fields.id("conversation_id", text);
    fields.finish()?;
    id.ok_or_else(|| Refusal::conversation_not_found(text))
}

/// A conversation that the viewer may see. A hidden one, a foreign one and none at all are the same.
pub async fn visible(
    tx: &mut Tx,
    scope: AccountScope,
    viewer: Viewer,
    id: ConversationId,
) -> Result<Conversation, Error> {
    let conversation = conversations::get(tx, scope, id)
        .await?
        .ok_or(Error::NotFound(id))?;
    if viewer.sees() == Visibility::Hidden {
        return Err(Error::NotFound(id));
    }
    Ok(conversation)
}

/// A conversation whose messages the viewer may read and write.
pub async fn readable(
    tx: &mut Tx,
    scope: AccountScope,
    viewer: Viewer,
    id: ConversationId,
) -> Result<Conversation, Error> {
    let conversation = visible(tx, scope, viewer, id).await?;
    if viewer.sees().shows_messages() {
        Ok(conversation)
    } else {
        Err(Error::Unreadable(id))
    }
}
