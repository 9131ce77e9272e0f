//! The outbox, the relay, readers and consumers on a real PostgreSQL and a real Redis.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use events::{
    Carrier, Effect, Event, Failure, LocalSource, NewEvent, Reader, SHARDS, append, consume, relay,
};
use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::{Db, Migrations, SystemScope, Tx};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use testkit::{TestDb, wait_for};
use types::AccountId;
use uuid::Uuid;

const EFFECTS: &str = "CREATE TABLE effects (id bigserial PRIMARY KEY, account_id uuid NOT NULL, aggregate_id uuid NOT NULL, payload bytea NOT NULL);";

static MIGRATIONS: LazyLock<Migrations> = LazyLock::new(|| {
    let files = [
        (1, include_str!("../sql/outbox.sql")),
        (2, include_str!("../sql/consumer.sql")),
        (3, EFFECTS),
    ];
    let migrations = files.map(|(version, sql)| {
        Migration::new(
            version,
            Cow::Borrowed("test"),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Migrations {
        service: "events-test",
        schema: "events_test",
        role: "beseda_events_test",
        migrator: Migrator::with_migrations(migrations.into()),
    }
});

struct World {
    stores: TestDb,
    db: Db,
    life: Lifecycle,
}

impl World {
    async fn start() -> Self {
        let stores = testkit::database(&[&MIGRATIONS]).await;
        let db = Db::connect(&pg::Config::new(stores.url(&MIGRATIONS)), &MIGRATIONS)
            .await
            .expect("the database is right");
        Self {
            stores,
            db,
            life: Lifecycle::new(),
        }
    }

    async fn carrier(&self) -> Carrier {
        Carrier::new(&self.stores.redis_url().await, "events-test").expect("a URL")
    }

    fn source(&self) -> Arc<LocalSource> {
        Arc::new(LocalSource(self.db.clone()))
    }

    async fn reader(&self) -> Reader {
        Reader::new(self.carrier().await, self.source(), [0; SHARDS as usize])
    }

    async fn append(&self, account: AccountId, aggregate: Uuid, payloads: &[&str]) {
        append_to(&self.db, account, aggregate, payloads).await;
    }

    /// Payloads of the effects, in the order in which they happened.
    async fn effects(&self) -> Vec<String> {
        let rows: Result<Vec<Vec<u8>>, pg::Error> = self
            .db
            .tx(SystemScope::for_job("test"), |tx| {
                Box::pin(async move {
                    Ok(
                        sqlx::query_scalar("SELECT payload FROM effects ORDER BY id")
                            .fetch_all(&mut **tx)
                            .await?,
                    )
                })
            })
            .await;
        rows.expect("effects")
            .into_iter()
            .map(|bytes| String::from_utf8(bytes).expect("text"))
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.life.stop();
    }
}

async fn append_to(db: &Db, account: AccountId, aggregate: Uuid, payloads: &[&str]) {
    let events: Vec<NewEvent> = payloads
        .iter()
        .map(|payload| NewEvent {
            account,
            aggregate,
            kind: "test",
            payload: payload.as_bytes().to_vec(),
        })
        .collect();
    let places: Result<_, pg::Error> = db
        .tx(SystemScope::for_job("test"), move |tx| {
            Box::pin(async move { append(tx, &events).await })
        })
        .await;
    assert_eq!(places.expect("appended").len(), payloads.len());
}

/// Reads until `count` events came.
async fn read(reader: &mut Reader, count: usize) -> Vec<Event> {
    let mut events = Vec::new();
    while events.len() < count {
        events.extend(reader.next().await.events);
    }
    events
}

fn texts(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| String::from_utf8(event.payload.to_vec()).expect("text"))
        .collect()
}

#[tokio::test]
async fn positions_have_no_holes_whatever_rolls_back_and_meets() {
    let world = World::start().await;
    let accounts: Vec<AccountId> = (0..10).map(|_| AccountId::generate()).collect();
    let writers = (0..8u64).map(|writer| {
        let (db, accounts) = (world.db.clone(), accounts.clone());
        async move {
            for n in 0..30u64 {
                // Two accounts at once, in either order: writers must not wait for one another in a circle.
                let pick = |n: u64| accounts[(n % 10) as usize];
                let events =
                    [pick(writer * 7 + n), pick(writer * 3 + 9 - n % 10)].map(|account| NewEvent {
                        account,
                        aggregate: account.uuid(),
                        kind: "test",
                        payload: Vec::new(),
                    });
                let outcome: Result<(), pg::Error> = db
                    .tx(SystemScope::for_job("test"), move |tx| {
                        Box::pin(async move {
                            append(tx, &events).await?;
                            if n % 5 == 0 {
                                Err(pg::Error::Serialization)
                            } else {
                                Ok(())
                            }
                        })
                    })
                    .await;
                assert!(
                    matches!(outcome, Ok(()) | Err(pg::Error::Serialization)),
                    "{outcome:?}"
                );
            }
        }
    });
    futures::future::join_all(writers).await;
    let mut owner = world.stores.owner().await;
    let (rows, broken): (i64, i64) = sqlx::query_as(
        "SELECT sum(n)::bigint, count(*) FILTER (WHERE n <> last OR n <> newest) FROM (
             SELECT count(*) AS n, max(o.position) AS last, max(s.last_position) AS newest
               FROM events_test.outbox o JOIN events_test.outbox_shards s USING (shard) GROUP BY shard) g",
    )
    .fetch_one(&mut owner)
    .await
    .expect("counts");
    assert_eq!((rows, broken), (8 * 24 * 2, 0));
}

#[tokio::test]
async fn events_come_once_and_in_order_though_redis_is_flushed_and_killed() {
    let world = World::start().await;
    let (account, aggregate) = (AccountId::generate(), types::new_uuid());
    let waker = relay(world.db.clone(), world.carrier().await, &world.life);
    let mut reader = world.reader().await;

    world.append(account, aggregate, &["1", "2"]).await;
    waker.wake();
    assert_eq!(texts(&read(&mut reader, 2).await), ["1", "2"]);

    let redis = world.stores.redis().await;
    let client = redis::Client::open(world.stores.redis_url().await).expect("a URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");
    world.append(account, aggregate, &["3"]).await;
    let _: () = redis::cmd("FLUSHALL")
        .query_async(&mut connection)
        .await
        .expect("flushed");
    world.append(account, aggregate, &["4"]).await;
    assert_eq!(texts(&read(&mut reader, 2).await), ["3", "4"]);

    redis.kill9().await.expect("killed");
    world.append(account, aggregate, &["5"]).await;
    assert_eq!(
        texts(&read(&mut reader, 1).await),
        ["5"],
        "read from the outbox while Redis is away"
    );

    redis.restart().await.expect("started again");
    world.append(account, aggregate, &["6"]).await;
    waker.wake();
    assert_eq!(texts(&read(&mut reader, 1).await), ["6"]);
}

#[tokio::test]
async fn a_relay_with_nothing_to_copy_stays_connected() {
    let world = World::start().await;
    let waker = relay(world.db.clone(), world.carrier().await, &world.life);
    let client = redis::Client::open(world.stores.redis_url().await).expect("a URL");
    let connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");
    let calls = async |command: &str| {
        let statistics: String = redis::cmd("INFO")
            .arg("commandstats")
            .query_async(&mut connection.clone())
            .await
            .expect("statistics");
        let line = format!("cmdstat_{command}:calls=");
        let count = statistics.lines().find_map(|it| it.strip_prefix(&line));
        count.map_or(0, |it| {
            let digits: String = it.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().expect("a number")
        })
    };

    // Each renewal of the right to copy comes after a look into the outbox that found nothing.
    wait_for("renewals", async || {
        waker.wake();
        (calls("evalsha").await >= 4_u32).then_some(())
    })
    .await;
    assert_eq!(calls("subscribe").await, 1, "a failure subscribes anew");
}

#[tokio::test]
async fn what_was_dropped_by_age_is_said_to_be_lost() {
    let world = World::start().await;
    let (account, aggregate) = (AccountId::generate(), types::new_uuid());
    world.append(account, aggregate, &["1", "2", "3"]).await;
    let mut owner = world.stores.owner().await;
    sqlx::query("DELETE FROM events_test.outbox WHERE position < 3")
        .execute(&mut owner)
        .await
        .expect("deleted");
    let batch = world.reader().await.next().await;
    assert_eq!(texts(&batch.events), ["3"]);
    assert_eq!(batch.lost, [events::shard_of(account)]);
}

#[tokio::test]
async fn partitions_are_made_ahead_and_dropped_by_age() {
    let world = World::start().await;
    events::rotate(&world.db, 7).await.expect("rotated");
    events::rotate(&world.db, 7)
        .await
        .expect("rotating twice changes nothing");
    let mut owner = world.stores.owner().await;
    let partitions =
        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events_test.outbox'::regclass";
    let made: i64 = sqlx::query_scalar(partitions)
        .fetch_one(&mut owner)
        .await
        .expect("a count");
    assert_eq!(made, 4, "today, two more days, and the net");
    events::rotate(&world.db, -3).await.expect("rotated");
    let left: i64 = sqlx::query_scalar(partitions)
        .fetch_one(&mut owner)
        .await
        .expect("a count");
    assert_eq!(left, 1, "only the net is left when nothing is to be kept");
}

/// Writes each event down that is not an "aside"; refuses "poison" until `cured`.
struct WriteDown {
    cured: std::sync::atomic::AtomicBool,
}

impl Effect for WriteDown {
    fn concerns(&self, event: &Event) -> bool {
        &event.payload[..] != b"aside"
    }

    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        Box::pin(async move {
            if &event.payload[..] == b"poison"
                && !self.cured.load(std::sync::atomic::Ordering::Relaxed)
            {
                return Err(Failure::Poison("it is poison".to_owned()));
            }
            sqlx::query(
                "INSERT INTO effects (account_id, aggregate_id, payload) VALUES ($1, $2, $3)",
            )
            .bind(Uuid::from_slice(&event.account_id).expect("a UUID"))
            .bind(Uuid::from_slice(&event.aggregate_id).expect("a UUID"))
            .bind(&event.payload[..])
            .execute(&mut **tx)
            .await?;
            Ok(())
        })
    }
}

async fn start_consumer(world: &World, effect: &Arc<WriteDown>, life: &Lifecycle) {
    consume(
        world.db.clone(),
        "events-test",
        world.carrier().await,
        world.source(),
        Arc::clone(effect) as Arc<dyn Effect>,
        life,
    );
}

#[tokio::test]
async fn each_event_takes_effect_once_with_two_consumers_that_come_and_go() {
    let world = World::start().await;
    let effect = Arc::new(WriteDown { cured: true.into() });
    let waker = relay(world.db.clone(), world.carrier().await, &world.life);
    start_consumer(&world, &effect, &world.life).await;
    let account = AccountId::generate();
    let expected: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    for chunk in expected.chunks(10) {
        let passing = Lifecycle::new();
        start_consumer(&world, &effect, &passing).await;
        for text in chunk {
            world
                .append(account, account.uuid(), &[text, "aside"])
                .await;
            waker.wake();
        }
        passing.drain(Duration::ZERO).await;
    }
    let effects = wait_for("all effects", async || {
        let effects = world.effects().await;
        (effects.len() >= expected.len()).then_some(effects)
    })
    .await;
    assert_eq!(effects, expected);
    // The last event concerns nobody; how far it was passed over is saved as well.
    let mut owner = world.stores.owner().await;
    wait_for("the place of the last event", async || {
        let saved: i64 =
            sqlx::query_scalar("SELECT max(position) FROM events_test.consumer_positions")
                .fetch_one(&mut owner)
                .await
                .expect("a position");
        (saved == 2 * 60).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_poison_event_parks_its_aggregate_only_and_can_be_run_again() {
    let world = World::start().await;
    let effect = Arc::new(WriteDown {
        cured: false.into(),
    });
    let (account, sick, healthy) = (AccountId::generate(), types::new_uuid(), types::new_uuid());
    world
        .append(account, sick, &["before", "poison", "after"])
        .await;
    world.append(account, healthy, &["other"]).await;
    start_consumer(&world, &effect, &world.life).await;
    wait_for("the healthy aggregate's effect", async || {
        (world.effects().await == ["before", "other"]).then_some(())
    })
    .await;

    let mut owner = world.stores.owner().await;
    let reasons: Vec<String> =
        sqlx::query_scalar("SELECT reason FROM events_test.parked_events ORDER BY position")
            .fetch_all(&mut owner)
            .await
            .expect("reasons");
    assert_eq!(
        reasons,
        [
            "it is poison",
            "waits for an earlier event of the same aggregate"
        ]
    );

    effect
        .cured
        .store(true, std::sync::atomic::Ordering::Relaxed);
    sqlx::query("UPDATE events_test.parked_events SET rerun = true")
        .execute(&mut owner)
        .await
        .expect("asked for");
    wait_for("the parked events' effects", async || {
        (world.effects().await == ["before", "other", "poison", "after"]).then_some(())
    })
    .await;
}
