//! The stores are killed.

use integration_tests::Cluster;
use integration_tests::load::Plan;
use secrecy::ExposeSecret;

use super::{LOAD, rounds};

#[tokio::test]
async fn a_killed_postgres_keeps_what_was_acknowledged() {
    let cluster = Cluster::to_be_hurt().await;
    rounds(&cluster, Plan { faults: 4, ..LOAD }, async |_, number| {
        if number % 2 == 0 {
            cluster.kill_postgres().await;
        } else {
            cluster.stop_postgres_immediately().await;
        }
    })
    .await;
}

#[tokio::test]
async fn redis_may_be_killed_and_flushed_and_started_empty() {
    let cluster = Cluster::to_be_hurt().await;
    let redis = cluster.redis().await;
    rounds(
        &cluster,
        Plan { faults: 6, ..LOAD },
        async |scene, number| match number % 3 {
            // It comes back empty.
            0 => redis.restart().await.expect("Redis is back"),
            1 => flush(redis).await,
            // Work goes on without it.
            _ => {
                redis.kill9().await.expect("killed");
                scene.wait_progress(15).await;
                redis.restart().await.expect("Redis is back");
            }
        },
    )
    .await;
}

async fn flush(redis: &testkit::Redis) {
    let client = redis::Client::open(redis.url().expose_secret()).expect("an address");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("connected");
    let () = redis::cmd("FLUSHALL")
        .query_async(&mut connection)
        .await
        .expect("flushed");
}
