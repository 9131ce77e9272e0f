//! Tokens over months: kept alive while nobody writes, and told to the operator when they have died.

use std::time::Duration;

use api::sync::v1::{GetIntegrationRequest, PortalEventKind, PortalState};

use super::office::{Office, hello};
use super::portals::portal_of;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_nobody_uses_stays_connected_for_months() {
    let (office, integration) = Office::with_still_clock(|_| ()).await;
    // Refresh tokens that nobody uses die after 90 days.
    for renewals in 1..=4 {
        office.pass(DAY * 31).await;
        testkit::wait_for_state("the tokens are renewed", async || {
            office.pass(Duration::from_secs(3600)).await;
            let pairs = office.fake.state().pairs;
            if pairs == 1 + renewals {
                Ok(())
            } else {
                Err(pairs)
            }
        })
        .await;
    }
    let told = office.portal(&portal_of(&integration)).await;
    assert_eq!(
        told.portal.map(|it| it.state()),
        Some(PortalState::Connected)
    );
    office.write(&hello("ivan")).await;
    office.settled(1).await;
    assert_eq!(office.made(), [1, 1, 1, 0]);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_died_meanwhile_are_told_and_requests_wait_for_a_new_connection() {
    let (office, integration) = Office::with_still_clock(|_| ()).await;
    // No replica runs for three months.
    office.kill().await;
    office.clock.advance(DAY * 91);
    office.start().await;
    office.write(&hello("ivan")).await;
    let portal_id = portal_of(&integration);
    let told = testkit::wait_for("the portal is disconnected", async || {
        office.pass(Duration::from_secs(1)).await;
        let told = office.portal(&portal_id).await;
        let portal = told.portal.clone().expect("a portal");
        (portal.state() == PortalState::Disconnected).then_some(told)
    })
    .await;
    assert_eq!(told.events[0].kind(), PortalEventKind::Refused);
    let problem = told.portal.expect("a portal").problem;
    assert!(problem.contains("401"), "{problem}");
    let asked = office.ask(GetIntegrationRequest {
        integration_id: integration.id.clone(),
    });
    let shown = office.integrations().await.get_integration(asked).await;
    let shown = shown.expect("shown").into_inner().integration;
    let problems = shown.expect("an integration").problems;
    assert_eq!(&problems[0].requirement[..], "SYN-01");
    assert_eq!((office.jobs().await, office.made()), (1, [0; 4]));
    office.connect().await.expect("connected");
    office.settled(1).await;
    assert_eq!(office.made(), [1, 1, 1, 0]);
}
