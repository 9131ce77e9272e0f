//! The audit log.

use std::sync::Arc;

use api::identity::v1::audit_service_server::AuditService;
use api::identity::v1::{ListAuditEntriesRequest, ListAuditEntriesResponse};
use auth::Permission;
use kit::page::{PageToken, page_size};
use tonic::{Request, Response, Status};
use types::AuditEntryId;

use super::{PAGE, answer, split, wire};
use crate::Error;
use crate::core::Core;
use crate::store::audit;

const METHOD: &str = "ListAuditEntries";

/// `AuditService`.
pub struct Audit(pub Arc<Core>);

#[tonic::async_trait]
impl AuditService for Audit {
    async fn list_audit_entries(
        &self,
        request: Request<ListAuditEntriesRequest>,
    ) -> Result<Response<ListAuditEntriesResponse>, Status> {
        answer(list(&self.0, request).await)
    }
}

async fn list(
    core: &Core,
    request: Request<ListAuditEntriesRequest>,
) -> Result<ListAuditEntriesResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::SettingsRead)?;
    let account = scope.account();
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let before: Option<AuditEntryId> = PageToken {
        method: METHOD,
        account,
    }
    .decode(&(), &request.page_token)?;
    let found = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { audit::list(tx, account, before, size + 1).await })
        })
        .await?;
    let page = wire::page(found, size, (METHOD, account), &(), |entry| entry.id);
    let entries = page.items.into_iter().map(Into::into).collect();
    Ok(ListAuditEntriesResponse {
        entries,
        next_page_token: page.next,
    })
}
