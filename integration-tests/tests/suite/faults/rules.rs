//! Rules under faults: exactly one contact and deal for each client, whatever is killed.

use api::sync::v1::TransferMethod;
use integration_tests::{Cluster, Service};

use crate::main_path::rules::{Office, told};

/// How many clients write while services are killed.
const CLIENTS: usize = 24;

async fn write(office: &Office, from: usize) {
    for number in from..from + CLIENTS / 4 {
        let chat = format!("client-{number}");
        let events = (0..3).map(|message| {
            told(
                &office.connector,
                &chat,
                &format!("{number}-{message}"),
                &[],
            )
        });
        let events: Vec<_> = events.collect();
        office.connector.insist(&events).await.expect("published");
    }
}

/// Waits until every client has a deal, and looks that none has two.
async fn assert_one_each(office: &Office) {
    let (contacts, deals) = testkit::wait_for_state("every client has a deal", async || {
        // Whoever has a deal has a contact: the deals are read first.
        let deals = office.deals().await;
        let contacts = office.contacts().await;
        if deals.len() >= CLIENTS {
            Ok((contacts, deals))
        } else {
            Err(format!(
                "{} contacts, {} deals",
                contacts.len(),
                deals.len()
            ))
        }
    })
    .await;
    assert_eq!((contacts.len(), deals.len()), (CLIENTS, CLIENTS));
    let mut of: Vec<_> = deals.iter().map(|deal| &deal.main_contact_id[..]).collect();
    of.sort_unstable();
    of.dedup();
    assert_eq!(of.len(), CLIENTS, "each deal has a contact of its own");
}

#[tokio::test]
async fn rules_killed_at_any_point_make_nothing_twice() {
    let office = Office::in_cluster(Cluster::to_be_hurt().await).await;
    office
        .create(office.draft(TransferMethod::ContactAndDeal))
        .await
        .expect("created");
    for round in 0..4 {
        write(&office, round * CLIENTS / 4).await;
        office.cluster.kill(Service::Sync).await;
        office.cluster.revive(Service::Sync).await;
    }
    assert_one_each(&office).await;
}

#[tokio::test]
async fn a_crm_that_is_away_is_waited_for_and_nothing_is_lost() {
    let office = Office::in_cluster(Cluster::to_be_hurt().await).await;
    office
        .create(office.draft(TransferMethod::ContactAndDeal))
        .await
        .expect("created");
    for round in 0..4 {
        office.cluster.kill(Service::Crm).await;
        write(&office, round * CLIENTS / 4).await;
        office.cluster.revive(Service::Crm).await;
    }
    assert_one_each(&office).await;
}
