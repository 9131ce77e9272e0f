//! The list of the CRM's employees (SYN-36).

use api::sync::v1::{
    ListEmployeesRequest, ListEmployeesResponse, SyncEmployeesRequest, SyncEmployeesResponse,
};
use kit::time::to_proto;
use tonic::Request;

use super::read::{existing, integration_id};
use crate::Error;
use crate::core::Core;
use crate::grpc::portals::connected;
use crate::grpc::{enter, wire};
use crate::jobs;
use crate::store::employees;

/// «Синхронизировать».
pub async fn synchronise(
    core: &Core,
    request: Request<SyncEmployeesRequest>,
) -> Result<SyncEmployeesResponse, Error> {
    let (by, request) = enter(request)?;
    let id = integration_id(&request.integration_id)?;
    let which = (id, existing(core, &by, id).await?.portal);
    if let Some(portal) = which.1 {
        connected(core, &by, portal).await?;
    }
    let (all, changed) = jobs::synchronise(core, by.scope.into(), by.account(), which).await?;
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Ok(SyncEmployeesResponse {
        employees: count(all),
        added: count(changed.added),
        removed: count(changed.removed),
        sync_time: Some(to_proto(core.clock.now())),
    })
}

/// The list.
pub async fn list(
    core: &Core,
    request: Request<ListEmployeesRequest>,
) -> Result<ListEmployeesResponse, Error> {
    let (by, request) = enter(request)?;
    let id = integration_id(&request.integration_id)?;
    let integration = existing(core, &by, id).await?;
    let account = by.account();
    let listed = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { employees::list(tx, account, id).await })
    });
    let listed: Vec<rules::Employee> = listed.await?;
    Ok(ListEmployeesResponse {
        employees: listed.iter().map(wire::employee).collect(),
        sync_time: integration.employee_sync_time.map(to_proto),
    })
}
