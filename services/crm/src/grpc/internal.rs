//! What other services ask.

use std::sync::Arc;

use api::crm::internal::v1::crm_internal_service_server::CrmInternalService;
use api::crm::internal::v1::find_card_by_value_request::Value as Wanted;
use api::crm::internal::v1::{
    FindCardByValueRequest, FindCardByValueResponse, FindContactsRequest, FindContactsResponse,
};
use auth::Caller;
use kit::Refusal;
use kit::validate::Fields;
use tonic::{Request, Response, Status};
use types::{AccountId, FieldId};
use uuid::Uuid;

use super::answer;
use crate::Error;
use crate::changes::events::card_kind;
use crate::core::Core;
use crate::domain::ending::{Of, SHORTEST, part_of_name};
use crate::domain::field::Value;
use crate::store::cards::by_value;
use crate::store::cards::endings::by_part;
use crate::store::fields;

/// `CrmInternalService`.
pub struct Internal(pub Arc<Core>);

#[tonic::async_trait]
impl CrmInternalService for Internal {
    async fn find_contacts(
        &self,
        request: Request<FindContactsRequest>,
    ) -> Result<Response<FindContactsResponse>, Status> {
        answer(find_contacts(&self.0, &request).await)
    }

    async fn find_card_by_value(
        &self,
        request: Request<FindCardByValueRequest>,
    ) -> Result<Response<FindCardByValueResponse>, Status> {
        answer(find_card_by_value(&self.0, &request).await)
    }
}

async fn find_contacts(
    core: &Core,
    request: &Request<FindContactsRequest>,
) -> Result<FindContactsResponse, Error> {
    let caller = Caller::of(request)?;
    caller.require_service()?;
    let request = request.get_ref();
    let account = Uuid::from_slice(&request.account_id)
        .map_err(|_| Refusal::field("account_id", "must be sixteen bytes"))?;
    let scope = caller.service_scope(AccountId::from(account))?;
    let (digits, name) = parts(request)?;
    let found = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            let mut response = FindContactsResponse::default();
            if let Some(digits) = digits {
                let (ids, more) = by_part(tx, account, Of::Phone, &digits).await?;
                response.by_digits = bytes(&ids);
                response.more |= more;
            }
            if let Some(name) = name {
                let (ids, more) = by_part(tx, account, Of::Messenger, &name).await?;
                response.by_name = bytes(&ids);
                response.more |= more;
            }
            Ok::<_, Error>(response)
        })
    });
    found.await
}

async fn find_card_by_value(
    core: &Core,
    request: &Request<FindCardByValueRequest>,
) -> Result<FindCardByValueResponse, Error> {
    let caller = Caller::of(request)?;
    caller.require_service()?;
    let request = request.get_ref();
    let sixteen = |field: &str, bytes: &[u8]| {
        Uuid::from_slice(bytes).map_err(|_| Refusal::field(field, "must be sixteen bytes"))
    };
    let scope = caller.service_scope(sixteen("account_id", &request.account_id)?.into())?;
    let field = FieldId::from(sixteen("field_id", &request.field_id)?);
    let value = match &request.value {
        Some(Wanted::Text(text)) => Value::Text(text.clone()),
        Some(Wanted::Number(number)) if number.is_finite() => Value::Number(*number),
        Some(Wanted::Number(_)) | None => {
            return Err(Refusal::field("value", "must be a text or a finite number").into());
        }
    };
    let found = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            if !fields::exists(tx, account, field).await? {
                return Err(Refusal::custom_field_not_found(field).into());
            }
            Ok::<_, Error>(by_value(tx, account, field, &value).await?)
        })
    });
    let Some(found) = found.await? else {
        return Ok(FindCardByValueResponse::default());
    };
    Ok(FindCardByValueResponse {
        card_id: found.card.as_bytes().to_vec(),
        contact_id: found
            .contact
            .map(|id| id.as_bytes().to_vec())
            .unwrap_or_default(),
        card_kind: card_kind(found.kind).into(),
        more: found.more,
    })
}

/// The parts that are asked for.
fn parts(request: &FindContactsRequest) -> Result<(Option<String>, Option<String>), Refusal> {
    let mut fields = Fields::new();
    let given = |text: &str| !text.is_empty();
    if given(&request.digits) && !request.digits.chars().all(|c| c.is_ascii_digit()) {
        fields.reject("digits", "must have digits only");
    }
    let digits =
        given(&request.digits).then(|| fields.text("digits", &request.digits, SHORTEST..=200));
    let name = given(&request.name).then(|| fields.text("name", &request.name, SHORTEST..=200));
    fields.finish()?;
    Ok((digits, name.map(|name| part_of_name(&name))))
}

fn bytes<'a>(ids: impl IntoIterator<Item = &'a Uuid>) -> Vec<Vec<u8>> {
    let ids = ids.into_iter();
    ids.map(|id| id.as_bytes().to_vec()).collect()
}
