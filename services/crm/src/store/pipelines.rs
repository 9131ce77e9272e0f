//! Pipelines with their stages.

use std::collections::BTreeMap;

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, PipelineId, StageId};
use uuid::Uuid;

use super::corrupt;
use crate::domain::pipeline::{Pipeline, Stage, StageKind};

#[derive(FromRow)]
struct PipelineRow {
    pipeline_id: Uuid,
    name: String,
    position: i32,
    version: i64,
    create_time: OffsetDateTime,
}

#[derive(FromRow)]
struct StageRow {
    stage_id: Uuid,
    pipeline_id: Uuid,
    name: String,
    kind: i16,
}

fn kind_number(kind: StageKind) -> i16 {
    match kind {
        StageKind::Incoming => 1,
        StageKind::Working => 2,
        StageKind::Won => 3,
        StageKind::Lost => 4,
    }
}

fn kind(number: i16, row: Uuid) -> Result<StageKind, Error> {
    match number {
        1 => Ok(StageKind::Incoming),
        2 => Ok(StageKind::Working),
        3 => Ok(StageKind::Won),
        4 => Ok(StageKind::Lost),
        _ => Err(corrupt("stages", "kind", row)),
    }
}

/// All pipelines of the account, in order: there are few.
#[tracing::instrument(level = "debug", name = "db.pipeline.all", skip_all)]
pub async fn all(tx: &mut Tx, account: AccountId) -> Result<Vec<Pipeline>, Error> {
    let rows: Vec<PipelineRow> = sqlx::query_as(
        "SELECT pipeline_id, name, position, version, create_time FROM pipelines
          WHERE account_id = $1 ORDER BY position, pipeline_id",
    )
    .bind(account.uuid())
    .fetch_all(&mut **tx)
    .await?;
    let stages: Vec<StageRow> = sqlx::query_as(
        "SELECT stage_id, pipeline_id, name, kind FROM stages WHERE account_id = $1 ORDER BY pipeline_id, position",
    )
    .bind(account.uuid())
    .fetch_all(&mut **tx)
    .await?;
    join(rows, stages)
}

fn join(rows: Vec<PipelineRow>, stages: Vec<StageRow>) -> Result<Vec<Pipeline>, Error> {
    let mut of: BTreeMap<Uuid, Vec<Stage>> = BTreeMap::new();
    for row in stages {
        of.entry(row.pipeline_id).or_default().push(Stage {
            id: row.stage_id.into(),
            kind: kind(row.kind, row.stage_id)?,
            name: row.name,
        });
    }
    let pipeline = |row: PipelineRow| Pipeline {
        stages: of.remove(&row.pipeline_id).unwrap_or_default(),
        id: row.pipeline_id.into(),
        name: row.name,
        position: row.position,
        version: row.version,
        create_time: row.create_time,
    };
    Ok(rows.into_iter().map(pipeline).collect())
}

/// A pipeline, with its lock when `lock` is set: nobody else changes it or its stages until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.pipeline.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    id: PipelineId,
    lock: bool,
) -> Result<Option<Pipeline>, Error> {
    if lock {
        sqlx::query(
            "SELECT 1 FROM pipelines WHERE account_id = $1 AND pipeline_id = $2 FOR NO KEY UPDATE",
        )
        .bind(account.uuid())
        .bind(id.uuid())
        .execute(&mut **tx)
        .await?;
    }
    let row: Option<PipelineRow> = sqlx::query_as(
        "SELECT pipeline_id, name, position, version, create_time FROM pipelines WHERE account_id = $1 AND pipeline_id = $2",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let stages: Vec<StageRow> = sqlx::query_as(
        "SELECT stage_id, pipeline_id, name, kind FROM stages WHERE account_id = $1 AND pipeline_id = $2 ORDER BY position",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .fetch_all(&mut **tx)
    .await?;
    Ok(join(vec![row], stages)?.pop())
}

/// The pipeline that a stage belongs to.
#[tracing::instrument(level = "debug", name = "db.pipeline.of_stage", skip_all)]
pub async fn of_stage(
    tx: &mut Tx,
    account: AccountId,
    stage: StageId,
) -> Result<Option<PipelineId>, Error> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "SELECT pipeline_id FROM stages WHERE account_id = $1 AND stage_id = $2",
    )
    .bind(account.uuid())
    .bind(stage.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(PipelineId::from))
}

/// Keeps a stage from being deleted until the transaction ends; its kind, or `None` when it is gone.
#[tracing::instrument(level = "debug", name = "db.pipeline.hold_stage", skip_all)]
pub async fn hold_stage(
    tx: &mut Tx,
    account: AccountId,
    id: StageId,
) -> Result<Option<(PipelineId, StageKind)>, Error> {
    let row: Option<StageRow> = sqlx::query_as(
        "SELECT stage_id, pipeline_id, name, kind FROM stages WHERE account_id = $1 AND stage_id = $2 FOR KEY SHARE",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| Ok((row.pipeline_id.into(), kind(row.kind, row.stage_id)?)))
        .transpose()
}

/// Lets nobody else add, move or delete pipelines of the account until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.pipeline.lock_order", skip_all)]
pub async fn lock_order(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('crm pipelines ' || $1::text, 0))")
        .bind(account.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Adds a pipeline with its stages.
#[tracing::instrument(level = "debug", name = "db.pipeline.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, pipeline: &Pipeline) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO pipelines (account_id, pipeline_id, name, position, version, create_time) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(account.uuid())
    .bind(pipeline.id.uuid())
    .bind(&pipeline.name)
    .bind(pipeline.position)
    .bind(pipeline.version)
    .bind(pipeline.create_time)
    .execute(&mut **tx)
    .await?;
    save_stages(tx, account, pipeline).await
}

/// Stores what can change of a pipeline that was locked, and its stages.
#[tracing::instrument(level = "debug", name = "db.pipeline.update", skip_all)]
pub async fn update(tx: &mut Tx, account: AccountId, pipeline: &Pipeline) -> Result<(), Error> {
    sqlx::query(
        "UPDATE pipelines SET name = $3, position = $4, version = $5 WHERE account_id = $1 AND pipeline_id = $2",
    )
    .bind(account.uuid())
    .bind(pipeline.id.uuid())
    .bind(&pipeline.name)
    .bind(pipeline.position)
    .bind(pipeline.version)
    .execute(&mut **tx)
    .await?;
    save_stages(tx, account, pipeline).await
}

async fn save_stages(tx: &mut Tx, account: AccountId, pipeline: &Pipeline) -> Result<(), Error> {
    let ids: Vec<Uuid> = pipeline
        .stages
        .iter()
        .map(|stage| stage.id.uuid())
        .collect();
    let names: Vec<&str> = pipeline
        .stages
        .iter()
        .map(|stage| &stage.name[..])
        .collect();
    let kinds: Vec<i16> = pipeline
        .stages
        .iter()
        .map(|stage| kind_number(stage.kind))
        .collect();
    sqlx::query(
        "DELETE FROM stages WHERE account_id = $1 AND pipeline_id = $2 AND stage_id <> ALL ($3)",
    )
    .bind(account.uuid())
    .bind(pipeline.id.uuid())
    .bind(&ids)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO stages AS s (account_id, pipeline_id, stage_id, name, kind, position)
         SELECT $1, $2, i.id, i.name, i.kind, i.place - 1
           FROM unnest($3::uuid[], $4::text[], $5::smallint[]) WITH ORDINALITY AS i (id, name, kind, place)
         ON CONFLICT (account_id, stage_id) DO UPDATE SET name = excluded.name, position = excluded.position
          WHERE (s.name, s.position) <> (excluded.name, excluded.position)",
    )
    .bind(account.uuid())
    .bind(pipeline.id.uuid())
    .bind(ids)
    .bind(names)
    .bind(kinds)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores the places of pipelines, in this order.
#[tracing::instrument(level = "debug", name = "db.pipeline.reorder", skip_all)]
pub async fn reorder(tx: &mut Tx, account: AccountId, order: &[PipelineId]) -> Result<(), Error> {
    let ids: Vec<Uuid> = order.iter().map(|id| id.uuid()).collect();
    sqlx::query(
        "UPDATE pipelines p SET position = i.place - 1
           FROM unnest($2::uuid[]) WITH ORDINALITY AS i (id, place)
          WHERE p.account_id = $1 AND p.pipeline_id = i.id AND p.position <> i.place - 1",
    )
    .bind(account.uuid())
    .bind(ids)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a pipeline and its stages; whoever holds one of them is waited for.
#[tracing::instrument(level = "debug", name = "db.pipeline.delete", skip_all)]
pub async fn delete(tx: &mut Tx, account: AccountId, id: PipelineId) -> Result<(), Error> {
    sqlx::query("DELETE FROM pipelines WHERE account_id = $1 AND pipeline_id = $2")
        .bind(account.uuid())
        .bind(id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
