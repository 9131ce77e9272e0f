//! That a client has confirmed the erasure of their data, for the audit log.

use api::identity::internal::v1::{RecordErasureRequest, RecordErasureResponse};
use kit::time::from_proto;
use kit::validate::Fields;
use tonic::Request;
use types::{AccountId, ErasureId};
use uuid::Uuid;

use crate::Error;
use crate::core::Core;
use crate::domain::audit::{Actor, Changes, NewEntry};
use crate::grpc::split;
use crate::store::audit;

pub async fn record(
    core: &Core,
    request: Request<RecordErasureRequest>,
) -> Result<RecordErasureResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_service()?;
    let mut fields = Fields::new();
    let mut id = |field: &str, bytes: &[u8]| {
        Uuid::from_slice(bytes).unwrap_or_else(|_| {
            fields.reject(field, "must be sixteen bytes");
            Uuid::nil()
        })
    };
    let account = AccountId::from(id("account_id", &request.account_id));
    let erasure = ErasureId::from(id("erasure_id", &request.erasure_id));
    let time = request.confirm_time.as_ref().and_then(from_proto);
    if time.is_none() {
        fields.reject("confirm_time", "must be a time");
    }
    fields.finish()?;
    let scope = caller.service_scope(account)?;
    let entry = NewEntry {
        actor: Actor::Client,
        action: "client.erase",
        target: erasure.to_string(),
        changes: Changes::new(),
        // Without a time the request was refused.
        time: time.unwrap_or_else(|| core.clock.now()),
    };
    core.db
        .tx(scope, move |tx| {
            Box::pin(async move { audit::insert_once(tx, account, erasure.uuid(), entry).await })
        })
        .await?;
    Ok(RecordErasureResponse {})
}
