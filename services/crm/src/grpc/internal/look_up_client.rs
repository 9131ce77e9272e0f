//! LookUpClient: what rules know of a client who wrote.

use api::crm::internal::v1::{CardChanged, LookUpClientRequest, LookUpClientResponse};
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{ContactId, ConversationId};

use super::{messenger, optional_id, scope};
use crate::Error;
use crate::changes::events::{Fate, card_news};
use crate::changes::rules::{Client, contact_of, deals_of};
use crate::core::{By, Core};
use crate::domain::card::Card;
use crate::domain::ids::CardId;
use crate::domain::timeline::Author;
use crate::store::{cards, tasks, unsorted};
use types::phone;

/// How many records of a conversation are looked at.
const RECORDS: i64 = 20;

/// A question whose fields fit.
struct Question {
    client: Client,
    integration: String,
    conversation: Option<ConversationId>,
}

pub(super) async fn look_up(
    core: &Core,
    request: Request<LookUpClientRequest>,
) -> Result<LookUpClientResponse, Error> {
    let scope = scope(&request, |request| &request.account_id)?;
    let question = question(request.get_ref())?;
    core.serve(scope, Author::default(), move |tx, by| {
        Box::pin(async move { known(tx, &by, question).await })
    })
    .await
}

fn question(request: &LookUpClientRequest) -> Result<Question, Error> {
    let mut fields = Fields::new();
    let client = Client {
        contact: optional_id(&mut fields, "contact_id", &request.contact_id),
        messenger: messenger(&mut fields, "messenger", request.messenger.as_ref()),
        phone: phone::normalised(&request.phone),
    };
    let question = Question {
        client,
        integration: fields.key("integration_key", &request.integration_key, 0..=64),
        conversation: optional_id(&mut fields, "conversation_id", &request.conversation_id),
    };
    fields.finish()?;
    Ok(question)
}

async fn known(tx: &mut Tx, by: &By, question: Question) -> Result<LookUpClientResponse, Error> {
    let mut answer = LookUpClientResponse::default();
    let deal = match question.conversation {
        Some(conversation) => records(tx, by, conversation, &mut answer).await?,
        None => None,
    };
    let contact = match contact_of(tx, by, question.client).await? {
        Some(contact) => Some(contact),
        None => main_contact(tx, by, deal).await?,
    };
    let Some(contact) = contact else {
        return Ok(answer);
    };
    let deals = deals_of(tx, by, ContactId::from(contact.id.uuid())).await?;
    if !question.integration.is_empty() {
        let of: Vec<CardId> = deals
            .iter()
            .map(|deal| deal.id)
            .chain([contact.id])
            .collect();
        answer.open_task = tasks::any_open(tx, by.account, &of, &question.integration).await?;
    }
    let open = deals.iter().filter(|deal| is_open(deal));
    answer.open_deals = open.map(|deal| news(by, deal)).collect();
    answer.contact = Some(news(by, &contact));
    Ok(answer)
}

/// Whose deal it is that a record became or was linked to: nobody knows the client otherwise.
async fn main_contact(tx: &mut Tx, by: &By, deal: Option<Card>) -> Result<Option<Card>, Error> {
    match deal.and_then(|deal| deal.main_contact) {
        Some(contact) => Ok(cards::get(tx, by.account, contact.into()).await?),
        None => Ok(None),
    }
}

/// What became of the records of the conversation; the deal of one.
async fn records(
    tx: &mut Tx,
    by: &By,
    conversation: ConversationId,
    answer: &mut LookUpClientResponse,
) -> Result<Option<Card>, Error> {
    let records = unsorted::of_conversation(tx, by.account, conversation, RECORDS).await?;
    answer.pending_record = records.iter().any(|record| record.decision.is_none());
    if let Some(deal) = records.iter().find_map(|record| record.deal()) {
        let deal = cards::get(tx, by.account, deal.into()).await?;
        answer.record_deal = deal.as_ref().map(|deal| news(by, deal));
        return Ok(deal);
    }
    Ok(None)
}

fn is_open(deal: &Card) -> bool {
    deal.place.is_some_and(|place| place.close_time.is_none())
}

fn news(by: &By, card: &Card) -> CardChanged {
    card_news(by.account, card, Fate::There)
}
