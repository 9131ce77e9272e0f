//! AttachConversation: whose contact writes, and in which deal, as rules have decided (SYN-08).

use api::conversations::internal::v1::{AttachConversationRequest, AttachConversationResponse};
use api::conversations::v1::ChangeKind;
use api::crm::internal::v1::CardChanged;
use auth::{AccountScope, Caller};
use kit::Refusal;
use pg::Tx;
use tonic::Request;
use types::{AccountId, ConversationId};

use super::{Internal, id};
use crate::changes::{self, Change};
use crate::consumers::card_of;
use crate::domain::card::{Card, Kind};
use crate::grpc::conversation::Error;
use crate::store::{cards, chats, conversations};

/// A card and its version.
type Told = (Card, i64);

pub(super) async fn attach(
    service: &Internal,
    request: Request<AttachConversationRequest>,
) -> Result<AttachConversationResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_service()?;
    let request = request.into_inner();
    let account: AccountId = id("account_id", &request.account_id)?.into();
    let scope = caller.service_scope(account)?;
    let conversation: ConversationId = id("conversation_id", &request.conversation_id)?.into();
    let contact = told("contact", request.contact, account, Kind::Contact)?;
    let deal = told("deal", request.deal, account, Kind::Deal)?;
    let change = service.db.tx(scope, move |tx| {
        Box::pin(async move { link(tx, scope, conversation, contact, deal).await })
    });
    let change: Option<Change> = change.await.map_err(|error: Error| Refusal::from(error))?;
    service.after.changed(change.iter().map(Change::touched));
    Ok(AttachConversationResponse {
        changed: change.is_some(),
    })
}

fn told(
    field: &str,
    card: Option<CardChanged>,
    account: AccountId,
    kind: Kind,
) -> Result<Option<Told>, Refusal> {
    let Some(card) = card else { return Ok(None) };
    let refused = |problem: String| Refusal::field(field, problem);
    if card.account_id != account.uuid().as_bytes() {
        return Err(refused("is another account's".to_owned()));
    }
    let version = card.version;
    let card = card_of(card).map_err(refused)?;
    if card.kind == kind {
        Ok(Some((card, version)))
    } else {
        Err(refused("is a card of another kind".to_owned()))
    }
}

async fn link(
    tx: &mut Tx,
    scope: AccountScope,
    id: ConversationId,
    contact: Option<Told>,
    deal: Option<Told>,
) -> Result<Option<Change>, Error> {
    let account = scope.account();
    let known = conversations::get(tx, scope, id).await?;
    let known = known.ok_or(Error::NotFound(id))?;
    let chat = chats::lock(tx, scope, known.chat).await?;
    let chat = chat.ok_or(Error::NotFound(id))?;
    let before = cards::of_conversation(tx, account, id).await?;
    let contact = kept(tx, account, contact).await?;
    let deal = kept(tx, account, deal).await?;
    let is_new = |was: &Option<Card>, card: &Card| was.as_ref().map(|was| was.id) != Some(card.id);
    let contact = contact.filter(|card| is_new(&before.contact, card));
    let deal = deal.filter(|card| is_new(&before.card, card));
    if contact.is_none() && deal.is_none() {
        return Ok(None);
    }
    if contact.is_some() {
        cards::link_chat(tx, account, chat.id, contact.as_ref()).await?;
    }
    if deal.is_some() {
        cards::link_conversation(tx, account, id, deal.as_ref()).await?;
    }
    let conversation = conversations::get(tx, scope, id).await?;
    let change = Change {
        kind: ChangeKind::CardChanged,
        conversation: conversation.ok_or(Error::NotFound(id))?,
        message: None,
        external_chat_id: chat.external_id,
        facts: Vec::new(),
        previous: Some(before),
        silent: false,
    };
    changes::append(tx, std::slice::from_ref(&change)).await?;
    Ok(Some(change))
}

/// The card as this service knows it. One that no event has told of yet is taken from the request; of one that it knows, crm's event
/// brings what is newer, and with it whatever else follows from that.
async fn kept(tx: &mut Tx, account: AccountId, told: Option<Told>) -> Result<Option<Card>, Error> {
    let Some((card, version)) = told else {
        return Ok(None);
    };
    let id = card.id;
    let is_new = !cards::is_known(tx, account, id).await?;
    if is_new {
        cards::keep(tx, account, &card, false, version).await?;
    }
    Ok(cards::get(tx, account, id).await?)
}
