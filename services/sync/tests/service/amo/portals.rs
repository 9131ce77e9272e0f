//! Connecting portals, and their tokens (SYN-01).

use api::error::v1::ErrorReason;
use api::sync::v1::{
    CompletePortalConnectionRequest, DisconnectPortalRequest, GetIntegrationRequest,
    ListPortalsRequest, PortalEventKind, PortalState, UpdateIntegrationRequest,
};
use kit::refusal::reason_of;
use prost_types::FieldMask;
use tonic::Status;
use types::AccountId;

use super::fake::{HOST, Trouble};
use super::office::{Office, administrator, ask_as, hello};

fn reason(status: &Status) -> ErrorReason {
    reason_of(status).expect("a reason")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_is_connected_by_whoever_began_and_once() {
    let office = Office::open().await;
    let (state, code) = (office.begin().await, office.fake.code());
    let complete = |referer: &str| CompletePortalConnectionRequest {
        code: code.clone(),
        state: state.clone(),
        referer: referer.to_owned(),
    };
    let mut portals = office.portals().await;
    // A host that is none of a portal gets no code.
    for host in ["evil.example", "127.0.0.1", "okna.amocrm.ru.evil.example"] {
        let refused = portals.complete_portal_connection(office.ask(complete(host)));
        let refused = refused.await.expect_err("refused");
        assert_eq!(reason(&refused), ErrorReason::FieldInvalid, "{host}");
    }
    // Somebody else of the account, and somebody of another one.
    for account in [office.account, AccountId::generate()] {
        let other = office.identity.token(administrator(account));
        let refused = portals.complete_portal_connection(ask_as(&other, complete(HOST)));
        let refused = refused.await.expect_err("refused");
        assert_eq!(reason(&refused), ErrorReason::PortalConnectionRefused);
    }
    let done = portals.complete_portal_connection(office.ask(complete(HOST)));
    let portal = done.await.expect("connected").into_inner().portal;
    let portal = portal.expect("a portal");
    assert_eq!(portal.state(), PortalState::Connected);
    assert_eq!((&portal.host[..], &portal.name[..]), (HOST, "Окна"));
    let again = portals.complete_portal_connection(office.ask(complete(HOST)));
    let again = again.await.expect_err("refused");
    assert_eq!(reason(&again), ErrorReason::PortalConnectionRefused);
    // A code that amoCRM does not take.
    let refused = CompletePortalConnectionRequest {
        state: office.begin().await,
        ..complete(HOST)
    };
    let refused = portals
        .complete_portal_connection(office.ask(refused))
        .await;
    let refused = refused.expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::PortalConnectionRefused);
    // Connected again it is the same portal.
    assert_eq!(office.connect().await.expect("connected").id, portal.id);
    let listed = portals.list_portals(office.ask(ListPortalsRequest::default()));
    assert_eq!(listed.await.expect("listed").into_inner().portals.len(), 1);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_kept_encrypted() {
    let office = Office::open().await;
    office.connect().await.expect("connected");
    let mut owner = office.db.owner().await;
    sqlx::query("SELECT set_config('beseda.system', 'on', false)")
        .execute(&mut owner)
        .await
        .expect("set");
    let stored: String = sqlx::query_scalar("SELECT string_agg(p::text, '') FROM sync.portals p")
        .fetch_one(&mut owner)
        .await
        .expect("read");
    let (access, refresh) = {
        let state = office.fake.state();
        (state.access.clone(), state.refresh.clone())
    };
    let hex = |text: &str| -> String { text.bytes().map(|byte| format!("{byte:02x}")).collect() };
    for token in [access, refresh] {
        assert!(!stored.contains(&token) && !stored.contains(&hex(&token)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_integrations_need_is_not_given_up() {
    let (office, integration) = Office::with(|_| ()).await;
    let portal_id = portal_of(&integration);
    let mut portals = office.portals().await;
    let give_up = DisconnectPortalRequest {
        portal_id: portal_id.clone(),
    };
    let refused = portals.disconnect_portal(office.ask(give_up.clone())).await;
    let refused = refused.expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::PortalInUse);
    let set = |enabled: bool| {
        office.ask(UpdateIntegrationRequest {
            integration: Some(api::sync::v1::Integration {
                id: integration.id.clone(),
                enabled,
                ..Default::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["enabled".into()],
            }),
        })
    };
    let mut integrations = office.integrations().await;
    integrations
        .update_integration(set(false))
        .await
        .expect("off");
    let given_up = portals.disconnect_portal(office.ask(give_up)).await;
    let given_up = given_up.expect("given up").into_inner().portal;
    assert_eq!(
        given_up.expect("a portal").state(),
        PortalState::Disconnected
    );
    // Without its portal nothing is switched on (SYN-01).
    let refused = integrations.update_integration(set(true)).await;
    let refused = refused.expect_err("refused");
    assert_eq!(reason(&refused), ErrorReason::PortalNotConnected);
    office.connect().await.expect("connected");
    integrations
        .update_integration(set(true))
        .await
        .expect("on");
    let told = office.portal(&portal_id).await;
    let kinds: Vec<_> = told.events.iter().map(|event| event.kind()).collect();
    use PortalEventKind::{Connected, Disconnected};
    assert_eq!(kinds, [Connected, Disconnected, Connected]);
    assert!(
        told.events
            .iter()
            .all(|event| event.author.starts_with("user_"))
    );
}

pub fn portal_of(integration: &api::sync::v1::Integration) -> String {
    let target = integration.target.clone().and_then(|it| it.target);
    match target {
        Some(api::sync::v1::target::Target::AmoCrm(it)) => it.portal_id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_renew_a_token_once() {
    let (office, _) = Office::with(|_| ()).await;
    office.start().await;
    office.fake.expire();
    for client in 0..12 {
        office.write(&hello(&format!("client-{client}"))).await;
    }
    office.settled(12).await;
    assert_eq!(
        office.fake.state().pairs,
        2,
        "one for the code, one renewal"
    );
    assert_eq!(office.made(), [12, 12, 12, 0]);
    office.fake.assert_nothing_wrong();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_refuses_its_tokens_says_so_and_its_requests_wait() {
    let (office, integration) = Office::with(|_| ()).await;
    {
        let mut state = office.fake.state();
        (state.access, state.refresh) = ("revoked".into(), "revoked".into());
    }
    office.write(&hello("ivan")).await;
    office.write(&hello("anna")).await;
    let portal_id = portal_of(&integration);
    let told = testkit::wait_for("the portal is disconnected", async || {
        let told = office.portal(&portal_id).await;
        let portal = told.portal.clone().expect("a portal");
        (portal.state() == PortalState::Disconnected).then_some(told)
    })
    .await;
    assert_eq!(told.events[0].kind(), PortalEventKind::Refused);
    assert!(told.portal.is_some_and(|it| it.problem.contains("401")));
    let asked = office.ask(GetIntegrationRequest {
        integration_id: integration.id.clone(),
    });
    let shown = office.integrations().await.get_integration(asked).await;
    let shown = shown.expect("shown").into_inner().integration;
    let problems = shown.expect("an integration").problems;
    assert_eq!(&problems[0].requirement[..], "SYN-01");
    assert_eq!((office.jobs().await, office.made()), (2, [0; 4]));
    // Its one attempt with the refresh token is the one that is counted here.
    assert_eq!(office.fake.state().reused, 1);
    office.connect().await.expect("connected");
    office.settled(2).await;
    assert_eq!(office.made(), [2, 2, 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_was_not_reached_is_tried_again() {
    let (office, _) = Office::with(|_| ()).await;
    office.fake.expire();
    let page = Trouble::Status(429);
    office.fake.state().token_troubles.extend([page, page]);
    office.write(&hello("ivan")).await;
    office.settled(1).await;
    assert_eq!(office.made(), [1, 1, 1, 0]);
    office.fake.assert_nothing_wrong();
}
