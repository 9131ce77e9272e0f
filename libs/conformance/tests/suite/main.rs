//! The program itself: a sound connector passes every case, and each defect is found by the case that is for it.

mod connector;
mod paper;

use std::time::Duration;

use conformance::{Options, Report, Verdict};

use connector::{Defect, Plain};
use paper::Paper;

async fn check(defect: Option<Defect>, only: &[&str]) -> Report {
    let paper = Paper::default();
    let plain = Plain::new(paper.clone(), defect);
    let options = Options {
        patience: Duration::from_secs(if defect.is_some() { 4 } else { 20 }),
        quiet: Duration::from_millis(400),
        ..Options::new(connector::KEY, serde_json::Map::new())
    };
    let only: Vec<String> = only.iter().map(|it| (*it).to_owned()).collect();
    let checked =
        conformance::connector::check(options, Box::new(paper), Box::new(plain), &only, |_| {});
    checked.await.expect("started")
}

#[tokio::test]
async fn a_sound_connector_passes_every_case() {
    let report = check(None, &[]).await;
    assert_eq!(
        report.count(Verdict::Passed),
        report.cases.len(),
        "{report}"
    );
    assert_eq!(report.cases.len(), conformance::connector::names().len());
}

/// Runs the case that is for the defect; `told` is a part of what the report says.
async fn is_found(defect: Defect, case: &str, told: &str) {
    let report = check(Some(defect), &[case]).await;
    let came = report.cases[0].came.join("\n");
    assert!(
        !report.passed() && came.contains(told),
        "{defect:?}: {report}"
    );
}

#[tokio::test]
async fn defects_of_what_is_brought_are_found() {
    is_found(Defect::NewIds, "lost-answer", "again").await;
    is_found(
        Defect::Forgets,
        "hub-cannot-store",
        "messages of clients were brought",
    )
    .await;
    is_found(Defect::Hammers, "back-pressure", "times in 3 seconds").await;
    is_found(Defect::Clings, "refused-event", "it is never taken").await;
    is_found(Defect::Overtakes, "hub-cannot-store", "a client wrote").await;
    is_found(Defect::DropsUnknown, "unknown-kind", "unsupported_kind").await;
    is_found(Defect::HalfFiles, "files-in", "came without its file").await;
}

#[tokio::test]
async fn defects_of_what_is_sent_are_found() {
    is_found(Defect::Unannounced, "sends", "SENT without SENDING").await;
    is_found(Defect::Unfenced, "lost-lease", "the client got").await;
    is_found(Defect::SendsAgain, "handed-out-twice", "the client got").await;
    is_found(
        Defect::TellsOnce,
        "lost-report",
        "the report whose answer was lost",
    )
    .await;
    is_found(Defect::OneByOne, "blocked-chat", "how the delivery ended").await;
    is_found(Defect::Trusting, "channel-loses-answer", "the client got").await;
    is_found(Defect::HalfFiles, "files-out", "half a file").await;
    is_found(Defect::Restless, "switched-off", "switched off").await;
    is_found(Defect::NoHealth, "tells-health", "ReportHealth").await;
}
