//! Requests that nobody has taken up yet.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, ContactId, ConversationId, DealId, PipelineId, UnsortedId};
use uuid::Uuid;

use super::corrupt;
use crate::domain::card::Messenger;
use crate::domain::unsorted::{Decision, Record, State, Verdict};

#[derive(FromRow)]
struct RecordRow {
    record_id: Uuid,
    title: String,
    source_key: String,
    text: String,
    conversation_id: Option<Uuid>,
    pipeline_id: Option<Uuid>,
    contact_name: String,
    phone: Option<String>,
    email: Option<String>,
    connector_key: Option<String>,
    external_id: Option<String>,
    messenger_name: Option<String>,
    state: i16,
    contact_id: Option<Uuid>,
    deal_id: Option<Uuid>,
    decided_by: Option<String>,
    decide_time: Option<OffsetDateTime>,
    create_time: OffsetDateTime,
}

macro_rules! columns {
    () => {
        "record_id, title, source_key, text, conversation_id, pipeline_id, contact_name, phone, email, connector_key,
         external_id, messenger_name, state, contact_id, deal_id, decided_by, decide_time, create_time"
    };
}

fn state_number(state: State) -> i16 {
    match state {
        State::Pending => 1,
        State::Accepted => 2,
        State::Linked => 3,
        State::Declined => 4,
    }
}

impl RecordRow {
    fn verdict(&self) -> Option<Verdict> {
        let deal = self.deal_id.map(DealId::from);
        match self.state {
            2 => Some(Verdict::Accepted(deal?, self.contact_id?.into())),
            3 => Some(Verdict::Linked(deal?)),
            4 => Some(Verdict::Declined),
            _ => None,
        }
    }
}

impl TryFrom<RecordRow> for Record {
    type Error = Error;

    fn try_from(row: RecordRow) -> Result<Self, Error> {
        let verdict = row.verdict();
        if verdict.is_none() && row.state != state_number(State::Pending) {
            return Err(corrupt("unsorted", "state", row.record_id));
        }
        let decided = row.decided_by.zip(row.decide_time).zip(verdict);
        let messenger = row
            .connector_key
            .zip(row.external_id)
            .zip(row.messenger_name);
        Ok(Self {
            id: row.record_id.into(),
            title: row.title,
            source: row.source_key,
            text: row.text,
            conversation: row.conversation_id.map(ConversationId::from),
            pipeline: row.pipeline_id.map(PipelineId::from),
            contact_name: row.contact_name,
            phone: row.phone,
            email: row.email,
            messenger: messenger.map(|((connector, external_id), name)| Messenger {
                connector,
                external_id,
                name,
            }),
            decision: decided.map(|((by, time), verdict)| Decision { verdict, by, time }),
            create_time: row.create_time,
        })
    }
}

/// Adds a record.
#[tracing::instrument(level = "debug", name = "db.unsorted.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, record: &Record) -> Result<(), Error> {
    let messenger = record.messenger.as_ref();
    sqlx::query(
        "INSERT INTO unsorted (account_id, record_id, title, source_key, text, conversation_id, pipeline_id, contact_name, phone,
                               email, connector_key, external_id, messenger_name, state, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14)",
    )
    .bind(account.uuid())
    .bind(record.id.uuid())
    .bind(&record.title)
    .bind(&record.source)
    .bind(&record.text)
    .bind(record.conversation.map(ConversationId::uuid))
    .bind(record.pipeline.map(PipelineId::uuid))
    .bind(&record.contact_name)
    .bind(&record.phone)
    .bind(&record.email)
    .bind(messenger.map(|messenger| &messenger.connector))
    .bind(messenger.map(|messenger| &messenger.external_id))
    .bind(messenger.map(|messenger| &messenger.name))
    .bind(record.create_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unsorted WHERE account_id = $1 AND record_id = $2"
);
const LOCK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unsorted WHERE account_id = $1 AND record_id = $2 FOR NO KEY UPDATE"
);
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unsorted WHERE account_id = $1 AND state = $2 AND record_id < $3 ORDER BY record_id DESC LIMIT $4"
);
const OF_CONVERSATION: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unsorted WHERE account_id = $1 AND conversation_id = $2 ORDER BY record_id DESC LIMIT $3"
);

/// A record; with `lock` nobody else decides it until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.unsorted.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    id: UnsortedId,
    lock: bool,
) -> Result<Option<Record>, Error> {
    let row: Option<RecordRow> = sqlx::query_as(if lock { LOCK } else { GET })
        .bind(account.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Record::try_from).transpose()
}

/// Up to `limit` records of a state before one, the newest first.
#[tracing::instrument(level = "debug", name = "db.unsorted.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    state: State,
    before: Option<UnsortedId>,
    limit: i64,
) -> Result<Vec<Record>, Error> {
    let rows: Vec<RecordRow> = sqlx::query_as(LIST)
        .bind(account.uuid())
        .bind(state_number(state))
        .bind(before.map_or(Uuid::max(), UnsortedId::uuid))
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    rows.into_iter().map(Record::try_from).collect()
}

/// Up to `limit` records of a conversation, the newest first.
#[tracing::instrument(level = "debug", name = "db.unsorted.of_conversation", skip_all)]
pub async fn of_conversation(
    tx: &mut Tx,
    account: AccountId,
    conversation: ConversationId,
    limit: i64,
) -> Result<Vec<Record>, Error> {
    let rows: Vec<RecordRow> = sqlx::query_as(OF_CONVERSATION)
        .bind(account.uuid())
        .bind(conversation.uuid())
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    rows.into_iter().map(Record::try_from).collect()
}

/// Stores what became of a record that was locked.
#[tracing::instrument(level = "debug", name = "db.unsorted.decide", skip_all)]
pub async fn decide(tx: &mut Tx, account: AccountId, record: &Record) -> Result<(), Error> {
    let decision = record.decision.as_ref();
    sqlx::query(
        "UPDATE unsorted SET state = $3, contact_id = $4, deal_id = $5, decided_by = $6, decide_time = $7
          WHERE account_id = $1 AND record_id = $2",
    )
    .bind(account.uuid())
    .bind(record.id.uuid())
    .bind(state_number(record.state()))
    .bind(record.contact().map(ContactId::uuid))
    .bind(record.deal().map(DealId::uuid))
    .bind(decision.map(|decision| &decision.by))
    .bind(decision.map(|decision| decision.time))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
