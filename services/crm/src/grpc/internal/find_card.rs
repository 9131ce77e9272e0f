//! The card that has a value in a field of the account's own.

use api::crm::internal::v1::find_card_by_value_request::Value as Wanted;
use api::crm::internal::v1::{FindCardByValueRequest, FindCardByValueResponse};
use auth::Caller;
use kit::Refusal;
use tonic::Request;
use types::FieldId;
use uuid::Uuid;

use crate::Error;
use crate::changes::events::card_kind;
use crate::core::Core;
use crate::domain::field::Value;
use crate::store::cards::by_value;
use crate::store::fields;

pub async fn find_card_by_value(
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
