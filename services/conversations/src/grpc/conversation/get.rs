//! Reading one conversation, and the visibility check that every operation on one goes through.

use access::Visibility;
use api::conversations::v1::{GetConversationRequest, GetConversationResponse, Survey};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::time::to_proto;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::ConversationId;

use super::Conversations;
use super::status::Error;
use crate::domain::card::Sight;
use crate::domain::conversation::Conversation;
use crate::grpc::{By, caller_id, seeing};
use crate::store::surveys::{self, Sent};
use crate::store::{cards, conversations, favourites};
use crate::wire;

pub async fn get_conversation(
    service: &Conversations,
    request: &Request<GetConversationRequest>,
) -> Result<GetConversationResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let id = conversation_id(&request.get_ref().conversation_id)?;
    let owner = caller_id(&caller);
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let (conversation, sight) = visible(tx, &by, id).await?;
            let favourites = favourites::among(tx, by.scope, owner, &[id]).await?;
            let shown = wire::conversation(&conversation, &sight);
            Ok::<_, Error>(GetConversationResponse {
                conversation: Some(wire::with_favourite(shown, favourites.contains(&id))),
                survey: survey(tx, &by, id, &sight).await?,
            })
        })
    });
    read.await
}

/// The newest survey of a conversation, for who may read its messages.
pub async fn survey(
    tx: &mut Tx,
    by: &By,
    id: ConversationId,
    sight: &Sight,
) -> Result<Option<Survey>, Error> {
    if !sight.visibility.shows_messages() {
        return Ok(None);
    }
    let newest = surveys::newest(tx, by.scope, id).await?;
    Ok(newest.map(survey_of))
}

fn survey_of(sent: Sent) -> Survey {
    Survey {
        send_time: Some(to_proto(sent.send_time)),
        rating: sent.rating.map_or(0, |(rating, _)| i32::from(rating)),
        rate_time: sent.rating.map(|(_, time)| to_proto(time)),
    }
}

/// The id in a request.
pub fn conversation_id(text: &str) -> Result<ConversationId, Refusal> {
    let mut fields = Fields::new();
    let id = fields.id("conversation_id", text);
    fields.finish()?;
    id.ok_or_else(|| Refusal::conversation_not_found(text))
}

/// A conversation that the viewer may see, and what they see of it. A hidden one, a foreign one and none at all are the same.
pub async fn visible(
    tx: &mut Tx,
    by: &By,
    id: ConversationId,
) -> Result<(Conversation, Sight), Error> {
    let conversation = conversations::get(tx, by.scope, id)
        .await?
        .ok_or(Error::NotFound(id))?;
    let cards = cards::of_conversation(tx, by.scope.account(), id).await?;
    let sight = by.viewer.sight(&cards);
    if sight.visibility == Visibility::Hidden {
        return Err(Error::NotFound(id));
    }
    Ok((conversation, sight))
}

/// A conversation whose messages the viewer may read and write.
pub async fn readable(
    tx: &mut Tx,
    by: &By,
    id: ConversationId,
) -> Result<(Conversation, Sight), Error> {
    let (conversation, sight) = visible(tx, by, id).await?;
    if sight.visibility.shows_messages() {
        Ok((conversation, sight))
    } else {
        Err(Error::Unreadable(id))
    }
}
