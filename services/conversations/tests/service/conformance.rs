//! The hub as the conformance program finds it.

use std::time::Duration;

use auth::Principal;
use conformance::Verdict;
use conformance::against_hub::{Options, check, names};
use tokio::task::JoinSet;
use types::{ApiKeyId, Clock};

use crate::world::World;

const TICK: Duration = Duration::from_millis(20);

#[tokio::test]
async fn the_hub_passes_the_conformance_program() {
    let world = World::start().await;
    // Leases end by the hub's clock, which goes as any other here.
    let (clock, mut ticking) = (world.clock.clone(), JoinSet::new());
    ticking.spawn(async move {
        loop {
            Clock::system().sleep(TICK).await;
            clock.advance(TICK);
        }
    });
    let scopes = [
        "connector:conformance",
        "inbox.read",
        "inbox.write",
        "settings.read",
        "settings.write",
    ];
    let api_key = world.identity.token(Principal::Program {
        account: world.account,
        key: ApiKeyId::generate(),
        scopes: scopes.map(str::to_owned).into(),
    });
    let options = Options {
        url: world.url.clone(),
        api_key,
        connector_key: "conformance".to_owned(),
        patience: Duration::from_secs(30),
    };
    let report = check(options, &[], |_| {})
        .await
        .expect("it can be checked");
    assert_eq!(report.count(Verdict::Passed), names().len(), "{report}");
}
