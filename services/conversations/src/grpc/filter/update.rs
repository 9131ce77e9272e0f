//! UpdateFilter.

use api::conversations::v1::{SavedFilter, UpdateFilterRequest, UpdateFilterResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use prost::Message as _;
use tonic::Request;
use types::FilterId;
use uuid::Uuid;

use super::{Filters, MAX_NAME, check, filter_id, shown, tree};
use crate::domain::filter::Node;
use crate::grpc::conversation::Error;
use crate::grpc::{By, caller_id, seeing};
use crate::store::filters;
use crate::wire;

/// What to change; `None` leaves it as it is.
#[derive(Debug, Default)]
struct Change {
    etag: String,
    name: Option<String>,
    /// The tree as it is kept, and as it works.
    filter: Option<(Vec<u8>, Node)>,
}

pub(super) async fn update(
    service: &Filters,
    request: Request<UpdateFilterRequest>,
) -> Result<UpdateFilterResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require(Permission::InboxRead)?;
    let request = request.into_inner();
    let given = request.filter.unwrap_or_default();
    let id = filter_id("filter.id", &given.id)?;
    let mask = request.update_mask.map(|mask| mask.paths);
    let change = parse(&given, &mask.unwrap_or_default())?;
    let owner = caller_id(&caller);
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { apply(tx, &by, owner, id, change).await })
    });
    Ok(UpdateFilterResponse {
        filter: Some(done.await?),
    })
}

fn parse(given: &SavedFilter, paths: &[String]) -> Result<Change, Refusal> {
    let mut fields = Fields::new();
    let mut change = Change {
        etag: given.etag.clone(),
        ..Change::default()
    };
    let set = [
        ("name", !given.name.is_empty()),
        ("filter", given.filter.is_some()),
    ];
    let set = set.iter().filter(|(_, is_set)| *is_set);
    let paths: Vec<&str> = match paths.is_empty() {
        true => set.map(|(path, _)| *path).collect(),
        false => paths.iter().map(|path| &path[..]).collect(),
    };
    for path in paths {
        match path {
            "name" => change.name = Some(fields.line("filter.name", &given.name, 1..=MAX_NAME)),
            "filter" => {
                let filter = given.filter.clone().unwrap_or_default();
                let node = tree::parse(&mut fields, "filter.filter", &filter)?;
                change.filter = Some((filter.encode_to_vec(), node));
            }
            _ => fields.reject(
                "update_mask",
                format!("cannot name \"{path}\": of name, filter"),
            ),
        }
    }
    fields.finish()?;
    Ok(change)
}

async fn apply(
    tx: &mut Tx,
    by: &By,
    owner: Uuid,
    id: FilterId,
    change: Change,
) -> Result<SavedFilter, Error> {
    let before = filters::lock(tx, by.scope, owner, id).await?;
    let before = before.ok_or_else(|| Refusal::filter_not_found(id))?;
    if !change.etag.is_empty() && change.etag != wire::etag(before.version) {
        return Err(Error::Changed);
    }
    let mut after = before.clone();
    if let Some(name) = change.name {
        after.name = name;
    }
    if let Some((filter, node)) = change.filter {
        check(tx, by, &node).await?;
        after.filter = filter;
    }
    if after != before {
        after.version += 1;
        filters::update(tx, by.scope, owner, &after).await?;
    }
    shown(tx, by, &after).await
}
