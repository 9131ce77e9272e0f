//! Whose contact writes, and in which deal or customer the conversation is conducted.

use std::str::FromStr;

use access::{Action, Entity};
use api::conversations::v1::{ChangeKind, LinkConversationRequest, LinkConversationResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{ContactId, ConversationId, CustomerId, DealId, InvalidId};
use uuid::Uuid;

use super::Conversations;
use super::change::{self, Locked};
use super::status::Error;
use crate::changes::{self, Change};
use crate::domain::card::{Card, Kind, Sight};
use crate::domain::conversation::Conversation;
use crate::domain::profile::Profile;
use crate::grpc::{By, seeing};
use crate::store::{cards, conversations, profiles};
use crate::wire;

/// What the conversation is to have.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    contact: Option<ContactId>,
    card: Option<CardId>,
}

/// A deal or a customer.
#[derive(Debug, Clone, Copy)]
enum CardId {
    Deal(DealId),
    Customer(CustomerId),
}

impl CardId {
    fn uuid(self) -> Uuid {
        match self {
            Self::Deal(id) => id.uuid(),
            Self::Customer(id) => id.uuid(),
        }
    }

    fn not_found(self) -> Error {
        match self {
            Self::Deal(id) => Error::DealNotFound(id),
            Self::Customer(id) => Error::CustomerNotFound(id),
        }
    }
}

impl FromStr for CardId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let deal = text.parse().map(Self::Deal);
        deal.or_else(|_: InvalidId| text.parse().map(Self::Customer))
            .map_err(|_: InvalidId| InvalidId {
                prefixes: &[DealId::PREFIX, CustomerId::PREFIX],
            })
    }
}

pub async fn link_conversation(
    service: &Conversations,
    request: &Request<LinkConversationRequest>,
) -> Result<LinkConversationResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxWrite)?;
    let request = request.get_ref();
    let mut fields = Fields::new();
    let id: Option<ConversationId> = fields.id("conversation_id", &request.conversation_id);
    let contact = fields.optional_id("contact_id", &request.contact_id);
    let card = fields.optional_id("card_id", &request.card_id);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::conversation_not_found(&request.conversation_id))?;
    let wanted = Wanted { contact, card };
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { link(tx, &by, id, wanted).await })
    });
    let Linked {
        conversation,
        sight,
        change,
        client,
    } = done.await?;
    service.after.changed([change.touched()]);
    if let Some(contact) = contact {
        let key = &conversation.connector_key;
        service.cards.remember(&caller, key, &client, contact).await;
    }
    Ok(LinkConversationResponse {
        conversation: Some(wire::conversation(&conversation, &sight)),
    })
}

/// A conversation after it was linked.
struct Linked {
    conversation: Conversation,
    sight: Sight,
    change: Change,
    /// What its channel tells of the client.
    client: Profile,
}

async fn link(tx: &mut Tx, by: &By, id: ConversationId, wanted: Wanted) -> Result<Linked, Error> {
    let Locked { chat, .. } = change::lock(tx, by, id).await?;
    let account = by.scope.account();
    let before = cards::of_conversation(tx, account, id).await?;
    let contact = match wanted.contact {
        Some(contact) => Some(
            known(tx, by, contact.uuid(), &[Kind::Contact])
                .await?
                .ok_or(Error::ContactNotFound(contact))?,
        ),
        None => None,
    };
    let card = match wanted.card {
        Some(card) => Some(
            known(tx, by, card.uuid(), &[Kind::Deal, Kind::Customer])
                .await?
                .ok_or_else(|| card.not_found())?,
        ),
        None => None,
    };
    for card in [&contact, &before.contact, &card, &before.card]
        .into_iter()
        .flatten()
    {
        may_edit(by, card)?;
    }
    cards::link_chat(tx, account, chat.id, contact.as_ref()).await?;
    cards::link_conversation(tx, account, id, card.as_ref()).await?;
    let conversation = conversations::get(tx, by.scope, id)
        .await?
        .ok_or(Error::NotFound(id))?;
    let now = cards::of_conversation(tx, account, id).await?;
    let client = profiles::get(tx, by.scope, chat.id).await?;
    let change = Change {
        kind: ChangeKind::CardChanged,
        conversation: conversation.clone(),
        message: None,
        external_chat_id: chat.external_id,
        facts: Vec::new(),
        previous: Some(before),
        silent: false,
    };
    changes::append(tx, std::slice::from_ref(&change)).await?;
    Ok(Linked {
        conversation,
        sight: by.viewer.sight(&now),
        change,
        client,
    })
}

/// A card of one of these kinds that the caller may see.
async fn known(tx: &mut Tx, by: &By, id: Uuid, kinds: &[Kind]) -> Result<Option<Card>, Error> {
    let card = cards::get(tx, by.scope.account(), id).await?;
    Ok(card.filter(|card| kinds.contains(&card.kind) && by.viewer.may(Action::View, card)))
}

fn may_edit(by: &By, card: &Card) -> Result<(), Error> {
    if by.viewer.may(Action::Edit, card) {
        return Ok(());
    }
    let entity = match card.kind {
        Kind::Contact => Entity::Contacts,
        Kind::Company => Entity::Companies,
        Kind::Deal | Kind::Customer => Entity::Deals,
    };
    Err(Refusal::permission_missing(format_args!("{}.edit", entity.name())).into())
}
