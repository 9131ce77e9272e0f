//! ReportDeliveries: what became of many deliveries, in one transaction.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use api::connector::v1::{
    DeliveryOutcome, DeliveryReport, ReportDeliveriesRequest, ReportDeliveriesResponse,
    ReportResult,
};
use api::conversations::v1::ChangeKind;
use auth::{Caller, ConnectorScope};
use kit::Refusal;
use kit::validate::Fields;
use pg::{Error, Tx};
use time::OffsetDateTime;
use tonic::Request;
use types::DeliveryId;

use super::{Hub, rows_of};
use crate::changes::{self, Change, Touched};
use crate::domain::delivery::News;
use crate::domain::message::Status;
use crate::store::deliveries::{self, Locked};

/// Reports at once at most.
const MOST: usize = 500;

/// The longest pause that a connector may ask for.
const LONGEST_PAUSE_MS: i64 = 24 * 60 * 60 * 1_000;

/// How often reports that met another transaction are tried.
const TRIES: usize = 3;

pub(super) async fn report(
    hub: &Hub,
    request: Request<ReportDeliveriesRequest>,
) -> Result<ReportDeliveriesResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let ReportDeliveriesRequest {
        connector_key,
        reports,
    } = request.into_inner();
    let connector = caller.connector(&connector_key)?;
    if reports.is_empty() {
        return Err(Refusal::field("reports", "must have 1 to 500 reports"));
    }
    if reports.len() > MOST {
        return Err(Refusal::too_large(MOST));
    }
    let reports: Vec<Result<Report, Refusal>> = reports.iter().map(check).collect();
    let fitting: Vec<Report> = reports.iter().flatten().cloned().collect();
    let mut taken = store(hub, &connector, fitting).await?.into_iter();
    let result = |report: Result<Report, Refusal>| match report {
        Err(refusal) => refusal.reason_name(),
        Ok(_) if taken.next() == Some(true) => "",
        Ok(report) => Refusal::delivery_not_found(report.id).reason_name(),
    };
    let results = reports.into_iter().map(result).map(|reason| ReportResult {
        reason: reason.to_owned(),
    });
    Ok(ReportDeliveriesResponse {
        results: results.collect(),
    })
}

/// A report whose fields fit.
#[derive(Debug, Clone)]
struct Report {
    id: DeliveryId,
    lease_token: i64,
    external_message_id: String,
    news: News,
}

fn check(report: &DeliveryReport) -> Result<Report, Refusal> {
    let mut fields = Fields::new();
    let id = fields.id("delivery_id", &report.delivery_id);
    let external_message_id =
        fields.key("external_message_id", &report.external_message_id, 0..=200);
    let failure_text = fields.text("failure_text", &report.failure_text, 0..=500);
    if !(0..=LONGEST_PAUSE_MS).contains(&report.retry_after_ms) {
        fields.reject("retry_after_ms", "must be 0 to one day");
    }
    let pause = Duration::from_millis(report.retry_after_ms.unsigned_abs());
    let news = match fields.known("outcome", report.outcome) {
        Some(DeliveryOutcome::Sent) => Some(News::Sent),
        Some(DeliveryOutcome::Delivered) => Some(News::Delivered),
        Some(DeliveryOutcome::Read) => Some(News::Read),
        Some(DeliveryOutcome::Failed) => Some(News::Failed { why: failure_text }),
        Some(DeliveryOutcome::Retry) => Some(News::Retry { pause }),
        Some(DeliveryOutcome::Unknown) => Some(News::Unknown),
        Some(DeliveryOutcome::Sending) => Some(News::Sending),
        Some(DeliveryOutcome::Unspecified) => {
            fields.reject("outcome", "must be given");
            None
        }
        None => None,
    };
    fields.finish()?;
    // Both are there when no field was refused.
    let (Some(id), Some(news)) = (id, news) else {
        return Err(Refusal::field("outcome", "must be given"));
    };
    Ok(Report {
        id,
        lease_token: report.lease_token,
        external_message_id,
        news,
    })
}

/// Takes the reports in; true for each that was told by whoever has the delivery.
async fn store(
    hub: &Hub,
    connector: &ConnectorScope,
    reports: Vec<Report>,
) -> Result<Vec<bool>, Refusal> {
    if reports.is_empty() {
        return Ok(Vec::new());
    }
    let mut attempt = 1;
    let stored = loop {
        let (reports, connector, now) = (reports.clone(), connector.clone(), hub.clock.now());
        let rows = rows_of(&connector, "report deliveries");
        let stored = hub.db.tx(rows, move |tx| {
            Box::pin(async move { apply(tx, &connector, &reports, now).await })
        });
        match stored.await {
            Err(Error::Serialization) if attempt < TRIES => attempt += 1,
            stored => break stored.map_err(Refusal::from)?,
        }
    };
    hub.after.changed(stored.touched);
    // What is done or waits makes room: for the next message of the chat, and for others under the stream's limit.
    hub.after.queued(connector.key());
    Ok(stored.taken)
}

struct Stored {
    taken: Vec<bool>,
    touched: HashSet<Touched>,
}

async fn apply(
    tx: &mut Tx,
    connector: &ConnectorScope,
    reports: &[Report],
    now: OffsetDateTime,
) -> Result<Stored, Error> {
    let ids: Vec<DeliveryId> = reports.iter().map(|report| report.id).collect();
    let known = deliveries::find(tx, connector, &ids).await?;
    deliveries::lock_chats(tx, &known).await?;
    let before = deliveries::locked(tx, &known).await?;
    let mut after = before.clone();
    let taken = reports
        .iter()
        .map(|report| take(&mut after, report, now))
        .collect();
    let changed: Vec<Locked> = after
        .into_values()
        .filter(|delivery| before.get(&delivery.id) != Some(delivery))
        .collect();
    deliveries::store(tx, &before, &changed).await?;
    let changes = tell(tx, &before, &changed).await?;
    changes::append(tx, &changes).await?;
    Ok(Stored {
        taken,
        touched: changes.iter().map(Change::touched).collect(),
    })
}

/// Takes one report in; false when there is no such delivery, or the lease is another's.
fn take(
    deliveries: &mut HashMap<DeliveryId, Locked>,
    report: &Report,
    now: OffsetDateTime,
) -> bool {
    let Some(delivery) = deliveries.get_mut(&report.id) else {
        return false;
    };
    if delivery
        .progress
        .take(&report.news, report.lease_token, now)
        .is_err()
    {
        return false;
    }
    if !report.external_message_id.is_empty() {
        delivery
            .external_message_id
            .clone_from(&report.external_message_id);
    }
    delivery.settle();
    true
}

/// The changes of those messages of which something is new to employees.
pub(in crate::grpc) async fn tell(
    tx: &mut Tx,
    before: &HashMap<DeliveryId, Locked>,
    changed: &[Locked],
) -> Result<Vec<Change>, Error> {
    let is_news = |it: &&Locked| {
        before
            .get(&it.id)
            .is_none_or(|before| before.message != it.message)
    };
    let mut news: Vec<&Locked> = changed.iter().filter(is_news).collect();
    if news.is_empty() {
        return Ok(Vec::new());
    }
    news.sort_by_key(|it| (it.account, it.message.conversation, it.message.seq));
    let read: Vec<&Locked> = news
        .iter()
        .filter(|it| it.message.status == Some(Status::Read))
        .copied()
        .collect();
    deliveries::mark_read(tx, &read).await?;
    let conversations = deliveries::conversations_of(tx, &news).await?;
    let changes = news.into_iter().filter_map(|it| {
        Some(Change {
            kind: ChangeKind::MessageChanged,
            conversation: conversations.get(&it.message.conversation)?.clone(),
            message: Some(it.message.clone()),
            external_chat_id: it.external_chat_id.clone(),
            facts: Vec::new(),
            previous: None,
            silent: false,
        })
    });
    Ok(changes.collect())
}
