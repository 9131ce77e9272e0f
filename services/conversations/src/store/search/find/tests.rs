//! Texts are looked for in their index, block by block, however young the table is.

use pg::{Db, SystemScope};
use serde_json::Value;
use types::AccountId;

use super::*;
use crate::MIGRATIONS;

const MESSAGES: i64 = 30_000;

fn blocks(account: AccountId) -> Vec<i64> {
    (0..=MESSAGES / BLOCK)
        .map(|number| block(account, 0, number * BLOCK))
        .collect()
}

/// An account with many messages: one word in every one, another in every thousandth.
async fn fill(db: &testkit::TestDb, account: AccountId) {
    sqlx::query(
        "INSERT INTO conversations.search_messages (account_id, message_id, conversation_id, seq, place, block, epoch, folded, words)
         SELECT $1, gen_random_uuid(), gen_random_uuid(), 1, n, ($2::bigint[])[n / $3 + 1], 0, 'text ' || n,
                (CASE WHEN n % 1000 = 0 THEN 'rare often' ELSE 'often' END)::tsvector
           FROM generate_series(1, $4) AS n",
    )
    .bind(account.uuid())
    .bind(blocks(account))
    .bind(BLOCK)
    .bind(MESSAGES)
    .execute(&mut db.owner().await)
    .await
    .expect("filled");
}

/// Conditions of the index scans of a statement, and how many rows it read from the table.
async fn read(db: &Db, account: AccountId, statement: &str, pattern: &str) -> (Vec<String>, i64) {
    let statement = format!("EXPLAIN (ANALYZE, FORMAT JSON) {statement}");
    let pattern = pattern.to_owned();
    let newest_first: Vec<i64> = blocks(account).into_iter().rev().collect();
    let explained = db.tx(SystemScope::for_job("explain"), move |tx| {
        Box::pin(async move {
            let plan: Value = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                .bind(account.uuid())
                .bind(newest_first)
                .bind(pattern)
                .bind(MESSAGES + 1)
                .bind(50i64)
                .fetch_one(&mut **tx)
                .await?;
            Ok::<_, Error>(plan)
        })
    });
    let (mut conditions, mut rows) = (Vec::new(), 0.0);
    walk(&explained.await.expect("a plan"), &mut |node| {
        assert_ne!(node["Node Type"], "Seq Scan");
        conditions.extend(node["Index Cond"].as_str().map(str::to_owned));
        if node["Node Type"] == "Bitmap Heap Scan" {
            let number = |key: &str| node[key].as_f64().unwrap_or_default();
            let each = number("Actual Rows")
                + number("Rows Removed by Filter")
                + number("Rows Removed by Index Recheck");
            rows += each * number("Actual Loops");
        }
    });
    (conditions, rows as i64)
}

fn walk(plan: &Value, see: &mut impl FnMut(&Value)) {
    match plan {
        Value::Object(node) => {
            see(plan);
            node.values().for_each(|inner| walk(inner, see));
        }
        Value::Array(items) => items.iter().for_each(|inner| walk(inner, see)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_looked_for_in_their_index_and_no_further_than_a_page_needs() {
    let test = testkit::database(&[&MIGRATIONS]).await;
    let account = AccountId::generate();
    fill(&test, account).await;
    let db = Db::connect(&pg::Config::new(test.url(&MIGRATIONS)), &MIGRATIONS)
        .await
        .expect("connected");
    for statistics in [false, true] {
        if statistics {
            sqlx::raw_sql("ANALYZE conversations.search_messages")
                .execute(&mut test.owner().await)
                .await
                .expect("analysed");
        }
        for (statement, pattern, condition, most) in [
            (WORDS, "'rare'", "words @@ ", 50),
            (WORDS, "'often'", "words @@ ", BLOCK),
            (PART, "%t 29999%", "folded ~~ ", 50),
        ] {
            let (conditions, rows) = read(&db, account, statement, pattern).await;
            let [found] = &conditions[..] else {
                panic!("one index: {conditions:?}")
            };
            assert!(found.contains("(block = b.block)"), "{found}");
            assert!(found.contains(condition), "{found}");
            assert!(rows <= most, "{pattern}: {rows} rows were read");
        }
    }
}
