//! Saved filters, a file an operation.

mod create;
mod delete;
mod get;
mod list;
pub mod references;
pub mod tree;
mod update;

use api::conversations::v1::filter_service_server::FilterService;
use api::conversations::v1::{
    CreateFilterRequest, CreateFilterResponse, DeleteFilterRequest, DeleteFilterResponse,
    FilterNode, GetFilterRequest, GetFilterResponse, ListFiltersRequest, ListFiltersResponse,
    SavedFilter, UpdateFilterRequest, UpdateFilterResponse,
};
use auth::AccountScope;
use kit::Refusal;
use kit::time::to_proto;
use kit::validate::Fields;
use pg::{Db, Tx};
use prost::Message as _;
use rights::RightsCopy;
use tonic::{Request, Response, Status};
use types::{Clock, FilterId};
use uuid::Uuid;

use crate::domain::filter::Node;
use crate::grpc::By;
use crate::grpc::conversation::Error;
use crate::store::connections;
use crate::store::filters::{self, Saved};
use crate::wire;

/// The most filters of a user.
const MOST: usize = 100;

/// The longest name, in characters.
const MAX_NAME: usize = 100;

/// `FilterService`.
#[derive(Debug, Clone)]
pub struct Filters {
    /// Database.
    pub db: Db,
    /// Who may what.
    pub rights: RightsCopy,
    /// The time.
    pub clock: Clock,
}

#[tonic::async_trait]
impl FilterService for Filters {
    async fn create_filter(
        &self,
        request: Request<CreateFilterRequest>,
    ) -> Result<Response<CreateFilterResponse>, Status> {
        Ok(Response::new(create::create(self, request).await?))
    }

    async fn get_filter(
        &self,
        request: Request<GetFilterRequest>,
    ) -> Result<Response<GetFilterResponse>, Status> {
        Ok(Response::new(get::get(self, request).await?))
    }

    async fn list_filters(
        &self,
        request: Request<ListFiltersRequest>,
    ) -> Result<Response<ListFiltersResponse>, Status> {
        Ok(Response::new(list::list(self, request).await?))
    }

    async fn update_filter(
        &self,
        request: Request<UpdateFilterRequest>,
    ) -> Result<Response<UpdateFilterResponse>, Status> {
        Ok(Response::new(update::update(self, request).await?))
    }

    async fn delete_filter(
        &self,
        request: Request<DeleteFilterRequest>,
    ) -> Result<Response<DeleteFilterResponse>, Status> {
        Ok(Response::new(delete::delete(self, request).await?))
    }
}

/// The id in a request.
fn filter_id(path: &str, text: &str) -> Result<FilterId, Refusal> {
    let mut fields = Fields::new();
    let id = fields.id(path, text);
    fields.finish()?;
    id.ok_or_else(|| Refusal::filter_not_found(text))
}

/// The tree of a filter that `owner` has saved.
///
/// # Errors
/// FILTER_NOT_FOUND, or when the database fails.
pub async fn saved(
    tx: &mut Tx,
    scope: AccountScope,
    owner: Uuid,
    id: FilterId,
) -> Result<Node, Error> {
    Ok(find(tx, scope, owner, id).await?.1)
}

/// The same with the filter as it is stored.
///
/// # Errors
/// As [`saved`].
pub async fn find(
    tx: &mut Tx,
    scope: AccountScope,
    owner: Uuid,
    id: FilterId,
) -> Result<(Saved, Node), Error> {
    let saved = filters::get(tx, scope, owner, id).await?;
    let saved = saved.ok_or_else(|| Refusal::filter_not_found(id))?;
    let (_, node) = tree_of(&saved)?;
    Ok((saved, node))
}

/// The tree of a saved filter, as it was given and as it works.
fn tree_of(saved: &Saved) -> Result<(FilterNode, Node), Refusal> {
    let mut fields = Fields::new();
    let given = FilterNode::decode(&saved.filter[..]).map_err(Refusal::internal)?;
    let node = tree::parse(&mut fields, "filter", &given)?;
    // It was checked before it was saved.
    fields.finish().map_err(|refusal| {
        Refusal::internal(anyhow::anyhow!("filter {}: {refusal:?}", saved.id))
    })?;
    Ok((given, node))
}

/// A saved filter as its owner sees it.
async fn shown(tx: &mut Tx, by: &By, saved: &Saved) -> Result<SavedFilter, Error> {
    let (filter, node) = tree_of(saved)?;
    let missing = references::missing(tx, by, &node.references()).await?;
    Ok(SavedFilter {
        id: FilterId::from(saved.id).to_string(),
        name: saved.name.clone(),
        filter: Some(filter),
        problems: missing.into_iter().map(references::problem).collect(),
        create_time: Some(to_proto(saved.create_time)),
        etag: wire::etag(saved.version),
    })
}

/// Refuses a filter that names what is not there.
async fn check(tx: &mut Tx, by: &By, node: &Node) -> Result<(), Error> {
    let missing = references::missing(tx, by, &node.references()).await?;
    if let Some(missing) = missing.into_iter().next() {
        return Err(references::refusal(missing).into());
    }
    for key in node.channels() {
        if connections::settings_schema(tx, by.scope, &key)
            .await?
            .is_none()
        {
            let problem = format!("names the channel \"{key}\", which is not known");
            return Err(Refusal::field("filter.filter", problem).into());
        }
    }
    Ok(())
}
