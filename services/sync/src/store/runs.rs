//! Runs.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, ConversationId, IntegrationId, MessageId, PortalId, RunId};
use uuid::Uuid;

use super::{corrupt, from_json, json};
use crate::domain::run::{Run, State};

#[derive(FromRow)]
struct Row {
    run_id: Uuid,
    integration_id: Uuid,
    integration_name: String,
    portal_id: Option<Uuid>,
    conversation_id: Uuid,
    number: i64,
    message_id: Uuid,
    client_key: String,
    client_name: String,
    state: i16,
    problem: String,
    attempts: i32,
    settings_version: i64,
    request: serde_json::Value,
    known: serde_json::Value,
    plan: serde_json::Value,
    steps: serde_json::Value,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
}

impl TryFrom<Row> for Run {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.run_id;
        Ok(Self {
            id: id.into(),
            integration: row.integration_id.into(),
            integration_name: row.integration_name,
            portal: row.portal_id.map(PortalId::from),
            conversation: row.conversation_id.into(),
            number: row.number,
            message: row.message_id.into(),
            client_key: row.client_key,
            client_name: row.client_name,
            state: State::of_number(row.state).ok_or_else(|| corrupt("runs", "state", id))?,
            problem: row.problem,
            attempts: row.attempts,
            settings_version: row.settings_version,
            request: from_json(row.request, "runs", "request", id)?,
            known: from_json(row.known, "runs", "known", id)?,
            plan: from_json(row.plan, "runs", "plan", id)?,
            steps: from_json(row.steps, "runs", "steps", id)?,
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}

macro_rules! select {
    () => {
        "SELECT run_id, integration_id, integration_name, portal_id, conversation_id, number, message_id, client_key, client_name, state, problem,
                attempts, settings_version, request, known, plan, steps, create_time, update_time FROM runs WHERE account_id = $1"
    };
}
macro_rules! page {
    () => {
        " AND run_id < $2 ORDER BY run_id DESC LIMIT $3"
    };
}

const GET: &str = concat!(select!(), " AND run_id = $2");
const LOCK: &str = concat!(select!(), " AND run_id = $2 FOR NO KEY UPDATE");
const OF_MESSAGE: &str = concat!(select!(), " AND message_id = $2 ORDER BY integration_id");
const LIST: &str = concat!(select!(), page!());
const OF_INTEGRATION: &str = concat!(select!(), " AND integration_id = $4", page!());
const OF_CONVERSATION: &str = concat!(select!(), " AND conversation_id = $4", page!());
const NUMBERED: &str = concat!(select!(), " AND number = $4", page!());
const IN_STATE: &str = concat!(select!(), " AND state = $4", page!());

/// Adds a run.
#[tracing::instrument(level = "debug", name = "db.run.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, run: &Run) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO runs (account_id, run_id, integration_id, integration_name, conversation_id, number, message_id, client_key,
                           client_name, state, problem, attempts, settings_version, request, known, plan, steps, create_time,
                           update_time, portal_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(account.uuid())
    .bind(run.id.uuid())
    .bind(run.integration.uuid())
    .bind(&run.integration_name)
    .bind(run.conversation.uuid())
    .bind(run.number)
    .bind(run.message.uuid())
    .bind(&run.client_key)
    .bind(&run.client_name)
    .bind(run.state.number())
    .bind(&run.problem)
    .bind(run.attempts)
    .bind(run.settings_version)
    .bind(json(&run.request)?)
    .bind(json(&run.known)?)
    .bind(json(&run.plan)?)
    .bind(json(&run.steps)?)
    .bind(run.create_time)
    .bind(run.update_time)
    .bind(run.portal.map(PortalId::uuid))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores how far a run is, and its plan, which may have been made anew.
#[tracing::instrument(level = "debug", name = "db.run.update", skip_all)]
pub async fn update(tx: &mut Tx, account: AccountId, run: &Run) -> Result<(), Error> {
    sqlx::query(
        "UPDATE runs SET state = $3, problem = $4, attempts = $5, settings_version = $6, known = $7, plan = $8, steps = $9,
                update_time = $10
          WHERE account_id = $1 AND run_id = $2",
    )
    .bind(account.uuid())
    .bind(run.id.uuid())
    .bind(run.state.number())
    .bind(&run.problem)
    .bind(run.attempts)
    .bind(run.settings_version)
    .bind(json(&run.known)?)
    .bind(json(&run.plan)?)
    .bind(json(&run.steps)?)
    .bind(run.update_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A run; with `lock` nobody else changes it until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.run.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    id: RunId,
    lock: bool,
) -> Result<Option<Run>, Error> {
    let row: Option<Row> = sqlx::query_as(if lock { LOCK } else { GET })
        .bind(account.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Run::try_from).transpose()
}

/// The runs of a message.
#[tracing::instrument(level = "debug", name = "db.run.of_message", skip_all)]
pub async fn of_message(
    tx: &mut Tx,
    account: AccountId,
    message: MessageId,
) -> Result<Vec<Run>, Error> {
    let rows: Vec<Row> = sqlx::query_as(OF_MESSAGE)
        .bind(account.uuid())
        .bind(message.uuid())
        .fetch_all(&mut **tx)
        .await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// Which runs a list shows.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// All.
    All,
    /// Of an integration.
    Integration(IntegrationId),
    /// Of a conversation.
    Conversation(ConversationId),
    /// Of the conversation with this number.
    Number(i64),
    /// In a state.
    State(State),
}

/// Up to `limit` runs before one, the newest first.
#[tracing::instrument(level = "debug", name = "db.run.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    which: Which,
    before: Option<RunId>,
    limit: i64,
) -> Result<Vec<Run>, Error> {
    let statement = match which {
        Which::All => LIST,
        Which::Integration(_) => OF_INTEGRATION,
        Which::Conversation(_) => OF_CONVERSATION,
        Which::Number(_) => NUMBERED,
        Which::State(_) => IN_STATE,
    };
    let query = sqlx::query_as(statement)
        .bind(account.uuid())
        .bind(before.map_or(Uuid::max(), RunId::uuid))
        .bind(limit);
    let query = match which {
        Which::All => query,
        Which::Integration(id) => query.bind(id.uuid()),
        Which::Conversation(id) => query.bind(id.uuid()),
        Which::Number(number) => query.bind(number),
        Which::State(state) => query.bind(state.number()),
    };
    let rows: Vec<Row> = query.fetch_all(&mut **tx).await?;
    rows.into_iter().map(Run::try_from).collect()
}

/// Deletes up to `limit` runs that were planned before; how many there were.
#[tracing::instrument(level = "debug", name = "db.run.prune", skip_all)]
pub async fn prune(tx: &mut Tx, before: OffsetDateTime, limit: i64) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM runs r USING (SELECT account_id, run_id FROM runs WHERE create_time < $1 ORDER BY create_time LIMIT $2) o
          WHERE r.account_id = o.account_id AND r.run_id = o.run_id",
    )
    .bind(before)
    .bind(limit)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
