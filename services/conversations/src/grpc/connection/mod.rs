//! `ConnectionService`: the account's connections. Everybody of the account may read, administrators change.

mod create;
mod get;
mod list;
mod list_connectors;
mod names;
pub(super) mod settings;
mod update;

use api::conversations::v1::connection_service_server::ConnectionService;
use api::conversations::v1::{
    CreateConnectionRequest, CreateConnectionResponse, GetConnectionRequest, GetConnectionResponse,
    ListConnectionsRequest, ListConnectionsResponse, ListConnectorsRequest, ListConnectorsResponse,
    UpdateConnectionRequest, UpdateConnectionResponse,
};
use auth::Caller;
use kit::secrets::MasterKey;
use pg::Db;
use tonic::{Request, Response, Status};
use types::Clock;

use crate::directory::Directory;

use crate::domain::connection::Connection;
use crate::wire;

pub(super) use names::connector_key;

/// The service.
#[derive(Debug)]
pub struct Connections {
    db: Db,
    directory: Directory,
    key: MasterKey,
    clock: Clock,
}

impl Connections {
    /// Over a database; changes count in `directory` at once, secrets are sealed with `key`.
    #[must_use]
    pub fn new(db: Db, directory: Directory, key: MasterKey, clock: Clock) -> Self {
        Self {
            db,
            directory,
            key,
            clock,
        }
    }
}

/// A connection as the caller may see it: settings and health are for those who may change them.
fn shown(caller: &Caller, connection: &Connection) -> api::conversations::v1::Connection {
    let mut shown = wire::connection(connection);
    if caller.require_administrator().is_err() {
        shown.settings = None;
        shown.secret_names.clear();
        shown.health = None;
    }
    shown
}

#[tonic::async_trait]
impl ConnectionService for Connections {
    async fn create_connection(
        &self,
        request: Request<CreateConnectionRequest>,
    ) -> Result<Response<CreateConnectionResponse>, Status> {
        Ok(Response::new(create::create(self, request).await?))
    }

    async fn get_connection(
        &self,
        request: Request<GetConnectionRequest>,
    ) -> Result<Response<GetConnectionResponse>, Status> {
        Ok(Response::new(get::get(self, request).await?))
    }

    async fn list_connections(
        &self,
        request: Request<ListConnectionsRequest>,
    ) -> Result<Response<ListConnectionsResponse>, Status> {
        Ok(Response::new(list::list(self, request).await?))
    }

    async fn list_connectors(
        &self,
        request: Request<ListConnectorsRequest>,
    ) -> Result<Response<ListConnectorsResponse>, Status> {
        Ok(Response::new(list_connectors::list(self, &request).await?))
    }

    async fn update_connection(
        &self,
        request: Request<UpdateConnectionRequest>,
    ) -> Result<Response<UpdateConnectionResponse>, Status> {
        Ok(Response::new(update::update(self, request).await?))
    }
}
