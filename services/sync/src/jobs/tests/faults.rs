//! Nothing is lost, nothing is made twice, and a client's requests keep their order.

use std::collections::BTreeSet;
use std::time::Duration;

use rules::Change;

use super::crm::Trouble;
use super::{SystemScope, World, integrations, jobs};
use crate::domain::run::{Run, State};

fn all(wanted: State, count: usize) -> impl Fn(&[Run]) -> bool {
    move |runs| runs.len() == count && runs.iter().all(|run| run.state == wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_does_and_does_not_answer_has_nothing_twice() {
    let world = World::start().await;
    world.crm.trouble(&[Trouble::Silent, Trouble::Silent]);
    world.work();
    world.write("ivan", 1).await;
    let runs = world.runs(all(State::Done, 1)).await;
    assert_eq!((world.crm.made(), runs[0].attempts), ((1, 1), 3));
    assert_eq!(runs[0].problem, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_for_a_crm_that_is_away_and_keep_their_order() {
    let world = World::start().await;
    world.crm.set_away(true);
    world.work();
    for place in 1..=5 {
        world.write("ivan", place).await;
    }
    world.crm.set_away(false);
    world.runs(all(State::Done, 5)).await;
    assert_eq!(world.crm.handled(), ["1", "2", "3", "4", "5"]);
    assert_eq!(
        world.crm.made(),
        (1, 1),
        "the later ones have the first one's deal"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_run_fails_with_its_reason_and_holds_nobody_up() {
    let world = World::start().await;
    world.crm.trouble(&[Trouble::Refuses]);
    world.work();
    world.write("ivan", 1).await;
    world.write("ivan", 2).await;
    let settled =
        |runs: &[Run]| runs.len() == 2 && runs.iter().all(|run| run.state != State::Pending);
    let runs = world.runs(settled).await;
    assert_eq!(
        (runs[0].state, &runs[0].problem[..]),
        (State::Failed, "the name is too long")
    );
    assert_eq!((runs[1].state, world.crm.made()), (State::Done, (1, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_names_what_is_gone_is_made_anew() {
    let world = World::start().await;
    world.crm.trouble(&[Trouble::Stale]);
    world.work();
    world.write("ivan", 1).await;
    let runs = world.runs(all(State::Done, 1)).await;
    let deal = runs[0].plan.deal().expect("a deal");
    assert_eq!(
        (&deal.place.stage[..], world.crm.made()),
        ("second", (1, 1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_change_in_the_middle_of_a_run_do_not_change_it() {
    let world = World::start().await;
    world.crm.trouble(&[Trouble::Away; 2]);
    world.work();
    world.write("ivan", 1).await;
    let planned = world.runs(|runs| runs.len() == 1).await;
    let (account, mut changed) = (world.account, world.integration.clone());
    changed.settings.method = rules::Method::Unsorted;
    changed.version = 2;
    let stored = world.core.db.tx(SystemScope::for_job("test"), move |tx| {
        Box::pin(async move { integrations::update(tx, account, &changed, "user_1").await })
    });
    stored.await.expect("stored");
    let done = world.runs(all(State::Done, 1)).await;
    assert_eq!(
        (&done[0].plan, done[0].settings_version),
        (&planned[0].plan, 1)
    );
    world.write("ivan", 2).await;
    let runs = world.runs(all(State::Done, 2)).await;
    assert!(
        matches!(runs[1].plan.changes[..], [Change::Unsorted(_)]),
        "the next one follows the new settings"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_do_not_wait_for_each_other() {
    let world = World::start().await;
    world.crm.trouble(&[Trouble::Silent; 4]);
    world.work();
    for client in 0..30 {
        world.write(&format!("client-{client}"), client).await;
    }
    world.runs(all(State::Done, 30)).await;
    assert_eq!(world.crm.made(), (30, 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_the_crm_loses_nothing_and_keeps_the_order() {
    let world = World::start().await;
    world.crm.set_away(true);
    world.work();
    for place in 1..=6 {
        let client = if place % 2 == 1 { "ivan" } else { "anna" };
        world.write(client, place).await;
        world.pass(Duration::from_secs(600)).await;
    }
    // Pauses grow to a quarter of a minute, and are never shorter than three quarters of that.
    let asked = world.crm.asked();
    let waited = 3_600 + 3_000;
    assert!((waited / 16..=waited / 11 + 20).contains(&asked), "{asked}");
    assert_eq!(world.crm.made(), (0, 0));
    world.crm.set_away(false);
    world.runs(all(State::Done, 6)).await;
    let handled = world.crm.handled();
    let of = |rest: usize| -> Vec<&str> {
        let own = handled.iter().map(String::as_str);
        own.filter(|place| place.parse::<usize>().is_ok_and(|it| it % 2 == rest))
            .collect()
    };
    assert_eq!((of(1), of(0)), (vec!["1", "3", "5"], vec!["2", "4", "6"]));
    assert_eq!(world.crm.made(), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_clients_are_claimed_than_there_is_room_for() {
    let world = World::start().await;
    for client in 0..40 {
        world.write(&format!("client-{client}"), client).await;
    }
    // With what PostgreSQL knows of the table it may plan otherwise than with what it guesses.
    let mut owner = world.db.owner().await;
    sqlx::query("ANALYZE sync.clients")
        .execute(&mut owner)
        .await
        .expect("analysed");
    let (now, mut seen) = (world.clock.now(), BTreeSet::new());
    for left in (0..8).rev() {
        let until = now + Duration::from_secs(6);
        let claimed = world.core.db.tx(SystemScope::for_job("test"), move |tx| {
            Box::pin(async move { jobs::claim(tx, now, until, 5).await })
        });
        let claimed: Result<Vec<_>, pg::Error> = claimed.await;
        let claimed = claimed.expect("claimed");
        assert_eq!(claimed.len(), 5, "{left} more to come");
        seen.extend(claimed.into_iter().map(|claim| claim.client_key));
    }
    assert_eq!(seen.len(), 40);
}
