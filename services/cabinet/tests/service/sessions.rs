//! How clients come in and leave.

use std::time::Duration;

use api::cabinet::v1::{GetHomeRequest, SignOutRequest};
use cabinet::Limits;
use testkit::wait_for;

use crate::sms::Mood;
use crate::world::{PHONE, World, refusal, with};

pub const WRONG: &str = "CODE_INVALID {}";

/// Not this code.
pub fn other(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

impl World {
    pub async fn is_in(&self, token: &str) -> bool {
        let home = self.client().get_home(with(token, GetHomeRequest {})).await;
        home.is_ok()
    }

    /// States of all SMS, in the order in which they were asked for.
    async fn states(&self) -> Vec<i16> {
        sqlx::query_scalar("SELECT state FROM cabinet.sms_messages ORDER BY id")
            .fetch_all(&mut self.db.owner().await)
            .await
            .expect("read")
    }
}

#[tokio::test]
async fn a_client_logs_in_with_the_code_from_the_sms_and_signs_out_cab_01_sms_01() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    let request = world.ask(&cabinet, "позвоните").await;
    assert_eq!(refusal(request.map(|_| ())), "FIELD_INVALID {phone}");
    let request = world.ask(&cabinet, "+7 (999) 000-00-01").await;
    let request = request.expect("asked");
    let code = world.sms[0].code(PHONE, 1).await;
    let typed = format!(" {} {} ", &code[..3], &code[3..]);
    let token = world.confirm(&request, &typed).await.expect("logged in");
    assert!(world.is_in(&token).await);
    let out = with(&token, SignOutRequest {});
    world.sessions().sign_out(out).await.expect("out");
    assert!(!world.is_in(&token).await);
    let out = with(&token, SignOutRequest {});
    world.sessions().sign_out(out).await.expect("out already");
}

#[tokio::test]
async fn wrong_used_old_and_foreign_codes_are_answered_alike() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    world.contact("Пётр", "+79990000002").await;
    let cabinet = world.open().await;
    let mine = world.ask(&cabinet, PHONE).await.expect("asked");
    let code = world.sms[0].code(PHONE, 1).await;
    let theirs = world.ask(&cabinet, "+79990000002").await.expect("asked");
    let their_code = world.sms[0].code("+79990000002", 1).await;
    assert_eq!(refusal(world.confirm(&mine, &other(&code)).await), WRONG);
    if code != their_code {
        assert_eq!(refusal(world.confirm(&theirs, &code).await), WRONG);
    }
    world.confirm(&mine, &code).await.expect("logged in");
    assert_eq!(
        refusal(world.confirm(&mine, &code).await),
        WRONG,
        "a code works once"
    );
    world.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(refusal(world.confirm(&theirs, &their_code).await), WRONG);
    let made_up = format!("{}x", &mine[..mine.len() - 1]);
    assert_eq!(refusal(world.confirm(&made_up, &code).await), WRONG);
    assert_eq!(refusal(world.confirm("crq_1_2", &code).await), WRONG);
}

#[tokio::test]
async fn a_code_has_five_tries() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    let request = world.ask(&cabinet, PHONE).await.expect("asked");
    let code = world.sms[0].code(PHONE, 1).await;
    for _ in 0..5 {
        assert_eq!(refusal(world.confirm(&request, &other(&code)).await), WRONG);
    }
    assert_eq!(refusal(world.confirm(&request, &code).await), WRONG);
}

#[tokio::test]
async fn two_browsers_that_type_one_code_at_once_get_one_session() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    let request = world.ask(&cabinet, PHONE).await.expect("asked");
    let code = world.sms[0].code(PHONE, 1).await;
    let (one, other) = tokio::join!(
        world.confirm(&request, &code),
        world.confirm(&request, &code)
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
}

#[tokio::test]
async fn an_unknown_number_is_answered_as_a_known_one_and_gets_no_sms() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    let unknown = world.ask(&cabinet, "+79990000009").await;
    let unknown = unknown.expect("answered as always");
    world.ask(&cabinet, PHONE).await.expect("asked");
    world.sms[0].code(PHONE, 1).await;
    wait_for("both are decided", async || {
        (world.states().await == [5, 2]).then_some(())
    })
    .await;
    assert_eq!(world.sms[0].taken().len(), 1);
    assert_eq!(refusal(world.confirm(&unknown, "123456").await), WRONG);
}

#[tokio::test]
async fn codes_for_a_number_are_limited_whether_or_not_somebody_has_it() {
    let world = World::with(Limits::default()).await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    for phone in [PHONE, "+79990000009"] {
        for _ in 0..2 {
            world.ask(&cabinet, phone).await.expect("asked");
        }
        assert_eq!(
            refusal(world.ask(&cabinet, phone).await),
            "RATE_LIMITED {}",
            "{phone}"
        );
    }
    let mut codes = 2;
    for _ in 0..60 {
        world.clock.advance(Duration::from_secs(60 * 60));
        codes += usize::from(world.ask(&cabinet, PHONE).await.is_ok());
    }
    assert!(codes <= 40, "ten a day: {codes}");
}

#[tokio::test]
async fn a_cap_holds_sms_back_and_not_other_accounts_days() {
    let mut limits = Limits::none();
    limits.account.most = 1;
    let world = World::with(limits).await;
    world.contact("Мария", PHONE).await;
    world.contact("Пётр", "+79990000002").await;
    let cabinet = world.open().await;
    for unknown in ["+79990000008", "+79990000009"] {
        world.ask(&cabinet, unknown).await.expect("asked");
    }
    wait_for("numbers of nobody cost nothing", async || {
        (world.states().await == [5, 5]).then_some(())
    })
    .await;
    world.ask(&cabinet, PHONE).await.expect("asked");
    world.sms[0].code(PHONE, 1).await;
    world.ask(&cabinet, "+79990000002").await.expect("asked");
    wait_for("the second is held back", async || {
        (world.states().await[2..] == [2, 6]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_closed_cabinet_lets_nobody_in() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    let off = api::cabinet::v1::CabinetSettings::default();
    world.update(off, "enabled").await.expect("switched off");
    assert!(!world.is_in(&token).await);
    assert_eq!(
        refusal(world.ask(&cabinet, PHONE).await),
        format!("CABINET_DISABLED {{cabinet_id={cabinet}}}")
    );
}

#[tokio::test]
async fn a_session_ends_after_a_week() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    world.clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
    let home = world
        .client()
        .get_home(with(&token, GetHomeRequest {}))
        .await;
    assert_eq!(refusal(home), "TOKEN_EXPIRED {}");
}

#[tokio::test]
async fn when_a_provider_cannot_send_the_next_one_does_sms_01() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    for (mood, sent) in [(Mood::Down, 1), (Mood::OutOfMoney, 2), (Mood::Slow, 3)] {
        world.sms[0].be(mood);
        let request = world.ask(&cabinet, PHONE).await.expect("asked");
        let code = world.sms[1].code(PHONE, sent).await;
        world.confirm(&request, &code).await.expect("logged in");
    }
    assert!(world.sms[0].taken().is_empty());
}

#[tokio::test]
async fn a_number_that_cannot_be_reached_is_not_tried_elsewhere() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    world.sms[0].be(Mood::BadNumber);
    world.ask(&cabinet, PHONE).await.expect("asked");
    wait_for("it is given up", async || {
        (world.states().await == [4]).then_some(())
    })
    .await;
    assert_eq!(world.sms[1].asked(), 0);
}

#[tokio::test]
async fn an_sms_is_tried_again_while_its_code_works() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    world
        .sms
        .iter()
        .for_each(|provider| provider.be(Mood::Down));
    let request = world.ask(&cabinet, PHONE).await.expect("asked");
    wait_for("both were tried", async || {
        (world.sms[1].asked() == 1).then_some(())
    })
    .await;
    world.sms[1].be(Mood::Well);
    let code = wait_for("the second attempt", async || {
        world.clock.advance(Duration::from_secs(1));
        let taken = world.sms[1].taken();
        Some(
            taken
                .first()?
                .text
                .chars()
                .filter(char::is_ascii_digit)
                .collect::<String>(),
        )
    })
    .await;
    world.confirm(&request, &code).await.expect("logged in");
}

#[tokio::test]
async fn nothing_of_a_code_or_number_stays_readable_in_the_database() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    world.ask(&cabinet, PHONE).await.expect("asked");
    let code = world.sms[0].code(PHONE, 1).await;
    wait_for("it is sent", async || {
        (world.states().await == [2]).then_some(())
    })
    .await;
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT m::text FROM cabinet.sms_messages m UNION ALL SELECT c::text FROM cabinet.counters c
         UNION ALL SELECT p::text FROM cabinet.sms_providers p
         UNION ALL SELECT encode(code_digest, 'hex') FROM cabinet.codes",
    )
    .fetch_all(&mut world.db.owner().await)
    .await
    .expect("read");
    let all = rows.join("\n");
    for text in [&PHONE[1..], "secret of the account", &format!(" {code} ")] {
        assert!(!all.contains(text), "{text}");
    }
}
