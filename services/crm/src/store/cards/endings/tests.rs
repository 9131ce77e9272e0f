//! A part is the beginning of a range of the index, also under row-level security.

use pg::{Db, SystemScope};
use serde_json::Value;

use super::*;
use crate::MIGRATIONS;

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_a_range_of_the_index() {
    let test = testkit::database(&[&MIGRATIONS]).await;
    let db = Db::connect(&pg::Config::new(test.url(&MIGRATIONS)), &MIGRATIONS)
        .await
        .expect("connected");
    let explained = db.tx(SystemScope::for_job("explain"), |tx| {
        Box::pin(async move {
            let statement = format!("EXPLAIN (FORMAT JSON) {BY_PART}");
            let plan: Value = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                .bind(Uuid::nil())
                .bind(1i16)
                .bind("7495")
                .bind("7495\u{10ffff}")
                .bind(10i64)
                .fetch_one(&mut **tx)
                .await?;
            Ok::<_, Error>(plan)
        })
    });
    let plan = explained.await.expect("a plan").to_string();
    let range = "(kind = '1'::smallint) AND (ending >= '7495'::text) AND (ending < '7495\u{10ffff}'::text))\",\"Index Name\"";
    assert!(plan.contains(range) && !plan.contains("\"Sort\""), "{plan}");
}
