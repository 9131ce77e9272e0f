//! Every branch of the list is read by its own index, whatever the account's size, and reads little in vain.

use pg::{Db, SystemScope};
use serde_json::Value;
use sqlx::Row;

use super::*;
use crate::MIGRATIONS;
use crate::domain::conversation::Answer;

const ROWS: i32 = 20_000;
const PAGE: i64 = 51;

fn id<T: From<Uuid>>(kind: u128, number: u128) -> T {
    Uuid::from_u128(kind * 0x100 + number).into()
}

/// An account with many conversations, of which one employee, one stage and one connection have few.
async fn filled(db: &testkit::TestDb) -> AccountId {
    let account: AccountId = id(1, 0);
    let mut owner = db.owner().await;
    sqlx::raw_sql(
        "SET search_path = conversations;
         CREATE FUNCTION pg_temp.id(kind bigint, number bigint) RETURNS uuid LANGUAGE sql
         RETURN ('00000000-0000-0000-0000-' || lpad(to_hex(kind * 256 + number), 12, '0'))::uuid",
    )
    .execute(&mut owner)
    .await
    .expect("a function");
    sqlx::query(
        "INSERT INTO conversations (account_id, id, number, chat_id, connection_id, connector_key, thread, title,
                life, answer, last_seq, last_message_id, last_author, last_author_name, last_text, last_time, close_time,
                closed_by, create_time, update_time, contact_owner, card_owner, stage_id)
         SELECT $1, gen_random_uuid(), n, gen_random_uuid(), pg_temp.id(2, n % 5), 'test', '', 'Client', 1 + n % 2, 1 + n / 2 % 2,
                1, gen_random_uuid(), 1, '', '', now(), CASE WHEN n % 2 = 1 THEN now() END, CASE WHEN n % 2 = 1 THEN 2 END,
                now(), now() - n * interval '1 second', pg_temp.id(3, n % 40), pg_temp.id(3, n / 3 % 40), pg_temp.id(4, n % 10)
           FROM generate_series(1, $2) AS n",
    )
    .bind(account.uuid())
    .bind(ROWS)
    .execute(&mut owner)
    .await
    .expect("filled");
    sqlx::raw_sql(
        "INSERT INTO favourites
         SELECT account_id, account_id, id, now() FROM conversations WHERE number % 20 = 0;
         ANALYZE",
    )
    .execute(&mut owner)
    .await
    .expect("favourites");
    account
}

async fn plan(db: &Db, account: AccountId, branch: Branch) -> Value {
    let explained = db.tx(SystemScope::for_job("explain"), move |tx| {
        Box::pin(async move {
            // As the service runs it: as one account, by its own role.
            sqlx::query("SELECT set_config('beseda.system', '', true), set_config('beseda.account', $1, true)")
                .bind(account.uuid().to_string())
                .execute(&mut **tx)
                .await?;
            let text = format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", text(&branch.by));
            let statement = sqlx::query(sqlx::AssertSqlSafe(text));
            let bound = bound(statement, account, account.uuid(), &branch, Key::start(), PAGE);
            Ok::<_, Error>(bound.fetch_one(&mut **tx).await?.try_get(0)?)
        })
    });
    explained.await.expect("a plan")
}

/// Every node of a plan that ran.
fn nodes<'p>(plan: &'p Value, found: &mut Vec<&'p Value>) {
    match plan {
        Value::Object(node) => {
            if node
                .get("Actual Loops")
                .is_some_and(|loops| loops.as_f64() > Some(0.0))
            {
                found.push(plan);
            }
            node.values().for_each(|inner| nodes(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| nodes(inner, found)),
        _ => {}
    }
}

/// The index names of a plan; a relation that is scanned without one stands for itself.
fn checked(plan: &Value, what: &str) -> Vec<String> {
    let mut found = Vec::new();
    nodes(plan, &mut found);
    let scans = found
        .iter()
        .filter(|node| node.get("Relation Name").is_some());
    scans
        .map(|node| {
            let removed = node["Rows Removed by Filter"].as_f64().unwrap_or_default();
            let loops = node["Actual Loops"].as_f64().unwrap_or_default();
            assert!(
                removed * loops <= 10.0 * PAGE as f64 || what == "favourites_pkey",
                "{what}: {removed} rows were read in vain\n{plan:#}"
            );
            let index = node["Index Name"].as_str();
            index
                .or(node["Relation Name"].as_str())
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_branch_of_the_list_is_read_by_its_index() {
    let test = testkit::database(&[&MIGRATIONS]).await;
    let account = filled(&test).await;
    let db = Db::connect(&pg::Config::new(test.url(&MIGRATIONS)), &MIGRATIONS)
        .await
        .expect("connected");
    let users = |count: u128| (0..count).map(|number| id(3, number)).collect();
    let cases = [
        (By::Account, "conversations_list"),
        (By::Favourites, "favourites_pkey"),
        (By::ContactOwners(users(1)), "conversations_of_owner"),
        (By::ContactOwners(users(30)), "conversations_of_owner"),
        (
            By::Stages(vec![id(4, 1), id(4, 2)]),
            "conversations_of_stage",
        ),
        (By::Responsible(users(10)), "conversations_of_responsible"),
        (
            By::Connections(vec![id(2, 3)]),
            "conversations_of_connection",
        ),
    ];
    for (by, index) in cases {
        for (lives, answers) in [
            (vec![true, false], vec![Answer::Required, Answer::NotNeeded]),
            (vec![true], vec![Answer::Required]),
        ] {
            let branch = Branch {
                by: by.clone(),
                lives,
                answers,
            };
            let plan = plan(&db, account, branch).await;
            let scans = checked(&plan, index);
            assert!(
                scans.iter().any(|it| it == index),
                "{index}: {scans:?}\n{plan:#}"
            );
            let others = scans.iter().filter(|it| **it != index);
            for other in others {
                assert_eq!(other, "conversations_pkey", "{index}: {scans:?}\n{plan:#}");
            }
        }
    }
}
