//! GetConnection.

use api::conversations::v1::{GetConnectionRequest, GetConnectionResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::ConnectionId;

use super::{Connections, shown};
use crate::store::connections;

pub(super) async fn get(
    service: &Connections,
    request: Request<GetConnectionRequest>,
) -> Result<GetConnectionResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require(Permission::DirectoryRead)?;
    let scope = caller.scope()?;
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("connection_id", &request.get_ref().connection_id);
    fields.finish()?;
    let not_found = || Refusal::connection_not_found(&request.get_ref().connection_id);
    let id = id.ok_or_else(not_found)?;
    let found = service.db.tx(scope, move |tx| {
        Box::pin(async move { connections::get(tx, scope, id).await })
    });
    let connection = found.await.map_err(Refusal::from)?.ok_or_else(not_found)?;
    Ok(GetConnectionResponse {
        connection: Some(shown(&caller, &connection)),
    })
}
