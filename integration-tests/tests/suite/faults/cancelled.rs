//! Callers go away in the middle of their calls.

use integration_tests::load::Plan;
use integration_tests::{Cluster, Settings};
use sqlx::Row;

use super::{LOAD, rounds};

/// What PostgreSQL says when a connection was given back in the middle of a transaction: the next user begins another
/// one in it, meets the failure of the last one, or nobody comes and it times out.
const POISONED: [&str; 3] = [
    "there is already a transaction in progress",
    "current transaction is aborted",
    "idle-in-transaction timeout",
];

/// So few that a connection that comes back unclean is used again at once.
const CONNECTIONS: &str = "2";

#[tokio::test]
async fn calls_dropped_at_any_moment_poison_no_connection() {
    let environment = [
        ("BESEDA_DATABASE_CONNECTIONS", CONNECTIONS),
        ("BESEDA_RATE_LIMITS", "off"),
    ];
    let environment = environment
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
    let cluster = Cluster::with_settings(Settings {
        own_postgres: true,
        environment,
    })
    .await;
    rounds(
        &cluster,
        Plan {
            cancelled: 8,
            ..LOAD
        },
        async |_, _| {},
    )
    .await;
    no_transaction_is_left(&cluster).await;
    let log = cluster.db().server().process().folder().join("log");
    let log = std::fs::read_to_string(log).expect("PostgreSQL has a log");
    let poisoned: Vec<&str> = log
        .lines()
        .filter(|line| POISONED.iter().any(|said| line.contains(said)))
        .collect();
    assert!(
        poisoned.is_empty(),
        "{} connections were given back in a transaction, such as: {}",
        poisoned.len(),
        poisoned.join("\n")
    );
}

/// Nobody works any more: a transaction that is still open was forgotten.
async fn no_transaction_is_left(cluster: &Cluster) {
    testkit::wait_for_state("no transaction is idle", async || {
        let mut owner = cluster.db().owner().await;
        let query = "SELECT application_name, state, query FROM pg_stat_activity
                      WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        let rows = sqlx::query(query)
            .fetch_all(&mut owner)
            .await
            .expect("readable");
        let idle: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", row.get::<String, _>(0), row.get::<String, _>(2)))
            .collect();
        if idle.is_empty() { Ok(()) } else { Err(idle) }
    })
    .await;
}
