//! Checks a connector: the hub is ours, and so is the other side of the channel.

mod bench;
mod cases;

use std::time::Instant;

use futures::future::BoxFuture;

use crate::channel::Channel;
use crate::hub::{Hub, Options};
use crate::report::{CaseReport, Failure, Report};
use crate::subject::Subject;

use bench::Bench;

/// A case: what the contract asks for, and how to see it.
struct Case {
    name: &'static str,
    expected: &'static str,
    run: for<'b> fn(&'b mut Bench) -> BoxFuture<'b, Result<(), Failure>>,
}

/// Names of all cases, in the order in which they run.
#[must_use]
pub fn names() -> Vec<&'static str> {
    cases::all().iter().map(|case| case.name).collect()
}

/// Checks a connector by the cases of these names, or by all; `told` hears of each as it ends.
///
/// # Errors
/// When the hub's address is taken, or the connector cannot be started.
pub async fn check(
    options: Options,
    channel: Box<dyn Channel>,
    subject: Box<dyn Subject>,
    only: &[String],
    told: impl Fn(&CaseReport),
) -> std::io::Result<Report> {
    let hub = Hub::start(options).await?;
    check_at(hub, channel, subject, only, told).await
}

/// The same at a hub that was started before: its address and its key may have to be told to the connector by hand.
///
/// # Errors
/// When the connector cannot be started.
pub async fn check_at(
    hub: Hub,
    channel: Box<dyn Channel>,
    subject: Box<dyn Subject>,
    only: &[String],
    told: impl Fn(&CaseReport),
) -> std::io::Result<Report> {
    let key = hub.options().connector_key.clone();
    let mut bench = Bench::new(hub, channel, subject).await?;
    let mut cases = Vec::new();
    let wanted = |case: &Case| only.is_empty() || only.iter().any(|name| name == case.name);
    for case in cases::all().into_iter().filter(wanted) {
        let begun = Instant::now();
        let outcome = (case.run)(&mut bench).await;
        let offences = bench.calm_down(outcome.is_err()).await;
        let report = CaseReport::new(case.name, case.expected, outcome, offences, begun.elapsed());
        told(&report);
        cases.push(report);
    }
    bench.end().await;
    Ok(Report {
        subject: format!("connector {key:?}"),
        cases,
    })
}
