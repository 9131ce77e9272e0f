//! Providers of SMS.

use std::collections::HashMap;
use std::time::Duration;

use api::cabinet::v1::{
    CabinetSettings, CreateSmsProviderRequest, DeleteSmsProviderRequest, ListSmsProvidersRequest,
    ListSmsWidgetsRequest, SmsErrorClass, SmsProvider, UpdateSmsProviderRequest,
};
use api::connector::internal::v1::ReceiveRequest;
use api::connector::internal::v1::hook_service_client::HookServiceClient;
use auth::Principal;
use testkit::wait_for;

use crate::sms::Mood;
use crate::world::{PHONE, PUBLIC_URL, World, refusal, with};

impl World {
    async fn list(&self) -> Vec<SmsProvider> {
        let request = with(&self.admin, ListSmsProvidersRequest {});
        let listed = self.providers().list_sms_providers(request).await;
        listed.expect("listed").into_inner().sms_providers
    }
}

#[tokio::test]
async fn the_market_offers_ready_providers_cab_06() {
    let world = World::start().await;
    let request = with(&world.admin, ListSmsWidgetsRequest {});
    let listed = world.providers().list_sms_widgets(request).await;
    let widgets = listed.expect("listed").into_inner().widgets;
    let keys: Vec<_> = widgets.iter().map(|it| it.key.as_str()).collect();
    // A build with SMPP has a centre behind them.
    assert_eq!(keys[..5], ["smsc", "smsru", "twilio", "first", "second"]);
    let secrets = widgets[3].settings.iter().filter(|it| it.secret);
    assert_eq!(secrets.count(), 1);
}

#[tokio::test]
async fn secrets_are_never_given_back_and_stay_when_left_out() {
    let world = World::start().await;
    let id = world.install("first").await;
    let stored = world.list().await.remove(0);
    assert_eq!(stored.secrets_set, ["key"]);
    assert!(stored.settings.is_empty());
    let request = UpdateSmsProviderRequest {
        sms_provider: Some(SmsProvider {
            id,
            settings: HashMap::from([("sender".to_owned(), "Shop".to_owned())]),
            ..SmsProvider::default()
        }),
        ..UpdateSmsProviderRequest::default()
    };
    let request = with(&world.admin, request);
    let changed = world.providers().update_sms_provider(request).await;
    let changed = changed.expect("changed").into_inner().sms_provider;
    let changed = changed.expect("it");
    assert_eq!(changed.secrets_set, ["key"]);
    assert_eq!(changed.settings["sender"], "Shop");
}

#[tokio::test]
async fn what_a_widget_does_not_have_is_refused() {
    let world = World::start().await;
    let setting = |name: &str| HashMap::from([(name.to_owned(), "x".to_owned())]);
    for (key, settings, wrong) in [
        ("nobody", HashMap::new(), "sms_provider.widget_key"),
        ("first", HashMap::new(), "sms_provider.settings.key"),
        (
            "first",
            setting("url"),
            "sms_provider.settings.key; sms_provider.settings.url",
        ),
    ] {
        let request = CreateSmsProviderRequest {
            sms_provider: Some(SmsProvider {
                widget_key: key.to_owned(),
                settings,
                ..SmsProvider::default()
            }),
            ..CreateSmsProviderRequest::default()
        };
        let made = world
            .providers()
            .create_sms_provider(with(&world.admin, request))
            .await;
        assert_eq!(refusal(made), format!("FIELD_INVALID {{{wrong}}}"), "{key}");
    }
}

#[tokio::test]
async fn the_cabinet_keeps_the_provider_that_it_names_cab_08() {
    let world = World::start().await;
    world.open().await;
    let providers = world.list().await;
    let id = providers[0].id.clone();
    let request = DeleteSmsProviderRequest {
        sms_provider_id: id.clone(),
    };
    let deleted = world
        .providers()
        .delete_sms_provider(with(&world.admin, request.clone()))
        .await;
    assert_eq!(
        refusal(deleted),
        format!("SMS_PROVIDER_IN_USE {{sms_provider_id={id}}}")
    );
    let none = CabinetSettings::default();
    assert_eq!(
        refusal(world.update(none, "sms_provider_ids").await),
        "SMS_PROVIDER_MISSING {}"
    );
    let other = CabinetSettings {
        sms_provider_ids: vec![providers[1].id.clone()],
        ..CabinetSettings::default()
    };
    let chosen = world.update(other, "sms_provider_ids").await;
    assert_eq!(
        chosen.expect("chosen").sms_provider_ids,
        [providers[1].id.clone()]
    );
    let deleted = world
        .providers()
        .delete_sms_provider(with(&world.admin, request))
        .await;
    deleted.expect("deleted");
}

#[tokio::test]
async fn administrators_see_balance_and_what_went_wrong() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    world.sms[0].be(Mood::OutOfMoney);
    world.ask(&cabinet, PHONE).await.expect("asked");
    world.sms[1].code(PHONE, 1).await;
    let states = wait_for("both are noted", async || {
        let listed = world.list().await;
        let states: Vec<_> = listed.into_iter().filter_map(|it| it.state).collect();
        (!states[1].balance.is_empty()).then_some(states)
    })
    .await;
    assert_eq!(states[0].error_class(), SmsErrorClass::Money);
    assert_eq!(states[0].error_text, "3: no money");
    assert_eq!(states[1].error_class(), SmsErrorClass::Unspecified);
    assert_eq!(states[1].balance, "99.50");
    assert!(states[1].last_sent_time.is_some());
}

#[tokio::test]
async fn a_report_counts_once_and_only_with_its_secret() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    world.ask(&cabinet, PHONE).await.expect("asked");
    world.sms[0].code(PHONE, 1).await;
    let state = async || {
        let row: (i16, Option<String>) =
            sqlx::query_as("SELECT state, external_id FROM cabinet.sms_messages")
                .fetch_one(&mut world.db.owner().await)
                .await
                .expect("read");
        row
    };
    let id = wait_for("it is sent", async || state().await.1).await;
    let url = world.sms[0].report_url();
    let path = url.strip_prefix(&format!("{PUBLIC_URL}/hooks/sms/"));
    let path = path.expect("an address of the gateway's");
    let gateway = world.identity.token(Principal::Service {
        name: "gateway".to_owned(),
    });
    let report = async |path: &str, status: &str| {
        let call = ReceiveRequest {
            method: "POST".to_owned(),
            path: path.to_owned(),
            body: format!("id={id}&status={status}").into_bytes(),
            ..ReceiveRequest::default()
        };
        let mut hooks = HookServiceClient::new(world.channel.clone());
        let reply = hooks.receive(with(&gateway, call)).await;
        let reply = reply.expect("answered").into_inner();
        (reply.status, reply.body)
    };
    let wrong = format!("{}x", &path[..path.len() - 1]);
    assert_eq!(report(&wrong, "1").await.0, 404);
    assert_eq!(state().await.0, 2);
    for _ in 0..2 {
        assert_eq!(report(path, "1").await, (200, "got it".to_owned()));
        assert_eq!(state().await.0, 3, "delivered");
    }
    report(path, "20").await;
    assert_eq!(
        state().await.0,
        3,
        "what has arrived does not fail any more"
    );
}

#[tokio::test]
async fn a_provider_that_never_answers_holds_up_its_own_sms_only() {
    // Longer than any test waits.
    let world = World::patient(Duration::from_secs(600)).await;
    world.contact("Мария", PHONE).await;
    world.contact("Пётр", "+79990000002").await;
    let cabinet = world.open().await;
    world.sms[0].be(Mood::Slow);
    world.ask(&cabinet, PHONE).await.expect("asked");
    wait_for("the provider was asked", async || {
        (world.sms[0].asked() == 1).then_some(())
    })
    .await;
    world.sms[0].be(Mood::Well);
    world.ask(&cabinet, "+79990000002").await.expect("asked");
    world.sms[0].code("+79990000002", 1).await;
}
