//! The cabinet's connection in conversations: made when the cabinet is first switched on, with the administrator's own token.

use api::conversations::v1::{Connection, ConversationMode, CreateConnectionRequest};
use api::error::v1::ErrorReason;
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::refusal::reason_of;
use tonic::Status;
use types::ConnectionId;

use super::names::on_behalf;
use crate::domain::settings::Cabinet;
use crate::hub::CONNECTOR_KEY;
use crate::state::Parts;
use crate::store::cabinets;

/// Makes the connection where there is none. Doing it again gives the same one.
pub(super) async fn ensure(
    state: &Parts,
    caller: &Caller,
    scope: AccountScope,
    cabinet: &Cabinet,
) -> Result<(), Refusal> {
    if cabinet.connection.is_some() {
        return Ok(());
    }
    let request = CreateConnectionRequest {
        connection: Some(Connection {
            connector_key: CONNECTOR_KEY.to_owned(),
            title: title(kit::language::current()).to_owned(),
            conversation_mode: ConversationMode::OneActive.into(),
            enabled: true,
            external_id: cabinet.id.to_string(),
            ..Connection::default()
        }),
        request_id: cabinet.id.uuid().to_string(),
    };
    let request = on_behalf(caller, request)?;
    let reply = state.connections.clone().create_connection(request).await;
    let made = reply.map_err(refused)?.into_inner().connection;
    let id: Option<ConnectionId> = made.and_then(|made| made.id.parse().ok());
    let id = id.ok_or_else(|| {
        Refusal::internal(anyhow::anyhow!(
            "conversations made a connection without an id"
        ))
    })?;
    let linked = state.db.tx(scope, move |tx| {
        Box::pin(async move { cabinets::link(tx, scope.account(), id).await })
    });
    Ok(linked.await?)
}

fn title(language: types::Language) -> &'static str {
    match language {
        types::Language::Ru => "Личный кабинет",
        types::Language::Es => "Área de cliente",
        types::Language::En => "Client area",
    }
}

fn refused(status: Status) -> Refusal {
    match reason_of(&status) {
        Some(ErrorReason::ScopeMissing) => Refusal::scope_missing("settings.write"),
        Some(ErrorReason::ImboxDisabled) => Refusal::imbox_disabled(),
        // We may not have told the hub yet that we are here: a matter of seconds.
        _ => Refusal::service_unavailable(status),
    }
}
