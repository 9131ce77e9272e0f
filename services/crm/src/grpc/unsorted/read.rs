//! Reading records of Unsorted.

use access::Action;
use api::crm::v1::{
    GetUnsortedRecordRequest, GetUnsortedRecordResponse, ListUnsortedRecordsRequest,
    ListUnsortedRecordsResponse, UnsortedState,
};
use auth::Permission;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use tonic::Request;
use types::UnsortedId;

use crate::Error;
use crate::changes::unsorted::may;
use crate::core::Core;
use crate::domain::unsorted::State;
use crate::grpc::page::page;
use crate::grpc::{PAGE, enter};
use crate::store::unsorted;

const LIST: &str = "ListUnsortedRecords";

/// One record.
pub async fn get(
    core: &Core,
    request: Request<GetUnsortedRecordRequest>,
) -> Result<GetUnsortedRecordResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let mut fields = Fields::new();
    let id = fields.id::<UnsortedId>("record_id", &request.record_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(GetUnsortedRecordResponse::default());
    };
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            let record = unsorted::get(tx, by.account, id, false).await?;
            let record = record
                .filter(|_| may(&by, Action::View))
                .ok_or(Error::RecordNotFound(id))?;
            Ok(GetUnsortedRecordResponse {
                record: Some(record.into()),
            })
        })
    })
    .await
}

/// The records of a state, the newest first.
pub async fn list(
    core: &Core,
    request: Request<ListUnsortedRecordsRequest>,
) -> Result<ListUnsortedRecordsResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let account = caller.scope()?.account();
    let mut fields = Fields::new();
    let state = match fields.known("state", request.state) {
        Some(UnsortedState::Accepted) => State::Accepted,
        Some(UnsortedState::Linked) => State::Linked,
        Some(UnsortedState::Declined) => State::Declined,
        Some(UnsortedState::Pending | UnsortedState::Unspecified) | None => State::Pending,
    };
    fields.finish()?;
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let place = PageToken {
        method: LIST,
        account,
    };
    let before: Option<UnsortedId> = place.decode(&request.state, &request.page_token)?;
    let found = core.read(&caller, move |tx, by| {
        Box::pin(async move {
            if !may(&by, Action::View) {
                return Ok(Vec::new());
            }
            Ok(unsorted::list(tx, by.account, state, before, size + 1).await?)
        })
    });
    let page = page(
        found.await?,
        size,
        (LIST, account),
        &request.state,
        |record| record.id,
    );
    Ok(ListUnsortedRecordsResponse {
        records: page.items.into_iter().map(Into::into).collect(),
        next_page_token: page.next,
    })
}
