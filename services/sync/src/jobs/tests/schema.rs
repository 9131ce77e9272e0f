//! The tables as the migrations left them.

use testkit::{Exceptions, assert_schema, database};

use crate::MIGRATIONS;

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_explained_and_keeps_accounts_apart() {
    let exceptions = Exceptions {
        tables: &["consumer_positions"],
        // Jobs of the whole installation read by these: what is due, what is old by age.
        indexes: &[
            "clients_due",
            "idempotency_keys_age",
            "integrations_daily",
            "parked_events_rerun",
            "portal_logins_age",
            "portals_token_age",
            "requests_age",
            "runs_age",
        ],
    };
    assert_schema(&database(&[&MIGRATIONS]).await, &MIGRATIONS, exceptions).await;
}
