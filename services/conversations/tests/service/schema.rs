//! The tables as the migrations left them.

use conversations::MIGRATIONS;
use testkit::{Exceptions, assert_schema, database};

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_explained_and_keeps_accounts_apart() {
    let exceptions = Exceptions {
        tables: &[
            "outbox_shards",
            "consumer_positions",
            "search_messages",
            "search_chats",
        ],
        // Blocks of the search index are accounts' own. Jobs of the whole installation read by these: deliveries by
        // connector, the directory by connection, events by shard, files to fetch and what crm is told by their time, what is old
        // by age.
        indexes: &[
            "attachments_unused",
            "connection_directory_pkey",
            "connection_directory_connector",
            "crm_feed_due",
            "deliveries_due",
            "deliveries_id",
            "idempotency_keys_age",
            "media_fetches_due",
            "notifications_age",
            "outbox_pkey",
            "parked_events_rerun",
            "quarantined_events_age",
            "search_messages_texts",
            "search_chats_names",
        ],
    };
    assert_schema(&database(&[&MIGRATIONS]).await, &MIGRATIONS, exceptions).await;
}
