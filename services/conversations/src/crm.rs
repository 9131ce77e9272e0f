//! Cards of crm as somebody may see them: crm is asked on the caller's own behalf, and decides about every field.

mod contacts;

use std::time::Duration;

use api::conversations::v1::open_conversation_response::Card;
use api::crm::v1::contact_service_client::ContactServiceClient;
use api::crm::v1::customer_service_client::CustomerServiceClient;
use api::crm::v1::deal_service_client::DealServiceClient;
use api::crm::v1::{Contact, GetContactRequest, GetCustomerRequest, GetDealRequest};
use auth::Caller;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use types::{CustomerId, DealId};

use crate::domain::card::Sight;

pub use contacts::{Found, card_of, messenger_id};

/// How long crm may take: an opened conversation is shown without its card rather than late.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long it may take where nothing can be done without its answer.
const NEEDED: Duration = Duration::from_secs(5);

/// Reads cards. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CardReader {
    crm: Channel,
}

/// The cards of a conversation.
#[derive(Debug, Default)]
pub struct OpenCards {
    /// The client's contact.
    pub contact: Option<Contact>,
    /// The deal or customer.
    pub card: Option<Card>,
    /// Did crm fail to answer?
    pub unavailable: bool,
}

impl CardReader {
    /// Over a channel to crm.
    #[must_use]
    pub fn new(crm: Channel) -> Self {
        Self { crm }
    }

    /// The cards that a sight names, as far as crm shows them to the caller.
    pub async fn read(&self, caller: &Caller, sight: &Sight) -> OpenCards {
        let (contact, card) = tokio::join!(self.contact(caller, sight), self.card(caller, sight));
        let mut cards = OpenCards {
            unavailable: contact.is_err() || card.is_err(),
            ..OpenCards::default()
        };
        cards.contact = contact.ok().flatten();
        cards.card = card.ok().flatten();
        cards
    }

    async fn contact(&self, caller: &Caller, sight: &Sight) -> Result<Option<Contact>, Status> {
        let Some(id) = sight.contact_id else {
            return Ok(None);
        };
        let request = GetContactRequest {
            contact_id: id.to_string(),
        };
        let answer = ContactServiceClient::new(self.crm.clone())
            .get_contact(on_behalf_of(caller, request, DEADLINE))
            .await;
        Ok(shown(answer)?.and_then(|answer| answer.contact))
    }

    async fn card(&self, caller: &Caller, sight: &Sight) -> Result<Option<Card>, Status> {
        let Some(id) = &sight.card_id else {
            return Ok(None);
        };
        if id.parse::<DealId>().is_ok() {
            let request = GetDealRequest {
                deal_id: id.clone(),
            };
            let answer = DealServiceClient::new(self.crm.clone())
                .get_deal(on_behalf_of(caller, request, DEADLINE))
                .await;
            return Ok(shown(answer)?
                .and_then(|answer| answer.deal)
                .map(Card::Deal));
        }
        if id.parse::<CustomerId>().is_ok() {
            let request = GetCustomerRequest {
                customer_id: id.clone(),
            };
            let answer = CustomerServiceClient::new(self.crm.clone())
                .get_customer(on_behalf_of(caller, request, DEADLINE))
                .await;
            let customer = shown(answer)?.and_then(|answer| answer.customer);
            return Ok(customer.map(Card::Customer));
        }
        Ok(None)
    }
}

/// A request with the caller's own token.
fn on_behalf_of<T>(caller: &Caller, message: T, deadline: Duration) -> Request<T> {
    let mut metadata = MetadataMap::new();
    // A token that came in a header fits into one.
    if let Ok(value) = format!("Bearer {}", caller.bearer()).parse() {
        metadata.insert("authorization", value);
    }
    let mut request = Request::from_parts(metadata, tonic::Extensions::default(), message);
    request.set_timeout(deadline);
    request
}

/// What crm shows; a card that it does not show the caller is absent like one that is not there.
fn shown<T>(answer: Result<tonic::Response<T>, Status>) -> Result<Option<T>, Status> {
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) if matches!(status.code(), Code::NotFound | Code::PermissionDenied) => Ok(None),
        Err(status) => {
            tracing::warn!(code = ?status.code(), "crm did not answer; a conversation is opened without its card");
            Err(status)
        }
    }
}
