//! Names are looked for in their index, block by block, however young the table is.

use pg::{Db, SystemScope};
use serde_json::Value;

use super::*;
use crate::MIGRATIONS;

const CHATS: i64 = 20_000;

async fn fill(db: &testkit::TestDb, account: AccountId, blocks: &[i64]) {
    sqlx::query(
        "INSERT INTO conversations.search_chats (account_id, chat_id, place, block, folded)
         SELECT $1, gen_random_uuid(), n, ($2::bigint[])[n / $3 + 1], 'client ' || n FROM generate_series(1, $4) AS n",
    )
    .bind(account.uuid())
    .bind(blocks)
    .bind(BLOCK)
    .bind(CHATS)
    .execute(&mut db.owner().await)
    .await
    .expect("filled");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_looked_for_in_their_index() {
    let test = testkit::database(&[&MIGRATIONS]).await;
    let account = AccountId::generate();
    let blocks: Vec<i64> = (0..=CHATS / BLOCK)
        .map(|number| block(account, EPOCH, number * BLOCK))
        .collect();
    fill(&test, account, &blocks).await;
    let db = Db::connect(&pg::Config::new(test.url(&MIGRATIONS)), &MIGRATIONS)
        .await
        .expect("connected");
    let explained = db.tx(SystemScope::for_job("explain"), move |tx| {
        Box::pin(async move {
            let statement = format!("EXPLAIN (ANALYZE, FORMAT JSON) {FIND}");
            let plan: Value = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                .bind(account.uuid())
                .bind(blocks)
                .bind("%nt 19999%")
                .bind(CHATS + 1)
                .bind(50i64)
                .fetch_one(&mut **tx)
                .await?;
            Ok::<_, Error>(plan)
        })
    });
    let plan = explained.await.expect("a plan").to_string();
    assert!(plan.contains("search_chats_names"), "{plan}");
    assert!(plan.contains("(block = b.block) AND (folded ~~ "), "{plan}");
    assert!(!plan.contains("Seq Scan"), "{plan}");
}
