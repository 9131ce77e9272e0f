//! Every branch of a list is read by its own index, whatever the account's size.

use pg::{Db, SystemScope};
use serde_json::Value;
use sqlx::Row;

use super::*;
use crate::MIGRATIONS;
use crate::domain::reach::Part;

const CARDS: i32 = 20_000;
const USERS: u128 = 40;
const STAGES: u128 = 10;
const PAGE: i64 = 51;

fn user(number: u128) -> UserId {
    Uuid::from_u128(0x0100 + number).into()
}

fn stage(number: u128) -> StageId {
    Uuid::from_u128(0x0200 + number).into()
}

/// An account with many deals, and one with few.
async fn filled(db: &testkit::TestDb) -> AccountId {
    let account = AccountId::from(Uuid::from_u128(0x0300));
    let mut owner = db.owner().await;
    sqlx::query(
        "INSERT INTO crm.cards (account_id, card_id, kind, name, responsible_user_id, pipeline_id, stage_id, version,
                                create_time, update_time)
         SELECT $1, gen_random_uuid(), 3, 'Deal', ('00000000-0000-0000-0000-' || lpad(to_hex(256 + n % 40), 12, '0'))::uuid,
                $1, ('00000000-0000-0000-0000-' || lpad(to_hex(512 + (n / 40) % 10), 12, '0'))::uuid, 1, now(),
                now() - n * interval '1 second'
           FROM generate_series(1, $2) AS n",
    )
    .bind(account.uuid())
    .bind(CARDS)
    .execute(&mut owner)
    .await
    .expect("filled");
    sqlx::raw_sql("ANALYZE crm.cards")
        .execute(&mut owner)
        .await
        .expect("analysed");
    account
}

fn query(reach: Reach) -> Query {
    Query {
        kind: Kind::Deal,
        reach,
        viewer: Some(user(0)),
        responsible: None,
        since: None,
        after: None,
        limit: PAGE,
    }
}

async fn plan(db: &Db, account: AccountId, query: Query) -> Value {
    let explained = db.tx(SystemScope::for_job("explain"), move |tx| {
        Box::pin(async move {
            let statement = sqlx::AssertSqlSafe(format!("EXPLAIN (ANALYZE, FORMAT JSON) {LIST}"));
            let plan: Value = bound(sqlx::query(statement), account, &query)
                .fetch_one(&mut **tx)
                .await?
                .try_get(0)?;
            Ok::<_, Error>(plan)
        })
    });
    explained.await.expect("a plan")
}

/// Every node of a plan.
fn nodes<'p>(plan: &'p Value, found: &mut Vec<&'p Value>) {
    match plan {
        Value::Object(node) => {
            if node.contains_key("Node Type") {
                found.push(plan);
            }
            node.values().for_each(|inner| nodes(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| nodes(inner, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_branch_of_a_list_is_read_by_its_index() {
    let test = testkit::database(&[&MIGRATIONS]).await;
    let account = filled(&test).await;
    let db = Db::connect(&pg::Config::new(test.url(&MIGRATIONS)), &MIGRATIONS)
        .await
        .expect("connected");
    let stages = || Some((0..STAGES - 2).map(stage).collect());
    let users = || Some((0..USERS / 2).map(user).collect());
    for (stages, responsible, index) in [
        (None, None, "cards_by_change"),
        (None, users(), "cards_by_responsible"),
        (stages(), None, "cards_by_stage"),
        (stages(), users(), "cards_by_stage_and_responsible"),
    ] {
        let reach = Reach {
            parts: vec![Part {
                stages,
                responsible,
            }],
            followed: Some(None),
        };
        let plan = plan(&db, account, query(reach)).await;
        let mut found = Vec::new();
        nodes(&plan, &mut found);
        let ran = found
            .iter()
            .filter(|node| node["Actual Loops"].as_f64().unwrap_or_default() > 0.0);
        let of_cards: Vec<_> = ran
            .filter(|node| node["Relation Name"] == "cards")
            .collect();
        let scans: Vec<_> = of_cards
            .iter()
            .map(|node| node["Index Name"].as_str().unwrap_or("none"))
            .collect();
        assert!(scans.contains(&index), "{index}: {scans:?}\n{plan:#}");
        assert!(
            !scans.contains(&"none"),
            "{index}: the table was scanned\n{plan:#}"
        );
        for node in of_cards {
            let removed = node["Rows Removed by Filter"].as_i64().unwrap_or_default();
            assert!(
                removed <= 10 * PAGE,
                "{index}: {removed} rows were read in vain\n{plan:#}"
            );
        }
    }
}
