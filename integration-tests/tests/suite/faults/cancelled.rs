//! Callers go away in the middle of their calls.

use integration_tests::load::Plan;
use integration_tests::{Cluster, Service, Settings};
use sqlx::Row;

use super::{LOAD, rounds};

/// What PostgreSQL answers to everything in a transaction that failed before, or that nobody ended.
const POISONED: &str = "25P02";

/// So few that a connection that comes back unclean is used again at once.
const CONNECTIONS: &str = "2";

#[tokio::test]
async fn calls_dropped_at_any_moment_poison_no_connection() {
    let environment = [("BESEDA_DATABASE_CONNECTIONS", CONNECTIONS), ("BESEDA_RATE_LIMITS", "off")];
    let environment = environment.map(|(name, value)| (name, value.to_owned())).to_vec();
    let cluster = Cluster::with(Settings { own_postgres: true, environment }).await;
    rounds(&cluster, Plan { cancelled: 4, messages: 16, ..LOAD }, async |_, _| {}).await;
    no_transaction_is_left(&cluster).await;
    for service in Service::ALL {
        let log = cluster.log(service).await;
        assert!(!log.contains(POISONED), "{} met a poisoned connection:\n{log}", service.name());
    }
}

/// Nobody works any more: a transaction that is still open was forgotten.
async fn no_transaction_is_left(cluster: &Cluster) {
    testkit::wait_for_state("no transaction is idle", async || {
        let mut owner = cluster.db().owner().await;
        let query = "SELECT application_name, state, query FROM pg_stat_activity
                      WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        let rows = sqlx::query(query).fetch_all(&mut owner).await.expect("readable");
        let idle: Vec<String> = rows.iter().map(|row| format!("{} {}", row.get::<String, _>(0), row.get::<String, _>(2))).collect();
        if idle.is_empty() { Ok(()) } else { Err(idle) }
    })
    .await;
}
