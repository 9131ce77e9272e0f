//! Conversations as rules see them.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, ConversationId};
use uuid::Uuid;

use super::{from_json, json};
use crate::domain::client::{Asked, Facts, occasion, occasion_number};

#[derive(FromRow)]
struct Row {
    conversation_id: Uuid,
    number: i64,
    client_key: String,
    facts: serde_json::Value,
    is_group: bool,
    first_message_id: Uuid,
    occasion: i16,
    message_time: OffsetDateTime,
    create_time: OffsetDateTime,
}

impl TryFrom<Row> for Asked {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.conversation_id;
        Ok(Self {
            conversation: id.into(),
            number: row.number,
            client_key: row.client_key,
            facts: from_json(row.facts, "requests", "facts", id)?,
            is_group: row.is_group,
            first_message: row.first_message_id.into(),
            occasion: occasion(row.occasion),
            message_time: row.message_time,
            create_time: row.create_time,
        })
    }
}

macro_rules! columns {
    () => {
        "conversation_id, number, client_key, facts, is_group, first_message_id, occasion, message_time, create_time"
    };
}

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM requests WHERE account_id = $1 AND conversation_id = $2"
);
const BY_NUMBER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM requests WHERE account_id = $1 AND number = $2"
);
const LAST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM requests WHERE account_id = $1 ORDER BY create_time DESC, conversation_id DESC LIMIT $2"
);

/// Keeps what a message says of a request: what was known before stays known. All that is known then.
#[tracing::instrument(level = "debug", name = "db.request.keep", skip_all)]
pub async fn keep(tx: &mut Tx, account: AccountId, asked: &Asked) -> Result<Facts, Error> {
    let facts: serde_json::Value = sqlx::query_scalar(
        "INSERT INTO requests AS r (account_id, conversation_id, number, client_key, facts, is_group, first_message_id, occasion,
                                    message_time, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (account_id, conversation_id) DO UPDATE
            SET facts = r.facts || excluded.facts, occasion = excluded.occasion, message_time = excluded.message_time
         RETURNING facts",
    )
    .bind(account.uuid())
    .bind(asked.conversation.uuid())
    .bind(asked.number)
    .bind(&asked.client_key)
    .bind(json(&asked.facts)?)
    .bind(asked.is_group)
    .bind(asked.first_message.uuid())
    .bind(occasion_number(asked.occasion))
    .bind(asked.message_time)
    .bind(asked.create_time)
    .fetch_one(&mut **tx)
    .await?;
    from_json(facts, "requests", "facts", asked.conversation.uuid())
}

/// A request.
#[tracing::instrument(level = "debug", name = "db.request.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    id: ConversationId,
) -> Result<Option<Asked>, Error> {
    let row: Option<Row> = sqlx::query_as(GET)
        .bind(account.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Asked::try_from).transpose()
}

/// The request of this number.
#[tracing::instrument(level = "debug", name = "db.request.numbered", skip_all)]
pub async fn numbered(
    tx: &mut Tx,
    account: AccountId,
    number: i64,
) -> Result<Option<Asked>, Error> {
    let row: Option<Row> = sqlx::query_as(BY_NUMBER)
        .bind(account.uuid())
        .bind(number)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(Asked::try_from).transpose()
}

/// The last requests, the newest first.
#[tracing::instrument(level = "debug", name = "db.request.last", skip_all)]
pub async fn last(tx: &mut Tx, account: AccountId, limit: i64) -> Result<Vec<Asked>, Error> {
    let rows: Vec<Row> = sqlx::query_as(LAST)
        .bind(account.uuid())
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    rows.into_iter().map(Asked::try_from).collect()
}

/// Deletes up to `limit` requests of clients who have not written since; how many there were.
#[tracing::instrument(level = "debug", name = "db.request.prune", skip_all)]
pub async fn prune(tx: &mut Tx, before: OffsetDateTime, limit: i64) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM requests r USING (SELECT account_id, conversation_id FROM requests WHERE message_time < $1
                                        ORDER BY message_time LIMIT $2) o
          WHERE r.account_id = o.account_id AND r.conversation_id = o.conversation_id",
    )
    .bind(before)
    .bind(limit)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
