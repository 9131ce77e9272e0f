//! Tasks.

use pg::{Error, Tx};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use types::{AccountId, ContactId, TaskId, UserId};
use uuid::Uuid;

use super::cards::{kind, kind_number};
use super::corrupt;
use crate::domain::ids::CardId;
use crate::domain::task::{Outcome, Task, TaskKind};

const KINDS: [(TaskKind, i16); 5] = [
    (TaskKind::FollowUp, 1),
    (TaskKind::Call, 2),
    (TaskKind::Meeting, 3),
    (TaskKind::Letter, 4),
    (TaskKind::Other, 5),
];

fn task_kind_number(kind: TaskKind) -> i16 {
    let known = KINDS.iter().find(|(known, _)| *known == kind);
    known.map_or(0, |(_, number)| *number)
}

macro_rules! columns {
    () => {
        "t.task_id, t.kind, t.text, t.due_time, t.responsible_user_id, t.card_id, t.card_kind, t.integration_key,
         t.complete_time, t.result, t.version, t.create_time"
    };
}

fn from_row(row: &PgRow) -> Result<Task, Error> {
    let uuid: Uuid = row.try_get("task_id")?;
    let number: i16 = row.try_get("kind")?;
    let known = KINDS.iter().find(|(_, known)| *known == number);
    let (task_kind, _) = known.ok_or_else(|| corrupt("tasks", "kind", uuid))?;
    let complete_time: Option<OffsetDateTime> = row.try_get("complete_time")?;
    let result: String = row.try_get("result")?;
    Ok(Task {
        id: uuid.into(),
        kind: *task_kind,
        text: row.try_get("text")?,
        due_time: row.try_get("due_time")?,
        responsible: row.try_get::<Uuid, _>("responsible_user_id")?.into(),
        card: card(row)?,
        integration: row.try_get("integration_key")?,
        outcome: complete_time.map(|time| Outcome { result, time }),
        version: row.try_get("version")?,
        create_time: row.try_get("create_time")?,
    })
}

fn card(row: &PgRow) -> Result<Option<CardId>, Error> {
    let id: Option<Uuid> = row.try_get("card_id")?;
    let number: Option<i16> = row.try_get("card_kind")?;
    let Some((id, number)) = id.zip(number) else {
        return Ok(None);
    };
    let kind = kind(number).ok_or_else(|| corrupt("tasks", "card_kind", id))?;
    Ok(Some(kind.id(id)))
}

/// Where a page ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Key {
    /// `due_time` of the last task, in microseconds since 1970.
    time: i64,
    id: Uuid,
}

impl Key {
    /// After this task.
    #[must_use]
    pub fn after(task: &Task) -> Self {
        let micros = task.due_time.unix_timestamp_nanos() / 1000;
        Self {
            time: i64::try_from(micros).unwrap_or(i64::MAX),
            id: task.id.uuid(),
        }
    }

    fn bounds(key: Option<Self>) -> (OffsetDateTime, Uuid) {
        let Some(key) = key else {
            return (super::cards::list::FAR_PAST, Uuid::nil());
        };
        // A token's time was a row's; a forged one only moves the start of the caller's own list.
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(key.time) * 1000);
        (time.unwrap_or(super::cards::list::FAR_PAST), key.id)
    }
}

/// Adds a task.
#[tracing::instrument(level = "debug", name = "db.task.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, task: &Task) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO tasks (account_id, task_id, kind, text, due_time, responsible_user_id, card_id, card_kind,
                            integration_key, completed, complete_time, result, version, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, false, NULL, '', $10, $11)",
    )
    .bind(account.uuid())
    .bind(task.id.uuid())
    .bind(task_kind_number(task.kind))
    .bind(&task.text)
    .bind(task.due_time)
    .bind(task.responsible.uuid())
    .bind(task.card.map(CardId::uuid))
    .bind(task.card.map(|card| kind_number(card.kind())))
    .bind(&task.integration)
    .bind(task.version)
    .bind(task.create_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tasks t WHERE t.account_id = $1 AND t.task_id = $2"
);
const LOCK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tasks t WHERE t.account_id = $1 AND t.task_id = $2 FOR NO KEY UPDATE"
);

/// A task; with `lock` nobody else changes it until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.task.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    id: TaskId,
    lock: bool,
) -> Result<Option<Task>, Error> {
    let row = sqlx::query(if lock { LOCK } else { GET })
        .bind(account.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Stores what can change of a task that was locked.
#[tracing::instrument(level = "debug", name = "db.task.update", skip_all)]
pub async fn update(tx: &mut Tx, account: AccountId, task: &Task) -> Result<(), Error> {
    let outcome = task.outcome.as_ref();
    sqlx::query(
        "UPDATE tasks SET kind = $3, text = $4, due_time = $5, responsible_user_id = $6, completed = $7,
                complete_time = $8, result = $9, version = $10
          WHERE account_id = $1 AND task_id = $2",
    )
    .bind(account.uuid())
    .bind(task.id.uuid())
    .bind(task_kind_number(task.kind))
    .bind(&task.text)
    .bind(task.due_time)
    .bind(task.responsible.uuid())
    .bind(outcome.is_some())
    .bind(outcome.map(|outcome| outcome.time))
    .bind(outcome.map_or("", |outcome| &outcome.result))
    .bind(task.version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a task.
#[tracing::instrument(level = "debug", name = "db.task.delete", skip_all)]
pub async fn delete(tx: &mut Tx, account: AccountId, id: TaskId) -> Result<(), Error> {
    sqlx::query("DELETE FROM tasks WHERE account_id = $1 AND task_id = $2")
        .bind(account.uuid())
        .bind(id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The page part of every branch.
macro_rules! page {
    () => {
        " AND t.account_id = $1 AND t.completed = $2 AND (t.due_time, t.task_id) > ($3, $4)
        ORDER BY t.due_time, t.task_id LIMIT $5"
    };
}

const LIST: &str = concat!(
    "SELECT t.* FROM (
        (SELECT ",
    columns!(),
    " FROM tasks t WHERE $6::boolean",
    page!(),
    ")
        UNION ALL
        (SELECT b.* FROM unnest($7::uuid[]) AS u (id) CROSS JOIN LATERAL (
            SELECT ",
    columns!(),
    " FROM tasks t WHERE t.responsible_user_id = u.id",
    page!(),
    ") b)
      ) AS t ORDER BY t.due_time, t.task_id LIMIT $5"
);

const OF_CARD: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tasks t WHERE t.card_id = $6 AND ($7 = '' OR t.integration_key = $7)",
    page!()
);

/// A page of the tasks of these employees, or of all, the earliest due first.
#[tracing::instrument(level = "debug", name = "db.task.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    completed: bool,
    owners: Option<&[UserId]>,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Task>, Error> {
    let (time, id) = Key::bounds(after);
    let users: Vec<Uuid> = owners
        .unwrap_or_default()
        .iter()
        .map(|user| user.uuid())
        .collect();
    let rows = sqlx::query(LIST)
        .bind(account.uuid())
        .bind(completed)
        .bind(time)
        .bind(id)
        .bind(limit)
        .bind(owners.is_none())
        .bind(users)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(from_row).collect()
}

/// A page of the tasks of a card, whoever may view them; of one integration, or (empty) of all.
#[tracing::instrument(level = "debug", name = "db.task.of_card", skip_all)]
pub async fn of_card(
    tx: &mut Tx,
    account: AccountId,
    (card, integration): (CardId, &str),
    completed: bool,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Task>, Error> {
    let (time, id) = Key::bounds(after);
    let rows = sqlx::query(OF_CARD)
        .bind(account.uuid())
        .bind(completed)
        .bind(time)
        .bind(id)
        .bind(limit)
        .bind(card.uuid())
        .bind(integration)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(from_row).collect()
}

/// Has one of these cards an open task of the integration?
#[tracing::instrument(level = "debug", name = "db.task.any_open", skip_all)]
pub async fn any_open(
    tx: &mut Tx,
    account: AccountId,
    cards: &[CardId],
    integration: &str,
) -> Result<bool, Error> {
    let cards: Vec<Uuid> = cards.iter().map(|card| card.uuid()).collect();
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM unnest($2::uuid[]) AS w (id) CROSS JOIN LATERAL (
                SELECT FROM tasks t WHERE t.account_id = $1 AND t.card_id = w.id AND NOT t.completed
                   AND t.integration_key = $3 LIMIT 1) t)",
    )
    .bind(account.uuid())
    .bind(cards)
    .bind(integration)
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// Gives the tasks of contacts to another one; they, with whose they were.
#[tracing::instrument(level = "debug", name = "db.task.give", skip_all)]
pub async fn give(
    tx: &mut Tx,
    account: AccountId,
    from: &[ContactId],
    to: ContactId,
) -> Result<Vec<(TaskId, ContactId)>, Error> {
    let from: Vec<Uuid> = from.iter().map(|contact| contact.uuid()).collect();
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "UPDATE tasks t SET card_id = $3, version = t.version + 1 FROM unnest($2::uuid[]) AS w (id)
          WHERE t.account_id = $1 AND t.card_id = w.id RETURNING t.task_id, w.id",
    )
    .bind(account.uuid())
    .bind(from)
    .bind(to.uuid())
    .fetch_all(&mut **tx)
    .await?;
    let given = rows.into_iter();
    Ok(given
        .map(|(task, whose)| (task.into(), whose.into()))
        .collect())
}

/// Gives tasks of a contact back to whose they were; how many there are still.
#[tracing::instrument(level = "debug", name = "db.task.give_back", skip_all)]
pub async fn give_back(
    tx: &mut Tx,
    account: AccountId,
    from: ContactId,
    to: &[(TaskId, ContactId)],
) -> Result<usize, Error> {
    let (tasks, whose): (Vec<Uuid>, Vec<Uuid>) = to
        .iter()
        .map(|(task, whose)| (task.uuid(), whose.uuid()))
        .unzip();
    let done = sqlx::query(
        "UPDATE tasks t SET card_id = w.whose, version = t.version + 1 FROM unnest($3::uuid[], $4::uuid[]) AS w (task, whose)
          WHERE t.account_id = $1 AND t.task_id = w.task AND t.card_id = $2",
    )
    .bind(account.uuid())
    .bind(from.uuid())
    .bind(tasks)
    .bind(whose)
    .execute(&mut **tx)
    .await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}
