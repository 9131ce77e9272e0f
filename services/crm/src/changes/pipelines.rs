//! Pipelines and stages.

use ::events::NewEvent;
use pg::Tx;
use types::{Language, PipelineId, StageId};

use super::events;
use crate::Error;
use crate::core::By;
use crate::domain::etag_fits;
use crate::domain::pipeline::{MAX_PIPELINES, MAX_STAGES, Pipeline, Problem};
use crate::store::{cards, pipelines};

/// A changed pipeline, and the event to append last; none where nothing changed.
#[derive(Debug)]
pub struct Changed {
    /// The pipeline after it.
    pub pipeline: Pipeline,
    /// What to tell others.
    pub event: Option<NewEvent>,
}

/// Adds a pipeline behind the others.
///
/// # Errors
/// `LimitReached`, or when the database fails.
pub async fn create(
    tx: &mut Tx,
    by: &By,
    name: String,
    working: Vec<String>,
    language: Language,
) -> Result<Changed, Error> {
    pipelines::lock_order(tx, by.account).await?;
    let others = pipelines::all(tx, by.account).await?;
    if others.len() >= MAX_PIPELINES {
        return Err(Error::LimitReached(MAX_PIPELINES));
    }
    let mut pipeline = Pipeline::new(name, working, language, by.now);
    pipeline.position = others.last().map_or(0, |last| last.position + 1);
    pipelines::insert(tx, by.account, &pipeline).await?;
    let event = Some(events::of_pipeline(by.account, &pipeline, false));
    Ok(Changed { pipeline, event })
}

/// Renames or moves a pipeline.
///
/// # Errors
/// `PipelineNotFound`, `EtagMismatch`, or when the database fails.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: PipelineId,
    name: Option<String>,
    position: Option<usize>,
    etag: &str,
) -> Result<Changed, Error> {
    pipelines::lock_order(tx, by.account).await?;
    let before = locked(tx, by, id).await?;
    if !etag_fits(etag, before.version) {
        return Err(Error::EtagMismatch);
    }
    let mut after = before.clone();
    after.name = name.unwrap_or(after.name);
    if let Some(to) = position {
        after.position = reordered(tx, by, id, to).await?;
    }
    save(tx, by, &before, after).await
}

/// Moves the pipeline among the others; its new place.
async fn reordered(tx: &mut Tx, by: &By, id: PipelineId, to: usize) -> Result<i32, Error> {
    let all = pipelines::all(tx, by.account).await?;
    let mut order: Vec<_> = all
        .iter()
        .map(|other| other.id)
        .filter(|other| *other != id)
        .collect();
    let to = to.min(order.len());
    order.insert(to, id);
    pipelines::reorder(tx, by.account, &order).await?;
    Ok(i32::try_from(to).unwrap_or(i32::MAX))
}

/// Deletes a pipeline without deals.
///
/// # Errors
/// `PipelineNotFound`, `PipelineNotEmpty`, or when the database fails.
pub async fn delete(tx: &mut Tx, by: &By, id: PipelineId) -> Result<NewEvent, Error> {
    pipelines::lock_order(tx, by.account).await?;
    let mut pipeline = locked(tx, by, id).await?;
    // First the rows, then the question: whoever puts a deal on a stage right now is waited for, and seen.
    pipelines::delete(tx, by.account, id).await?;
    let stages: Vec<_> = pipeline.stages.iter().map(|stage| stage.id).collect();
    if cards::in_pipeline(tx, by.account, id, &stages).await? {
        return Err(Error::PipelineNotEmpty(id));
    }
    pipeline.version += 1;
    Ok(events::of_pipeline(by.account, &pipeline, true))
}

/// Adds a working stage.
///
/// # Errors
/// `PipelineNotFound`, `LimitReached`, or when the database fails.
pub async fn add_stage(
    tx: &mut Tx,
    by: &By,
    id: PipelineId,
    name: String,
) -> Result<Changed, Error> {
    let before = locked(tx, by, id).await?;
    let mut after = before.clone();
    after
        .add_stage(name)
        .map_err(|_| Error::LimitReached(MAX_STAGES))?;
    save(tx, by, &before, after).await
}

/// Renames or moves a stage.
///
/// # Errors
/// `StageNotFound`, `StageFixed`, or when the database fails.
pub async fn update_stage(
    tx: &mut Tx,
    by: &By,
    id: StageId,
    name: Option<String>,
    position: Option<usize>,
) -> Result<Changed, Error> {
    let before = locked_of(tx, by, id).await?;
    let mut after = before.clone();
    if let Some(name) = name {
        after
            .rename_stage(id, name)
            .map_err(|problem| refused(problem, id))?;
    }
    if let Some(to) = position {
        after
            .move_stage(id, to)
            .map_err(|problem| refused(problem, id))?;
    }
    save(tx, by, &before, after).await
}

/// Deletes a working stage without deals.
///
/// # Errors
/// `StageNotFound`, `StageFixed`, `StageNotEmpty`, or when the database fails.
pub async fn delete_stage(tx: &mut Tx, by: &By, id: StageId) -> Result<Changed, Error> {
    let before = locked_of(tx, by, id).await?;
    let mut after = before.clone();
    after
        .remove_stage(id)
        .map_err(|problem| refused(problem, id))?;
    let changed = save(tx, by, &before, after).await?;
    // After the row is gone: whoever puts a deal on the stage right now is waited for, and seen.
    if cards::on_stage(tx, by.account, id).await? {
        return Err(Error::StageNotEmpty(id));
    }
    Ok(changed)
}

fn refused(problem: Problem, id: StageId) -> Error {
    match problem {
        Problem::Unknown => Error::StageNotFound(id),
        Problem::Fixed => Error::StageFixed(id),
        Problem::Full => Error::LimitReached(MAX_STAGES),
    }
}

async fn locked(tx: &mut Tx, by: &By, id: PipelineId) -> Result<Pipeline, Error> {
    let pipeline = pipelines::get(tx, by.account, id, true).await?;
    pipeline.ok_or(Error::PipelineNotFound(id))
}

/// The pipeline of a stage, locked.
async fn locked_of(tx: &mut Tx, by: &By, id: StageId) -> Result<Pipeline, Error> {
    let of = pipelines::of_stage(tx, by.account, id).await?;
    let of = of.ok_or(Error::StageNotFound(id))?;
    locked(tx, by, of).await.map_err(|error| match error {
        Error::PipelineNotFound(_) => Error::StageNotFound(id),
        other => other,
    })
}

async fn save(
    tx: &mut Tx,
    by: &By,
    before: &Pipeline,
    mut pipeline: Pipeline,
) -> Result<Changed, Error> {
    if *before == pipeline {
        return Ok(Changed {
            pipeline,
            event: None,
        });
    }
    pipeline.version += 1;
    pipelines::update(tx, by.account, &pipeline).await?;
    let event = Some(events::of_pipeline(by.account, &pipeline, false));
    Ok(Changed { pipeline, event })
}
