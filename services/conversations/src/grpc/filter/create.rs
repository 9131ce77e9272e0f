//! CreateFilter.

use api::conversations::v1::{CreateFilterRequest, CreateFilterResponse, FilterNode};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use pg::idempotency::{self, Call};
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
    call: Option<Call>,
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
    let (owner, account) = (caller_id(&caller), caller.scope()?.account());
    let call = request_id.map(|request_id| Call {
        account,
        caller: owner,
        method: "CreateFilter",
        request_id,
        hash: kit::secrets::sha256(&given.encode_to_vec()),
    });
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
        call,
    };
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { store(tx, &by, new).await })
    });
    done.await
}

async fn store(tx: &mut Tx, by: &By, new: New) -> Result<CreateFilterResponse, Error> {
    if let Some(call) = &new.call {
        let known = idempotency::begin(tx, call).await?;
        let decode = |bytes: &[u8]| CreateFilterResponse::decode(bytes).ok();
        if let Some(answer) = known.answer(call, decode)? {
            return Ok(answer);
        }
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
    if let Some(call) = &new.call {
        idempotency::record(tx, call, answer.encode_to_vec()).await?;
    }
    Ok(answer)
}
