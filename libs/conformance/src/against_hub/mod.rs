//! Checks a hub: the connector is ours, and so are the employees who answer, by the public API.

mod cases;
mod player;

use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use crate::report::{CaseReport, Failure, Report};
use player::Player;

/// Which hub, and as whom.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its address, `http://host:port`.
    pub url: String,
    /// A key with the scopes `connector:<key>`, `inbox.read`, `inbox.write`, `settings.read` and `settings.write`.
    pub api_key: String,
    /// The connector's key. The hub will know it afterwards.
    pub connector_key: String,
    /// How long what is expected may take.
    pub patience: Duration,
}

/// A case: what the contract asks for, and how to see it.
struct Case {
    name: &'static str,
    expected: &'static str,
    run: for<'p> fn(&'p Player) -> BoxFuture<'p, Result<(), Failure>>,
}

/// Names of all cases, in the order in which they run.
#[must_use]
pub fn names() -> Vec<&'static str> {
    cases::all().iter().map(|case| case.name).collect()
}

/// Checks a hub by the cases of these names, or by all; `told` hears of each as it ends. A connection is made for it and switched
/// off at the end.
///
/// # Errors
/// When the hub cannot be reached, or the key may not do what is needed.
pub async fn check(
    options: Options,
    only: &[String],
    told: impl Fn(&CaseReport),
) -> Result<Report, Failure> {
    let subject = format!("hub {}", options.url);
    let player = Player::begin(options).await?;
    let mut reports = Vec::new();
    let wanted = |case: &Case| only.is_empty() || only.iter().any(|name| name == case.name);
    for case in cases::all().into_iter().filter(wanted) {
        let begun = Instant::now();
        let outcome = (case.run)(&player).await;
        let report = CaseReport::new(
            case.name,
            case.expected,
            outcome,
            Vec::new(),
            begun.elapsed(),
        );
        told(&report);
        reports.push(report);
        player.settle().await;
    }
    player.switch(false).await?;
    Ok(Report {
        subject,
        cases: reports,
    })
}
