//! The tables as the migrations left them.

use crm::MIGRATIONS;
use testkit::{Exceptions, assert_schema, database};

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_explained_and_keeps_accounts_apart() {
    let exceptions = Exceptions {
        tables: &["outbox_shards", "consumer_positions"],
        // Jobs of the whole installation read by these: events by shard, what is old by age.
        indexes: &["idempotency_keys_age", "outbox_pkey", "parked_events_rerun"],
    };
    assert_schema(&database(&[&MIGRATIONS]).await, &MIGRATIONS, exceptions).await;
}
