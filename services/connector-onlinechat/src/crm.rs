//! What the online chat asks crm: which field holds external IDs, and whose an external ID is.

use std::time::Duration;

use api::crm::internal::v1::CardKind as FoundKind;
use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use api::crm::internal::v1::find_card_by_value_request::Value;
use api::crm::internal::v1::{FindCardByValueRequest, FindCardByValueResponse};
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::{CardKind, Field as Known, FieldType, ListFieldsRequest};
use api::error::v1::ErrorReason;
use auth::{Caller, ServiceChannel, ServiceTokens};
use kit::Refusal;
use kit::refusal::reason_of;
use tonic::Request;
use tonic::transport::Channel;
use types::{AccountId, ContactId, CustomerId, DealId, FieldId};
use uuid::Uuid;

use crate::domain::external_id::{ExternalId, Field};
use crate::grpc::on_behalf;
use crate::grpc::status::{Failure, forwarded};

const DEADLINE: Duration = Duration::from_secs(5);
/// Fields on one page: an account has a few hundred at most.
const PAGE: i32 = 200;

/// crm. A clone is cheap and shares the connection.
#[derive(Clone)]
pub struct Crm {
    fields: FieldServiceClient<Channel>,
    cards: CrmInternalServiceClient<ServiceChannel>,
}

/// Whose an external ID is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Owner {
    /// "deal_…", "cust_…" or "con_…"; empty when no card has it.
    pub card: String,
    /// The contact that the card is or leads to.
    pub contact: Option<ContactId>,
    /// Other cards have it too.
    pub conflict: bool,
}

impl Crm {
    /// crm behind `channel`: callers' questions with their own tokens, our own with `tokens`.
    #[must_use]
    pub fn new(tokens: &ServiceTokens, channel: Channel) -> Self {
        Self {
            fields: FieldServiceClient::new(channel.clone()),
            cards: CrmInternalServiceClient::new(tokens.channel(channel)),
        }
    }

    /// The field with this id as one of external IDs, asked on the caller's own behalf.
    ///
    /// # Errors
    /// CUSTOM_FIELD_NOT_FOUND, EXTERNAL_ID_FIELD_UNSUITABLE (ONL-22), what crm refuses the caller, SERVICE_UNAVAILABLE.
    pub async fn external_field(&self, caller: &Caller, id: FieldId) -> Result<Field, Failure> {
        let mut request = ListFieldsRequest {
            page_size: PAGE,
            ..ListFieldsRequest::default()
        };
        loop {
            let asked = on_behalf(caller, request.clone())?;
            let page = self.fields.clone().list_fields(asked).await;
            let page = page.map_err(forwarded)?.into_inner();
            if let Some(known) = page.fields.iter().find(|it| it.id == id.to_string()) {
                return suitable(id, known)
                    .ok_or_else(|| Refusal::external_id_field_unsuitable(id).into());
            }
            if page.next_page_token.is_empty() {
                return Err(Refusal::custom_field_not_found(id).into());
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Whose an external ID is; `None` when the field is there no more.
    ///
    /// # Errors
    /// SERVICE_UNAVAILABLE.
    pub async fn owner(
        &self,
        account: AccountId,
        field: FieldId,
        id: &ExternalId,
    ) -> Result<Option<Owner>, Refusal> {
        let value = match id {
            ExternalId::Text(text) => Value::Text(text.clone()),
            ExternalId::Number(number) => Value::Number(*number),
        };
        let mut request = Request::new(FindCardByValueRequest {
            account_id: account.uuid().as_bytes().to_vec(),
            field_id: field.uuid().as_bytes().to_vec(),
            value: Some(value),
        });
        request.set_timeout(DEADLINE);
        match self.cards.clone().find_card_by_value(request).await {
            Ok(found) => Ok(Some(owner(&found.into_inner()))),
            Err(status) if reason_of(&status) == Some(ErrorReason::CustomFieldNotFound) => Ok(None),
            Err(status) => Err(Refusal::service_unavailable(status)),
        }
    }
}

/// Deals, customers and contacts; texts and numbers (ONL-21, ONL-22).
fn suitable(id: FieldId, known: &Known) -> Option<Field> {
    let on = matches!(
        known.card_kind(),
        CardKind::Deal | CardKind::Customer | CardKind::Contact
    );
    match known.r#type() {
        FieldType::Text if on => Some(Field { id, numeric: false }),
        FieldType::Number if on => Some(Field { id, numeric: true }),
        _ => None,
    }
}

fn owner(found: &FindCardByValueResponse) -> Owner {
    let Ok(card) = Uuid::from_slice(&found.card_id) else {
        return Owner::default();
    };
    let card = match found.card_kind() {
        FoundKind::Deal => DealId::from(card).to_string(),
        FoundKind::Customer => CustomerId::from(card).to_string(),
        FoundKind::Contact => ContactId::from(card).to_string(),
        // No field of theirs is ever chosen.
        FoundKind::Company | FoundKind::Unspecified => return Owner::default(),
    };
    let contact = Uuid::from_slice(&found.contact_id).ok();
    Owner {
        card,
        contact: contact.map(ContactId::from),
        conflict: found.more,
    }
}
