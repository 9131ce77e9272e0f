//! Filling the tables: COPY without secondary indexes, which are made again when the rows are in.

use anyhow::Result;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use types::{Clock, StageId};

use super::DataSet;
use super::tables::{TABLES, Table};
use super::words::Words;
use super::world::World;
use crate::stand::Stand;

/// How much is sent at once.
const CHUNK: usize = 4 << 20;

/// Fills every table of conversations.
pub async fn fill(stand: &Stand, data: &DataSet) -> Result<()> {
    let mut owner = PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?;
    run(&mut owner, "SET search_path = conversations").await?;
    run(&mut owner, "SET synchronous_commit = off").await?;
    run(&mut owner, "SET maintenance_work_mem = '512MB'").await?;
    let indexes = take_indexes(&mut owner).await?;
    let words = Words::new();
    let accounts = data.accounts.iter().enumerate();
    let worlds: Vec<World> = accounts
        .map(|(place, account)| World::of(data, place, account))
        .collect();
    for table in &TABLES {
        copy(&mut owner, table, &worlds, &words).await?;
    }
    for index in indexes {
        eprintln!("  {index}");
        run(&mut owner, &index).await?;
    }
    eprintln!("  statistics");
    run(&mut owner, "VACUUM ANALYZE").await
}

/// Makes the stages at crm, in a pipeline: rights can name only what is there.
pub async fn stages(stand: &Stand, stages: &[StageId]) -> Result<()> {
    let mut owner = PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?;
    sqlx::query(
        "WITH made AS (
             INSERT INTO crm.pipelines (account_id, pipeline_id, name, position, version, create_time)
             VALUES ($1, $2, 'Sales', 0, 1, now()) RETURNING account_id, pipeline_id)
         INSERT INTO crm.stages (account_id, stage_id, pipeline_id, name, kind, position)
         SELECT made.account_id, s.id, made.pipeline_id, 'Stage ' || s.n, 2, s.n
           FROM made, unnest($3::uuid[]) WITH ORDINALITY AS s (id, n)",
    )
    .bind(stand.account.uuid())
    .bind(super::world::pipeline().uuid())
    .bind(stages.iter().map(|stage| stage.uuid()).collect::<Vec<_>>())
    .execute(&mut owner)
    .await?;
    Ok(())
}

async fn run(owner: &mut PgConnection, statement: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(owner)
        .await?;
    Ok(())
}

/// Drops the indexes that no constraint needs, and says how to make them again.
async fn take_indexes(owner: &mut PgConnection) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
           FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
          WHERE t.relnamespace = 'conversations'::regnamespace AND t.relname = ANY ($1)
            AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
    )
    .bind(TABLES.iter().map(|table| table.name).collect::<Vec<_>>())
    .fetch_all(&mut *owner)
    .await?;
    let mut definitions = Vec::new();
    for row in rows {
        let name: String = row.try_get("name")?;
        run(owner, &format!("DROP INDEX {name}")).await?;
        definitions.push(row.try_get("definition")?);
    }
    Ok(definitions)
}

async fn copy(
    owner: &mut PgConnection,
    table: &Table,
    worlds: &[World],
    words: &Words,
) -> Result<()> {
    let clock = Clock::system();
    let statement = format!("COPY {} ({}) FROM STDIN", table.name, table.columns);
    let total: u64 = worlds.iter().map(table.steps).sum();
    let mut into = owner.copy_in_raw(&statement).await?;
    let (mut rows, mut done, mut told) = (String::with_capacity(CHUNK * 2), 0, clock.now());
    for world in worlds {
        for step in 0..(table.steps)(world) {
            (table.write)(world, words, step, &mut rows);
            done += 1;
            if rows.len() >= CHUNK {
                into.send(rows.as_bytes()).await?;
                rows.clear();
                if (clock.now() - told).whole_seconds() >= 2 {
                    told = clock.now();
                    eprintln!("  {}: {} %", table.name, done * 100 / total);
                }
            }
        }
    }
    into.send(rows.as_bytes()).await?;
    let rows = into.finish().await?;
    eprintln!("  {}: {rows} rows", table.name);
    Ok(())
}
