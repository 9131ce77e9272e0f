//! The few calls that a portal takes: shared by clients and replicas, and left alone when it says so. Time stands until it is moved, so
//! nothing here depends on how fast the machine is.

use std::time::Duration;

use api::sync::v1::{RerunRunRequest, RunState};

use super::fake::Trouble;
use super::office::{Office, Says, hello};

impl Office {
    /// Clients write at the same moment, each with a telephone number of their own where they have one.
    async fn rush(&self, clients: usize, has_phones: bool) {
        for client in 0..clients {
            let (id, phone) = (format!("client-{client}"), format!("+7916{client:07}"));
            let says = Says {
                phone: if has_phones { &phone } else { "" },
                ..hello(&id)
            };
            self.write(&says).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_keep_to_the_limit_together() {
    let (office, _) = Office::with_still_clock(|_| ()).await;
    office.start().await;
    office.start().await;
    let (before, since) = (office.fake.state().calls, office.clock.now());
    // Each is looked for by their number: a call that nobody shares.
    office.rush(20, true).await;
    office.settled(20).await;
    assert_eq!(office.made(), [20, 20, 20, 0]);
    let calls = office.fake.state().calls - before;
    assert!(calls >= 20 + 2, "{calls}");
    assert_eq!(office.fake.state().limited, 0, "{calls} calls");
    let least = Duration::from_secs(1).mul_f64((calls - 1) as f64 / 7.0);
    assert!(office.clock.now() - since >= least, "{calls} calls");
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_share_calls() {
    let (office, _) = Office::with_still_clock(|_| ()).await;
    let before = office.fake.state().writes.len();
    office.rush(60, false).await;
    office.settled(60).await;
    assert_eq!(office.made(), [60, 60, 60, 0]);
    let writes = office.fake.state().writes.len() - before;
    assert!(writes <= 30, "{writes} calls for 120 things");
    // Known clients are looked at together as well.
    let before = office.fake.state().calls;
    for client in 0..60 {
        office.write(&hello(&format!("client-{client}"))).await;
    }
    office.settled(120).await;
    assert_eq!(office.made(), [60, 60, 120, 0], "each has their deal");
    let calls = office.fake.state().calls - before;
    assert!(calls <= 60, "{calls} calls for 180 questions and things");
    office.fake.assert_nothing_wrong();
}

/// One whose name the portal does not take fails; the others do not.
async fn one_is_refused(is_curt: bool) {
    let (office, _) = Office::with_still_clock(|_| ()).await;
    {
        let mut state = office.fake.state();
        (state.unwanted, state.is_curt) = (Some("Нежеланный"), is_curt);
    }
    for client in 0..12 {
        let id = format!("client-{client}");
        let says = Says {
            name: if client == 5 {
                "Нежеланный"
            } else {
                "Иван"
            },
            ..hello(&id)
        };
        office.write(&says).await;
    }
    let runs = office.settled(12).await;
    let (failed, done): (Vec<_>, Vec<_>) = runs
        .into_iter()
        .partition(|run| run.state() == RunState::Failed);
    assert_eq!((failed.len(), done.len()), (1, 11));
    assert_eq!(failed[0].conversation_number, 6);
    assert!(failed[0].problem.contains("400"), "{failed:#?}");
    assert!(done.iter().all(|run| run.state() == RunState::Done));
    assert_eq!(office.made(), [11, 11, 11, 0]);
    // Once the portal takes the name the run can be tried again.
    office.fake.state().unwanted = None;
    let again = RerunRunRequest {
        run_id: failed[0].id.clone(),
    };
    let mut runs = office.run_service().await;
    runs.rerun_run(office.ask(again)).await.expect("again");
    let runs = office.settled(12).await;
    assert!(runs.iter().all(|run| run.state() == RunState::Done));
    assert_eq!(office.made(), [12, 12, 12, 0]);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_is_refused_fails_alone() {
    one_is_refused(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_does_not_say_whom_it_means_fails_nobody_else() {
    one_is_refused(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_call_without_an_answer_is_made_once_for_each() {
    let (office, _) = Office::with_still_clock(|_| ()).await;
    let troubles = [Trouble::Silent, Trouble::DoneStatus(502), Trouble::Lost];
    office.fake.trouble(&troubles);
    office.rush(12, false).await;
    office.settled(12).await;
    assert_eq!(office.made(), [12, 12, 12, 0]);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_replica_leaves_a_portal_alone_that_asks_for_it() {
    let (office, _) = Office::with_still_clock(|_| ()).await;
    office.start().await;
    office.start().await;
    office.fake.trouble(&[Trouble::RetryAfter(40)]);
    office.rush(6, false).await;
    while office.fake.state().troubles.front().is_some() {
        office.pass(Duration::from_millis(100)).await;
    }
    // Calls that had their turn before the portal said so are still made.
    office.pass(Duration::from_secs(2)).await;
    let calls = office.fake.state().calls;
    office.rush(6, false).await;
    office.pass(Duration::from_secs(34)).await;
    assert_eq!(office.fake.state().calls, calls, "nobody called meanwhile");
    office.settled(12).await;
    assert!(office.fake.state().calls > calls);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_downtime_loses_nothing_and_is_caught_up_in_order() {
    let (office, _) = Office::with_still_clock(|_| ()).await;
    office.start().await;
    office.fake.state().down = true;
    let before = office.fake.state().calls;
    // Three clients write three times each, spread over the hour.
    for _ in 0..3 {
        for client in ["ivan", "anna", "olga"] {
            office.write(&hello(client)).await;
            office.pass(Duration::from_secs(400)).await;
        }
    }
    let calls = office.fake.state().calls - before;
    assert_eq!((office.made(), office.jobs().await), ([0; 4], 9));
    // Pauses of 1, 2, 4 … seconds up to a minute, and one client at a time tries.
    assert!((30..=75).contains(&calls), "{calls} calls in an hour");
    office.fake.state().down = false;
    let since = office.clock.now();
    let runs = office.settled(9).await;
    let took = office.clock.now() - since;
    assert!(took < Duration::from_secs(120), "{took}");
    assert_eq!(office.made(), [3, 3, 9, 0]);
    for client in 0..3 {
        let own = runs
            .iter()
            .filter(|run| (run.conversation_number - 1) % 3 == client);
        let numbers: Vec<i64> = own.map(|run| run.conversation_number).collect();
        assert!(numbers.len() == 3 && numbers.is_sorted(), "{numbers:?}");
    }
    office.fake.assert_nothing_wrong();
}
