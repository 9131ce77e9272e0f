//! Faults under load. What is checked is what callers were promised, by [`integration_tests::check`]; how to run the long
//! form, and how the checker itself is checked, is in docs/fault-tests.md.

mod cancelled;
mod erasure;
mod redelivered;
mod rules;
mod services;
mod stores;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use integration_tests::load::{Plan, Scene};
use integration_tests::{Cluster, History, Seed, check, is_long};

/// What the long form lasts at least.
const LONG: Duration = Duration::from_secs(600);
/// And how many faults it has at least.
const LONG_FAULTS: usize = 100;

/// A load that takes a few seconds on two cores.
const LOAD: Plan = Plan {
    chats: 8,
    messages: 24,
    visitors: 3,
    visitor_messages: 12,
    faults: 0,
    cancelled: 0,
};

/// Every promise was kept.
#[track_caller]
fn assert_kept(history: &History) {
    let violations = check(history);
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for violation in &violations {
        let text = format!("{violation:?}");
        let kind = text.split('(').next().unwrap_or_default().to_owned();
        kinds.entry(kind).or_default().push(text);
    }
    let shown: Vec<String> = kinds
        .into_values()
        .map(|texts| {
            format!(
                "{} × {}",
                texts.len(),
                texts[..texts.len().min(3)].join(", ")
            )
        })
        .collect();
    assert!(
        violations.is_empty(),
        "{} violations in {} messages:\n{}",
        violations.len(),
        history.submissions.len(),
        shown.join("\n")
    );
}

/// A round of load with faults, once; in the long form again and again, each round with an account of its own.
async fn rounds(cluster: &Cluster, plan: Plan, mut fault: impl AsyncFnMut(&Scene, usize)) {
    let seed = Seed::take();
    let began = Instant::now();
    let mut faults = 0;
    for round in 0.. {
        let scene = Scene::prepare(cluster, &seed, &format!("round{round}"), plan).await;
        let history = scene
            .run(async |scene, number| fault(scene, number).await)
            .await;
        assert_kept(&history);
        assert!(
            !history.answers.is_empty() && !history.wire.is_empty(),
            "employees answered and the connector was given their answers"
        );
        faults += plan.faults;
        println!(
            "round {round}: {} messages, {faults} faults, {} calls repeated",
            history.listed.len(),
            scene.admin().retries()
        );
        if !is_long() || (began.elapsed() > LONG && faults >= LONG_FAULTS) {
            return;
        }
    }
}
