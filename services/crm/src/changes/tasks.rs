//! Tasks of employees.

use access::{Action, Entity};
use pg::Tx;
use serde_json::json;
use time::OffsetDateTime;
use types::{TaskId, UserId};

use super::cards::entry;
use super::references::check_user;
use crate::Error;
use crate::core::By;
use crate::domain::etag_fits;
use crate::domain::task::{Outcome, Task, TaskKind};
use crate::domain::timeline::Event;
use crate::store::{cards, tasks, timeline};

/// What can change of a task; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct TaskChange {
    /// Kind.
    pub kind: Option<TaskKind>,
    /// What to do.
    pub text: Option<String>,
    /// Until when.
    pub due_time: Option<OffsetDateTime>,
    /// Who has it.
    pub responsible: Option<UserId>,
}

/// May the caller do this to a task?
#[must_use]
pub fn may(by: &By, action: Action, task: &Task) -> bool {
    by.viewer
        .may_do(Entity::Tasks, action, task.responsible, None)
}

/// Adds a task.
///
/// # Errors
/// `Denied`, `UserNotFound`, `CardNotFound`, or when the database fails.
pub async fn create(tx: &mut Tx, by: &By, task: &Task) -> Result<(), Error> {
    check_user(by, task.responsible)?;
    if !may(by, Action::Create, task) {
        return Err(Error::Denied(Entity::Tasks, Action::Create));
    }
    if let Some(id) = task.card {
        let card = cards::get(tx, by.account, id).await?;
        card.filter(|card| by.viewer.may(Action::View, card))
            .ok_or(Error::CardNotFound(id))?;
    }
    tasks::insert(tx, by.account, task).await?;
    tell(tx, by, task, Event::TaskAdded).await
}

/// Changes an open task.
///
/// # Errors
/// `TaskNotFound`, `Denied`, `TaskCompleted`, `UserNotFound`, `EtagMismatch`, or when the database fails.
pub async fn update(
    tx: &mut Tx,
    by: &By,
    id: TaskId,
    change: TaskChange,
    etag: &str,
) -> Result<Task, Error> {
    let before = locked(tx, by, id, Action::Edit).await?;
    if !etag_fits(etag, before.version) {
        return Err(Error::EtagMismatch);
    }
    if before.outcome.is_some() {
        return Err(Error::TaskCompleted(id));
    }
    let mut after = before.clone();
    after.kind = change.kind.unwrap_or(after.kind);
    after.text = change.text.unwrap_or(after.text);
    after.due_time = change.due_time.unwrap_or(after.due_time);
    if let Some(user) = change.responsible {
        check_user(by, user)?;
        after.responsible = user;
    }
    if after != before {
        after.version += 1;
        tasks::update(tx, by.account, &after).await?;
    }
    Ok(after)
}

/// Completes a task; again changes nothing.
///
/// # Errors
/// `TaskNotFound`, `Denied`, or when the database fails.
pub async fn complete(tx: &mut Tx, by: &By, id: TaskId, result: String) -> Result<Task, Error> {
    let mut task = locked(tx, by, id, Action::Edit).await?;
    if task.outcome.is_some() {
        return Ok(task);
    }
    task.outcome = Some(Outcome {
        result,
        time: by.now,
    });
    task.version += 1;
    tasks::update(tx, by.account, &task).await?;
    tell(tx, by, &task, Event::TaskCompleted).await?;
    Ok(task)
}

/// Deletes a task.
///
/// # Errors
/// `TaskNotFound`, `Denied`, or when the database fails.
pub async fn delete(tx: &mut Tx, by: &By, id: TaskId) -> Result<(), Error> {
    locked(tx, by, id, Action::Delete).await?;
    Ok(tasks::delete(tx, by.account, id).await?)
}

async fn locked(tx: &mut Tx, by: &By, id: TaskId, action: Action) -> Result<Task, Error> {
    let task = tasks::get(tx, by.account, id, true).await?;
    let task = task
        .filter(|task| may(by, Action::View, task))
        .ok_or(Error::TaskNotFound(id))?;
    if may(by, action, &task) {
        Ok(task)
    } else {
        Err(Error::Denied(Entity::Tasks, action))
    }
}

/// Tells it in the timeline of the task's card.
async fn tell(tx: &mut Tx, by: &By, task: &Task, event: Event) -> Result<(), Error> {
    let Some(card) = task.card else { return Ok(()) };
    let result = task.outcome.as_ref().map(|outcome| &outcome.result);
    let told = json!({"task_id": task.id, "text": task.text, "result": result});
    let entry = entry(by, event, "", None, Some(told));
    Ok(timeline::insert(tx, by.account, card, &[entry]).await?)
}
