//! Services are killed.

use integration_tests::load::Plan;
use integration_tests::{Cluster, Service};

use super::{LOAD, rounds};

/// In turn, as often as there are faults.
const VICTIMS: [Service; 3] = [
    Service::Conversations,
    Service::OnlineChat,
    Service::Gateway,
];

#[tokio::test]
async fn killed_services_lose_nothing_and_double_nothing() {
    let cluster = Cluster::to_be_hurt().await;
    rounds(&cluster, Plan { faults: 6, ..LOAD }, async |_, number| {
        let victim = VICTIMS[number % VICTIMS.len()];
        cluster.kill(victim).await;
        cluster.revive(victim).await;
    })
    .await;
}

#[tokio::test]
async fn a_service_that_is_asked_to_stop_under_load_refuses_nothing_for_good() {
    let cluster = Cluster::to_be_hurt().await;
    rounds(&cluster, Plan { faults: 3, ..LOAD }, async |_, number| {
        let victim = VICTIMS[number % VICTIMS.len()];
        let began = std::time::Instant::now();
        cluster.terminate(victim).await;
        println!("{} drained in {:?}", victim.name(), began.elapsed());
        cluster.revive(victim).await;
    })
    .await;
}

#[tokio::test]
async fn identity_may_be_gone_while_its_tokens_are_good() {
    let cluster = Cluster::to_be_hurt().await;
    rounds(&cluster, Plan { faults: 1, ..LOAD }, async |scene, _| {
        cluster.kill(Service::Identity).await;
        scene.wait_progress(20).await;
        cluster.revive(Service::Identity).await;
    })
    .await;
}
