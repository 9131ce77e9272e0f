//! The search index made anew.

use conversations::MIGRATIONS;
use conversations::admin::{RebuildError, accounts, rebuild_search};
use pg::Db;
use tokio::sync::Notify;

use crate::search::{all, ask, forget_position, ids, indexed, part, words};
use crate::world::World;

/// As many messages as take several steps.
const MANY: usize = 699;

async fn db(world: &World) -> Db {
    let config = pg::Config::new(world.db.url(&MIGRATIONS));
    let db = Db::connect(&config, &MIGRATIONS).await;
    db.expect("connected")
}

/// Messages of several clients; every third speaks of a discount.
async fn write(world: &World, from: usize, count: usize) {
    let connection = world.connection().await;
    for batch in (from..from + count).collect::<Vec<_>>().chunks(100) {
        let text = |n: &usize| match n % 3 {
            0 => format!("скидка номер {n}"),
            _ => format!("номер {n}"),
        };
        let event = |n| world.message(&connection, &format!("client {}", n % 7), &text(n));
        let events = batch.iter().map(event).collect();
        world.publish(events).await.expect("published");
    }
    indexed(world).await;
}

/// What the index answers: a word of many messages, a part of some, one of none.
async fn answers(world: &World) -> [Vec<String>; 3] {
    let found = async |request| ids(&all(world, &world.admin, &request).await);
    [
        found(words("скидки")).await,
        found(part("ер 11")).await,
        found(words("удалено")).await,
    ]
}

async fn rebuilding(world: &World) -> bool {
    let reply = ask(world, &world.admin, &words("скидка")).await;
    reply.expect("found").rebuilding
}

async fn entries(world: &World, condition: &str) -> i64 {
    let statement = format!("SELECT count(*) FROM conversations.search_messages WHERE {condition}");
    let count = sqlx::query_scalar(sqlx::AssertSqlSafe(statement));
    let count = count.fetch_one(&mut world.db.owner().await).await;
    count.expect("counted")
}

#[tokio::test]
async fn a_rebuilt_index_answers_as_the_grown_one() {
    let world = World::start().await;
    write(&world, 0, MANY).await;
    let grown = answers(&world).await;
    assert_eq!(grown[0].len(), MANY / 3);
    let gone = sqlx::query("DELETE FROM conversations.messages WHERE text = 'номер 1'");
    let gone = gone.execute(&mut world.db.owner().await).await;
    assert_eq!(gone.expect("deleted").rows_affected(), 1);
    let db = db(&world).await;
    assert_eq!(accounts(&db, None).await.expect("listed"), [world.account]);
    for _ in 0..2 {
        let count = rebuild_search(&db, world.account, |_, _| {}).await;
        assert_eq!(count.expect("rebuilt"), MANY - 1);
        assert_eq!(answers(&world).await, grown);
        assert!(!rebuilding(&world).await);
    }
    assert_eq!(
        entries(&world, "true").await,
        MANY as i64 - 1,
        "no entry of what is gone"
    );
    write(&world, MANY, 3).await;
    let newest = all(&world, &world.admin, &part("номер 70")).await;
    assert_eq!(
        newest.len(),
        3,
        "70, 700, 701: what comes later is indexed as before"
    );
}

#[tokio::test]
async fn an_index_is_rebuilt_while_messages_come_in() {
    let world = World::start().await;
    write(&world, 0, MANY).await;
    let db = db(&world).await;
    let (rebuilt, ()) = tokio::join!(
        rebuild_search(&db, world.account, |_, _| {}),
        write(&world, MANY, MANY)
    );
    rebuilt.expect("rebuilt");
    let found = all(&world, &world.admin, &words("скидка")).await;
    assert_eq!(found.len(), 2 * MANY / 3);
    // As if the feed had been killed before it noted how far it was: what it brings again is there already.
    forget_position(&world).await;
    write(&world, 2 * MANY, 3).await;
    assert_eq!(entries(&world, "true").await, 2 * MANY as i64 + 3);
}

#[tokio::test]
async fn a_rebuild_that_was_killed_is_noticed_and_run_again() {
    let world = World::start().await;
    write(&world, 0, MANY).await;
    let grown = answers(&world).await;
    let (db, begun) = (db(&world).await, Notify::new());
    let progress = |done: usize, _: usize| {
        if done > 0 {
            begun.notify_one();
        }
    };
    tokio::select! {
        _ = rebuild_search(&db, world.account, progress) => panic!("it was not killed"),
        () = begun.notified() => {}
    }
    assert!(
        rebuilding(&world).await,
        "searches say that something may be missing"
    );
    let newest = all(&world, &world.admin, &part("номер 698")).await;
    assert_eq!(newest.len(), 1, "the newest messages come first");
    rebuild_search(&db, world.account, |_, _| {})
        .await
        .expect("rebuilt");
    assert!(!rebuilding(&world).await);
    assert_eq!(answers(&world).await, grown);
}

#[tokio::test]
async fn of_two_rebuilds_the_later_one_goes_on() {
    let world = World::start().await;
    write(&world, 0, MANY).await;
    let grown = answers(&world).await;
    let db = db(&world).await;
    let begun = Notify::new();
    let earlier = rebuild_search(&db, world.account, |_, _| begun.notify_one());
    let mut earlier = std::pin::pin!(earlier);
    tokio::select! {
        _ = &mut earlier => panic!("it finished before the later one began"),
        () = begun.notified() => {}
    }
    let later = rebuild_search(&db, world.account, |_, _| {}).await;
    assert_eq!(later.expect("rebuilt"), MANY);
    let earlier = earlier.await;
    assert!(
        matches!(earlier, Err(RebuildError::Superseded(_))),
        "{earlier:?}"
    );
    assert_eq!(answers(&world).await, grown);
    assert_eq!(entries(&world, "epoch < 2").await, 0);
}
