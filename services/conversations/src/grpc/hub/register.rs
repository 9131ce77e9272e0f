//! RegisterConnector.

use api::connector::v1::{ConnectorManifest, RegisterConnectorRequest, RegisterConnectorResponse};
use auth::Caller;
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;

use super::{Hub, rows_of};
use crate::grpc::connection::connector_key;
use crate::store::connections::{self, Manifest};

/// What 0 means.
const USUAL_TEXT_LENGTH: i32 = 4_096;

pub(super) async fn register(
    hub: &Hub,
    request: Request<RegisterConnectorRequest>,
) -> Result<RegisterConnectorResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let ConnectorManifest {
        key,
        title,
        max_text_length,
        reports_read,
    } = request.into_inner().manifest.unwrap_or_default();
    let connector = caller.connector(&key)?;
    let mut fields = Fields::new();
    connector_key(&mut fields, "manifest.key", &key);
    let title = fields.line("manifest.title", &title, 1..=200);
    if max_text_length < 0 {
        fields.reject("manifest.max_text_length", "must not be negative");
    }
    fields.finish()?;
    let max_text_length = if max_text_length == 0 {
        USUAL_TEXT_LENGTH
    } else {
        max_text_length
    };
    let manifest = Manifest {
        title,
        max_text_length,
        reports_read,
    };
    let rows = rows_of(&connector, "register a connector");
    let registered = hub.db.tx(rows, move |tx| {
        Box::pin(async move { connections::register(tx, &connector, &manifest).await })
    });
    registered.await.map_err(Refusal::from)?;
    Ok(RegisterConnectorResponse {})
}
