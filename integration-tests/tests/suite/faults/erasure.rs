//! Erasures under faults: every process that carries a step out is killed right before and right after it, and in the middle of it.

mod client;
mod gate;
mod restore;

use integration_tests::Service;

use client::Company;
use gate::{Gate, Phase};

/// Who carries out the steps of erasing and of checking, in their order; the cabinet itself comes last.
const STORES: [(Service, &str); 4] = [
    (Service::Crm, "crm"),
    (Service::Conversations, "conversations"),
    (Service::OnlineChat, "onlinechat"),
    (Service::Sync, "sync"),
];

/// Of an erasure, as the cabinet's table numbers them.
const FINDING: i16 = 1;
const ERASING: i16 = 2;
const DONE: i16 = 4;

/// Who carries a step out beside the cabinet.
fn store(stage: i16, step: i16) -> Option<(Service, &'static str)> {
    let of = if stage == FINDING { 0 } else { step };
    STORES.get(usize::try_from(of).expect("a step")).copied()
}

/// Kills the cabinet and the store at once, lets what they left in the database go, and starts them again.
async fn kill_both(
    company: &Company,
    gate: &mut Gate,
    phase: Phase,
    store: Option<(Service, &str)>,
) {
    let cluster = &company.cluster;
    let kill_store = async {
        if let Some((store, _)) = store {
            cluster.kill(store).await;
        }
    };
    tokio::join!(cluster.kill(Service::Cabinet), kill_store);
    gate.let_pass(phase).await;
    if let Some((store, _)) = store {
        cluster.revive(store).await;
    }
    cluster.revive(Service::Cabinet).await;
}

/// Lets steps be taken until somebody waits there: one that fails, because what was killed is not there yet, is taken again.
async fn go_on(gate: &mut Gate, until: Phase) {
    while gate.wait_either(Phase::Before, until).await == Phase::Before {
        gate.let_pass(Phase::Before).await;
    }
}

/// Kills the store while it is about to commit a part. The step fails, and is taken again.
async fn kill_within(company: &Company, gate: &mut Gate, store: Service) {
    go_on(gate, Phase::Within).await;
    company.cluster.kill(store).await;
    gate.open(Phase::Within).await;
    company.cluster.revive(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_survives_a_kill_before_within_and_after_each_step() {
    let company = Company::open().await;
    company.client(0).await;
    let mut gate = Gate::close(&company.cluster, &STORES.map(|(_, schema)| schema)).await;
    let erasure = company.erase(0).await;
    let mut taken = Vec::new();
    loop {
        gate.wait(Phase::Before).await;
        let (stage, step) = gate.place().await;
        let store = store(stage, step);
        taken.push((stage, step));
        kill_both(&company, &mut gate, Phase::Before, store).await;
        assert_eq!(gate.place().await, (stage, step), "nothing was done");

        gate.wait(Phase::Before).await;
        let within = store.filter(|_| stage == ERASING);
        if let Some((_, schema)) = within {
            gate.close_within(schema).await;
        }
        if let Some((store, _)) = within {
            kill_within(&company, &mut gate, store).await;
        }

        go_on(&mut gate, Phase::After).await;
        kill_both(&company, &mut gate, Phase::After, store).await;
        // Done, and as a rule not written down: then it is done once more.
        if gate.place().await == (stage, step) {
            go_on(&mut gate, Phase::After).await;
            gate.let_pass(Phase::After).await;
        }
        if gate.place().await.0 == DONE {
            break;
        }
    }
    assert_eq!(
        taken.len(),
        11,
        "finding, five stores, five checks: {taken:?}"
    );
    gate.remove().await;
    company.assert_gone(0).await;
    let receipt = company.admin_command(&["receipt", &erasure]).await;
    assert!(receipt.contains("done, nothing is left"), "{receipt}");
    for place in ["crm.contacts", "conversations.", "cabinet.clients"] {
        assert!(
            receipt.contains(place),
            "{place} is in the receipt: {receipt}"
        );
    }
    // Fails the test when it finds anything.
    company.admin_command(&["verify", &erasure]).await;
    assert_eq!(
        company.audited(&erasure).await,
        1,
        "the audit log says it once"
    );
}
