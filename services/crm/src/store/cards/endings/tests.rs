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
    let plan = explained.await.expect("a plan");
    let range = "(kind = '1'::smallint) AND (ending >= '7495'::text) AND (ending < '7495\u{10ffff}'::text))";
    let ranges = conditions(&plan[0]["Plan"]);
    assert!(ranges.iter().any(|it| it.ends_with(range)), "{plan}");
    assert!(!plan.to_string().contains("\"Sort\""), "{plan}");
}

/// What the indexes of a plan are searched by.
fn conditions(plan: &Value) -> Vec<&str> {
    let below = plan["Plans"].as_array().into_iter().flatten();
    let here = plan["Index Cond"].as_str().into_iter();
    here.chain(below.flat_map(conditions)).collect()
}
