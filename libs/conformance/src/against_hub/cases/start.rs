//! Being known, and being told.

use api::connector::v1::watch_connections_response::Event;
use api::connector::v1::{
    ConnectorManifest, HealthReport, RegisterConnectorRequest, ReportHealthRequest,
    WatchConnectionsRequest, WatchConnectionsResponse,
};
use api::conversations::v1::{ConnectionState, GetConnectionRequest};
use api::error::v1::ErrorReason;
use tonic::{Code, Request, Status, Streaming};

use super::super::player::Player;
use crate::report::{Failure, ensure};

/// It was refused, with this code and reason.
pub fn refused<T>(
    outcome: Result<T, Status>,
    code: Code,
    reason: ErrorReason,
) -> Result<(), Failure> {
    let Err(status) = outcome else {
        return Err(Failure::unmet(format!(
            "it was taken, not refused with {}",
            kit::refusal::name(reason)
        )));
    };
    let is_so = status.code() == code && kit::refusal::reason_of(&status) == Some(reason);
    if is_so {
        return Ok(());
    }
    Err(status.into())
}

pub async fn registers(player: &Player) -> Result<(), Failure> {
    player.register(player.manifest()).await?;
    let broken = ConnectorManifest {
        settings_schema: r#"{"type": 7}"#.to_owned(),
        ..player.manifest()
    };
    let outcome = player.register(broken).await;
    refused(outcome, Code::InvalidArgument, ErrorReason::FieldInvalid)
}

pub async fn strangers(player: &Player) -> Result<(), Failure> {
    let manifest = Some(player.manifest());
    let nobody = Request::new(RegisterConnectorRequest { manifest });
    let outcome = player.hub().register_connector(nobody).await;
    refused(outcome, Code::Unauthenticated, ErrorReason::TokenMissing)?;
    let foreign = ConnectorManifest {
        key: format!("{}-other", player.key()),
        ..player.manifest()
    };
    let outcome = player.register(foreign).await;
    refused(outcome, Code::PermissionDenied, ErrorReason::ScopeMissing)
}

async fn next(news: &mut Streaming<WatchConnectionsResponse>) -> Result<Event, Failure> {
    while let Some(step) = news.message().await? {
        match step.event {
            Some(Event::Heartbeat(_)) | None => {}
            Some(event) => return Ok(event),
        }
    }
    Err(Failure::unmet("the stream of connections ended"))
}

pub async fn connections(player: &Player) -> Result<(), Failure> {
    let connector_key = player.key();
    let request = player.with(WatchConnectionsRequest { connector_key });
    let mut news = player.hub().watch_connections(request).await?.into_inner();
    let watching = async {
        let mut is_told = false;
        loop {
            match next(&mut news).await? {
                Event::Connection(it) => is_told |= it.id == player.connection && it.enabled,
                Event::Synced(_) => break,
                Event::Heartbeat(_) => {}
            }
        }
        ensure(is_told, || "Synced came before the connection".to_owned())?;
        player.switch(false).await?;
        loop {
            match next(&mut news).await? {
                Event::Connection(it) if it.id == player.connection && !it.enabled => return Ok(()),
                _ => {}
            }
        }
    };
    let patience = player.options.patience;
    let watched = tokio::time::timeout(patience, watching).await;
    player.switch(true).await?;
    watched.unwrap_or_else(|_| Err(Failure::unmet("the change was not told")))
}

pub async fn health(player: &Player) -> Result<(), Failure> {
    for (state, text) in [
        (ConnectionState::Broken, "The token was revoked."),
        (ConnectionState::Working, ""),
    ] {
        let report = HealthReport {
            connection_id: player.connection.clone(),
            state: state.into(),
            text: text.to_owned(),
        };
        let request = player.with(ReportHealthRequest {
            connector_key: player.key(),
            reports: vec![report],
        });
        player.hub().report_health(request).await?;
        let request = player.with(GetConnectionRequest {
            connection_id: player.connection.clone(),
        });
        let shown = player
            .connections()
            .get_connection(request)
            .await?
            .into_inner();
        let health = shown
            .connection
            .and_then(|it| it.health)
            .unwrap_or_default();
        ensure(health.state() == state && health.text == text, || {
            format!(
                "administrators read {} {:?}",
                health.state().as_str_name(),
                health.text
            )
        })?;
    }
    Ok(())
}
