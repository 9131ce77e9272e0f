//! CreateFilter.

use api::conversations::v1::{CreateFilterRequest, CreateFilterResponse, FilterNode};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use pg::idempotency::{Once, hash};
use prost::Message as _;
use tonic::Request;
use types::FilterId;
use uuid::Uuid;

use super::{Filters, MAX_NAME, MOST, check, shown, tree};
use crate::domain::filter::Node;
use crate::grpc::conversation::Error;
use crate::grpc::{By, caller_id, seeing};
use crate::store::filters::{self, Saved};

/// A filter that is to be saved.
struct New {
    saved: Saved,
    node: Node,
    owner: Uuid,
    once: Once,
}

pub(super) async fn create(
    service: &Filters,
    request: Request<CreateFilterRequest>,
) -> Result<CreateFilterResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require(Permission::InboxRead)?;
    let request = request.into_inner();
    let mut fields = Fields::new();
    let given = request.filter.clone().unwrap_or_default();
    let name = fields.line("filter.name", &given.name, 1..=MAX_NAME);
    let filter: FilterNode = given.filter.clone().unwrap_or_default();
    let node = tree::parse(&mut fields, "filter.filter", &filter)?;
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    let owner = caller_id(&caller);
    let once = Once::new(&caller, "CreateFilter", request_id, hash(&given))?;
    let new = New {
        saved: Saved {
            id: FilterId::generate().uuid(),
            name,
            filter: filter.encode_to_vec(),
            version: 1,
            // As the database keeps it.
            create_time: service.clock.now().truncate_to_microsecond(),
        },
        node,
        owner,
        once,
    };
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { store(tx, &by, new).await })
    });
    done.await
}

async fn store(tx: &mut Tx, by: &By, new: New) -> Result<CreateFilterResponse, Error> {
    if let Some(answer) = new.once.answered(tx).await?? {
        return Ok(answer);
    }
    check(tx, by, &new.node).await?;
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    if filters::list(tx, by.scope, new.owner, None, most)
        .await?
        .len()
        >= MOST
    {
        return Err(Refusal::limit_reached(MOST).into());
    }
    filters::insert(tx, by.scope, new.owner, &new.saved).await?;
    let answer = CreateFilterResponse {
        filter: Some(shown(tx, by, &new.saved).await?),
    };
    new.once.keep(tx, &answer).await?;
    Ok(answer)
}
