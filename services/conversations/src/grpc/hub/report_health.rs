//! ReportHealth.

use api::connector::v1::{HealthReport, ReportHealthRequest, ReportHealthResponse};
use api::conversations::v1::ConnectionState;
use auth::Caller;
use kit::Refusal;
use kit::validate::Fields;
use time::OffsetDateTime;
use tonic::Request;
use types::ConnectionId;

use super::{Hub, rows_of};
use crate::changes::health_changed;
use crate::domain::connection::{Health, State};
use crate::store::connections;

/// Reports at once at most.
const MOST: usize = 100;

pub(super) async fn report(
    hub: &Hub,
    request: Request<ReportHealthRequest>,
) -> Result<ReportHealthResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let ReportHealthRequest {
        connector_key,
        reports,
    } = request.into_inner();
    let connector = caller.connector(&connector_key)?;
    if reports.is_empty() {
        return Err(Refusal::field("reports", "must have 1 to 100 reports"));
    }
    if reports.len() > MOST {
        return Err(Refusal::too_large(MOST));
    }
    let mut fields = Fields::new();
    let now = hub.clock.now();
    let told: Vec<_> = reports
        .iter()
        .filter_map(|report| check(&mut fields, report, now))
        .collect();
    fields.finish()?;
    let rows = rows_of(&connector, "report health");
    let stored = hub.db.tx(rows, move |tx| {
        Box::pin(async move {
            let news = connections::store_health(tx, &connector, &told).await?;
            let events: Vec<_> = news.iter().map(health_changed).collect();
            events::append(tx, &events).await
        })
    });
    let told = stored
        .await
        .map_err(|error: pg::Error| Refusal::from(error))?;
    if !told.is_empty() {
        hub.after.changed([]);
    }
    Ok(ReportHealthResponse {})
}

fn check(
    fields: &mut Fields,
    report: &HealthReport,
    now: OffsetDateTime,
) -> Option<(ConnectionId, Health)> {
    let id = fields.id("reports.connection_id", &report.connection_id);
    let text = fields.text("reports.text", &report.text, 0..=500);
    let state = match fields.known("reports.state", report.state) {
        Some(ConnectionState::Working) => Some(State::Working),
        Some(ConnectionState::Disturbed) => Some(State::Disturbed),
        Some(ConnectionState::Broken) => Some(State::Broken),
        Some(ConnectionState::Unspecified) => {
            fields.reject("reports.state", "must be given");
            None
        }
        None => None,
    };
    let since = now.truncate_to_microsecond();
    let health = state.map(|state| Health { state, text, since });
    id.zip(health)
}
