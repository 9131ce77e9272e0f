//! What every table has to have, looked up in the database as the migrations left it.

use sqlx::PgConnection;

use crate::TestDb;

/// Tables and indexes that are right without an account in front, each for a reason of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exceptions {
    /// Tables that belong to no account, and those that a reason keeps without row-level security.
    pub tables: &'static [&'static str],
    /// Indexes of accounts' tables that jobs of the whole installation read.
    pub indexes: &'static [&'static str],
}

/// Each query gives what is wrong with a schema; `$1` is the schema, `$2` and `$3` the exceptions.
const QUERIES: [&str; 6] = [
    "SELECT format('table %s has no comment', t.relname) FROM tables t
      WHERE obj_description(t.oid, 'pg_class') IS NULL",
    "SELECT format('column %s.%s has no comment', t.relname, a.attname)
       FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
      WHERE a.attnum > 0 AND NOT a.attisdropped AND col_description(t.oid, a.attnum) IS NULL",
    "SELECT format('table %s has no account_id', t.relname) FROM tables t
      WHERE t.account IS NULL AND t.relname <> ALL ($2)",
    "SELECT format('table %s is not guarded: CALL beseda.guard(''%s'')', t.relname, t.relname)
       FROM tables t
      WHERE t.account IS NOT NULL AND NOT (t.relrowsecurity AND t.relforcerowsecurity) AND t.relname <> ALL ($2)",
    "SELECT format('index %s of %s does not begin with account_id', i.indexrelid::regclass, t.relname)
       FROM tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid
      WHERE t.account IS NOT NULL AND i.indkey[0] <> t.account AND c.relname <> ALL ($3)",
    "SELECT format('%s is an exception, but does not exist', e.name)
       FROM unnest($2 || $3) AS e (name)
      WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                         WHERE n.nspname = $1 AND c.relname = e.name)",
];

/// The tables of the schema with the number of their column account_id. A partition is as its
/// parent, and the list of migrations is sqlx's.
const TABLES: &str = "WITH tables AS (
    SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, a.attnum AS account
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname <> '_sqlx_migrations'
       AND ($2::text[] IS NOT NULL) AND ($3::text[] IS NOT NULL))";

/// Fails when a table or column of the service has no comment, or an account's rows are not kept
/// apart: row-level security forced, `account_id` first in every index.
///
/// # Panics
/// With all that is wrong.
pub async fn assert_schema(db: &TestDb, migrations: &pg::Migrations, exceptions: Exceptions) {
    let problems = problems(&mut db.owner().await, migrations.schema, exceptions).await;
    assert!(
        problems.is_empty(),
        "schema {}:\n{}",
        migrations.schema,
        problems.join("\n")
    );
}

async fn problems(owner: &mut PgConnection, schema: &str, exceptions: Exceptions) -> Vec<String> {
    let mut problems = Vec::new();
    for query in QUERIES {
        let found = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("{TABLES} {query}")))
            .bind(schema)
            .bind(exceptions.tables)
            .bind(exceptions.indexes)
            .fetch_all(&mut *owner);
        problems.extend(found.await.expect("the catalogue is readable"));
    }
    problems
}
