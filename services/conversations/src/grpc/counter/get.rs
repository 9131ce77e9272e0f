//! The counters as they are now.

use api::conversations::v1::{GetCountersRequest, GetCountersResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;

use super::{CounterReader, wire};
use crate::domain::counts::Counters;
use crate::grpc::conversation::Error;
use crate::grpc::seeing;
use crate::store::counts;

pub async fn get_counters(
    reader: &CounterReader,
    request: &Request<GetCountersRequest>,
) -> Result<GetCountersResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    reader.accounts.require_imbox(caller.scope()?).await?;
    let counters = seeing(&reader.db, &reader.rights, &caller, |tx, by| {
        Box::pin(async move {
            let counts = counts::of_account(tx, by.scope.account()).await?;
            Ok::<_, Error>(Counters::seen_by(&by.viewer, &counts))
        })
    });
    Ok(GetCountersResponse {
        counters: Some(wire(&counters.await?)),
    })
}
