//! What may be written right now.

use api::conversations::v1::get_writability_request::Place as Wanted;
use api::conversations::v1::{GetWritabilityRequest, GetWritabilityResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use pg::Tx;
use tonic::Request;
use types::{ChatId, ConversationId};

use super::Chats;
use super::get::{chat_id, moment, visible};
use super::shown::{Moment, writable};
use super::status::Place;
use crate::domain::writability::{Writability, decide};
use crate::grpc::conversation::{Error, conversation_id, readable};
use crate::grpc::{By, seeing};
use crate::store::writability;

/// Where somebody wants to write.
#[derive(Debug, Clone, Copy)]
enum Where {
    Chat(ChatId),
    Conversation(ConversationId),
}

pub async fn get_writability(
    service: &Chats,
    request: &Request<GetWritabilityRequest>,
) -> Result<GetWritabilityResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let place = match &request.get_ref().place {
        Some(Wanted::ChatId(id)) => Where::Chat(chat_id(id)?),
        Some(Wanted::ConversationId(id)) => Where::Conversation(conversation_id(id)?),
        None => return Err(Refusal::field("place", "must be given")),
    };
    let moment = moment(service, &caller).await?;
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { look(tx, &by, place, moment).await })
    });
    let (decided, place): (Writability, Place) = read.await?;
    Ok(GetWritabilityResponse {
        writability: Some(writable(&decided, place)),
    })
}

async fn look(
    tx: &mut Tx,
    by: &By,
    place: Where,
    moment: Moment,
) -> Result<(Writability, Place), Error> {
    match place {
        Where::Chat(id) => {
            let shown = visible(tx, by, id, moment).await?;
            if !shown.sight.visibility.shows_messages() {
                return Err(Error::ChatUnreadable);
            }
            let place = Place {
                chat: id,
                connection: shown.chat.connection,
                conversation: None,
            };
            Ok((shown.writability, place))
        }
        Where::Conversation(id) => {
            let (conversation, _) = readable(tx, by, id).await?;
            let facts = writability::of_chats(tx, by.scope, &[conversation.chat]).await?;
            let facts = facts.get(&conversation.chat).ok_or(Error::NotFound(id))?;
            let facts = facts.facts(moment.now, moment.has_subscription, !conversation.is_open());
            let place = Place {
                chat: conversation.chat,
                connection: conversation.connection,
                conversation: Some(id),
            };
            Ok((decide(&facts), place))
        }
    }
}
