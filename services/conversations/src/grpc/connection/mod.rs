//! `ConnectionService`: the account's connections. Everybody of the account may read, administrators change.

mod create;
mod get;
mod list;
mod settings;
mod update;

use api::conversations::v1::connection_service_server::ConnectionService;
use api::conversations::v1::{
    CreateConnectionRequest, CreateConnectionResponse, GetConnectionRequest, GetConnectionResponse,
    ListConnectionsRequest, ListConnectionsResponse, UpdateConnectionRequest,
    UpdateConnectionResponse,
};
use pg::Db;
use tonic::{Request, Response, Status};
use types::Clock;

use crate::directory::Directory;

pub(super) use settings::connector_key;

/// The service.
#[derive(Debug)]
pub struct Connections {
    db: Db,
    directory: Directory,
    clock: Clock,
}

impl Connections {
    /// Over a database; changes count in `directory` at once.
    #[must_use]
    pub fn new(db: Db, directory: Directory, clock: Clock) -> Self {
        Self {
            db,
            directory,
            clock,
        }
    }
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

    async fn update_connection(
        &self,
        request: Request<UpdateConnectionRequest>,
    ) -> Result<Response<UpdateConnectionResponse>, Status> {
        Ok(Response::new(update::update(self, request).await?))
    }
}
