//! SMS through a centre that speaks SMPP 3.4, over a real socket.

use std::collections::HashMap;

use api::cabinet::v1::{
    CabinetSettings, CreateSmsProviderRequest, ListSmsProvidersRequest, SmsErrorClass, SmsProvider,
};
use testkit::wait_for;
use tonic::Code;

use crate::smsc::{Mood, Taken};
use crate::world::{PHONE, World, with};

impl World {
    /// Switches the cabinet on, with a centre and, behind it, the second HTTP provider.
    async fn open_with_smsc(&self, password: &str) -> String {
        let settings = [
            ("system_id", "okna"),
            ("password", password),
            ("sender", "Okna"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let request = CreateSmsProviderRequest {
            sms_provider: Some(SmsProvider {
                widget_key: "centre".to_owned(),
                settings: HashMap::from(settings),
                ..SmsProvider::default()
            }),
            ..CreateSmsProviderRequest::default()
        };
        let made = self
            .providers()
            .create_sms_provider(with(&self.admin, request))
            .await;
        let smsc = made
            .expect("installed")
            .into_inner()
            .sms_provider
            .expect("it")
            .id;
        let settings = CabinetSettings {
            enabled: true,
            sms_provider_ids: vec![smsc, self.install("second").await],
            ..CabinetSettings::default()
        };
        wait_for("the cabinet opens", async || {
            let opened = self
                .update(settings.clone(), "enabled,sms_provider_ids")
                .await;
            match opened {
                Ok(settings) => Some(settings.id),
                Err(status) if status.code() == Code::Unavailable => None,
                Err(status) => panic!("{status:?}"),
            }
        })
        .await
    }

    /// What went wrong with the centre last.
    async fn smsc_error(&self) -> SmsErrorClass {
        let request = with(&self.admin, ListSmsProvidersRequest::default());
        let listed = self.providers().list_sms_providers(request).await;
        let all = listed.expect("listed").into_inner().sms_providers;
        let smsc = all.into_iter().find(|it| it.widget_key == "centre");
        smsc.expect("it").state.expect("a state").error_class()
    }

    /// State of the newest SMS: 2 sent, 3 arrived, 4 never will.
    async fn sms_state(&self, wanted: i16) {
        wait_for("a receipt is noted", async || {
            let state: i16 = sqlx::query_scalar(
                "SELECT state FROM cabinet.sms_messages ORDER BY id DESC LIMIT 1",
            )
            .fetch_one(&mut self.db.owner().await)
            .await
            .expect("read");
            (state == wanted).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_out_by_smpp_and_its_receipts_are_noted() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open_with_smsc("secret").await;
    let token = world.ask(&cabinet, PHONE).await.expect("asked");
    let code = world.smsc.code(1).await;
    world.confirm(&token, &code).await.expect("logged in");
    let taken = world.smsc.taken().remove(0);
    assert_eq!((&taken.to[..], &taken.from[..]), (&PHONE[1..], "Okna"));
    assert!(taken.coding == 0 || taken.text.chars().any(|it| !it.is_ascii()));
    world.sms_state(2).await;
    // The answer had "ab01", the receipt has the same number in decimal digits.
    world.smsc.deliver("0000043777", "DELIVRD");
    world.sms_state(3).await;
    world.ask(&cabinet, PHONE).await.expect("asked");
    world.smsc.code(2).await;
    world.sms_state(2).await;
    world.smsc.deliver("ab02", "ENROUTE");
    world.smsc.deliver("ab02", "UNDELIV");
    world.sms_state(4).await;
    wait_for("all receipts are taken", async || {
        (world.smsc.receipts_taken() == 3).then_some(())
    })
    .await;
    assert_eq!(world.smsc.binds(), 1, "one connection for all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_in_russian_is_one_sms_in_ucs2() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open_with_smsc("secret").await;
    let settings = CabinetSettings {
        log_in_text: "Код для входа в личный кабинет: {{code}}".to_owned(),
        ..CabinetSettings::default()
    };
    world.update(settings, "log_in_text").await.expect("stored");
    world.ask(&cabinet, PHONE).await.expect("asked");
    let code = world.smsc.code(1).await;
    let Taken { coding, text, .. } = world.smsc.taken().remove(0);
    assert_eq!(
        (coding, text),
        (8, format!("Код для входа в личный кабинет: {code}"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_was_cut_comes_back_and_a_silent_one_is_asked() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open_with_smsc("secret").await;
    world.ask(&cabinet, PHONE).await.expect("asked");
    world.smsc.code(1).await;
    wait_for("a silent line is asked", async || {
        (world.smsc.enquiries() > 0).then_some(())
    })
    .await;
    world.smsc.hang_up();
    wait_for("it comes back by itself, for the receipts", async || {
        (world.smsc.binds() == 2).then_some(())
    })
    .await;
    world.ask(&cabinet, PHONE).await.expect("asked");
    world.smsc.code(2).await;
    assert_eq!(world.sms[1].asked(), 0, "nobody else was needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_centre_refuses_goes_through_the_next_provider() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open_with_smsc("secret").await;
    let cases = [
        (Mood::Refuses(0x58), SmsErrorClass::Busy),
        (Mood::Refuses(1035), SmsErrorClass::Money),
        (Mood::Refuses(0xa), SmsErrorClass::Settings),
        (Mood::Silent, SmsErrorClass::Unknown),
        (Mood::HangsUp, SmsErrorClass::Unknown),
    ];
    for (number, (mood, class)) in (1..).zip(cases) {
        world.smsc.be(&[mood]);
        world.ask(&cabinet, PHONE).await.expect("asked");
        world.sms[1].code(PHONE, number).await;
        assert_eq!(world.smsc_error().await, class, "{mood:?}");
    }
    world.smsc.be(&[Mood::Refuses(0xb)]);
    world.ask(&cabinet, PHONE).await.expect("asked");
    wait_for("the number is wrong", async || {
        (world.smsc_error().await == SmsErrorClass::Number).then_some(())
    })
    .await;
    assert_eq!(
        world.sms[1].asked(),
        cases.len(),
        "another one would not help"
    );
    assert!(world.smsc.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_the_next_provider_sends() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open_with_smsc("wrong").await;
    world.ask(&cabinet, PHONE).await.expect("asked");
    world.sms[1].code(PHONE, 1).await;
    assert_eq!(world.smsc_error().await, SmsErrorClass::Credentials);
}
