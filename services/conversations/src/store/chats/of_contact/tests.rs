//! Chats and conversations of contacts are read by their indexes, however young the tables are.

use pg::{Db, SystemScope};
use serde_json::Value;
use types::AccountId;

use super::*;
use crate::MIGRATIONS;

async fn plan(db: &Db, statement: &'static str, ids: bool) -> String {
    let explained = db.tx(SystemScope::for_job("explain"), move |tx| {
        Box::pin(async move {
            let account = AccountId::generate().uuid();
            let statement = format!("EXPLAIN (FORMAT JSON) {statement}");
            let query = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).bind(account);
            let query = match ids {
                true => query.bind(vec![account]).bind(vec![account]),
                false => query.bind(account).bind(Uuid::max()).bind(20i64),
            };
            let plan: Value = query.fetch_one(&mut **tx).await?;
            Ok::<_, Error>(plan)
        })
    });
    explained.await.expect("a plan").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_and_entries_are_read_by_their_indexes() {
    let test = testkit::database(&[&MIGRATIONS]).await;
    let db = Db::connect(&pg::Config::new(test.url(&MIGRATIONS)), &MIGRATIONS)
        .await
        .expect("connected");
    let chats = plan(&db, OF_CONTACT, false).await;
    assert!(chats.contains("\"chats_of_contact\""), "{chats}");
    assert!(!chats.contains("\"Sort\""), "{chats}");
    let entries = plan(&db, ENTRIES, true).await;
    for index in ["conversations_of_contact", "conversations_of_chat"] {
        assert!(entries.contains(&format!("\"{index}\"")), "{entries}");
    }
    assert!(!entries.contains("Seq Scan"), "{entries}");
}
