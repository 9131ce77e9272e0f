//! The imBox list: index ranges, one for each answer state (and each employee whose contacts are seen), merged. No OR, no offset.

use auth::AccountScope;
use pg::{Error, Tx};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::{ConnectionId, ConversationId};
use uuid::Uuid;

use super::{columns, from_row};
use crate::domain::card::Owners;
use crate::domain::conversation::{Answer, Conversation};
use crate::store::numbers::{CLOSED, OPEN, of_answer};

/// What to list.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Open ones, or closed ones.
    pub open: bool,
    /// Only with this answer state.
    pub answer: Option<Answer>,
    /// Only of this connection.
    pub connection: Option<ConnectionId>,
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Time of the last row, in nanoseconds since 1970.
    pub time: i128,
    /// Id of the last row.
    pub id: ConversationId,
}

impl Key {
    /// The place of a conversation in the list.
    #[must_use]
    pub fn of(conversation: &Conversation) -> Self {
        Self {
            time: conversation.update_time.unix_timestamp_nanos(),
            id: conversation.id,
        }
    }
}

/// Up to `limit` conversations, the latest change first, after `key`.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.conversation.list", skip_all, fields(account.id = %account.account()), err)]
pub async fn list(
    tx: &mut Tx,
    account: AccountScope,
    visible: &Owners,
    filter: &Filter,
    key: Option<Key>,
    limit: i64,
) -> Result<Vec<Conversation>, Error> {
    let owners: Vec<Uuid> = match visible {
        Owners::All => Vec::new(),
        Owners::Only(owners) if owners.is_empty() => return Ok(Vec::new()),
        Owners::Only(owners) => owners.iter().map(|user| user.uuid()).collect(),
    };
    let (time, id) = match key {
        Some(key) => (time_of(key), key.id.uuid()),
        None => (FAR_FUTURE, Uuid::max()),
    };
    let statement = match (visible, filter.connection) {
        (Owners::Only(_), _) => OF_OWNERS,
        (Owners::All, Some(_)) => OF_CONNECTION,
        (Owners::All, None) => OF_ACCOUNT,
    };
    let answers: Vec<i16> = match filter.answer {
        Some(answer) => vec![of_answer(answer)],
        None => vec![of_answer(Answer::Required), of_answer(Answer::NotNeeded)],
    };
    let rows = sqlx::query(statement)
        .bind(account.account().uuid())
        .bind(if filter.open { OPEN } else { CLOSED })
        .bind(answers)
        .bind(time)
        .bind(id)
        .bind(limit)
        .bind(filter.connection.map(ConnectionId::uuid))
        .bind(owners)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(from_row).collect()
}

/// Later than every row.
const FAR_FUTURE: OffsetDateTime = time::macros::datetime!(9999-01-01 0:00 UTC);

fn time_of(key: Key) -> OffsetDateTime {
    // A token's time was a row's; a forged one only moves the start of the caller's own list.
    OffsetDateTime::from_unix_timestamp_nanos(key.time).unwrap_or(FAR_FUTURE)
}

const OF_ACCOUNT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unnest($3::smallint[]) AS wanted (answer)
     CROSS JOIN LATERAL (
           SELECT * FROM conversations r
            WHERE r.account_id = $1 AND r.life = $2 AND r.answer = wanted.answer AND (r.update_time, r.id) < ($4, $5)
              AND $7::uuid IS NULL AND cardinality($8::uuid[]) = 0
            ORDER BY r.update_time DESC, r.id DESC LIMIT $6) c
     ORDER BY c.update_time DESC, c.id DESC LIMIT $6"
);

const OF_OWNERS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unnest($8::uuid[]) AS seen (owner)
     CROSS JOIN unnest($3::smallint[]) AS wanted (answer)
     CROSS JOIN LATERAL (
           SELECT * FROM conversations r
            WHERE r.account_id = $1 AND r.contact_owner = seen.owner AND r.life = $2 AND r.answer = wanted.answer
              AND (r.update_time, r.id) < ($4, $5) AND r.connection_id = coalesce($7, r.connection_id)
            ORDER BY r.update_time DESC, r.id DESC LIMIT $6) c
     ORDER BY c.update_time DESC, c.id DESC LIMIT $6"
);

const OF_CONNECTION: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM conversations c
     WHERE c.account_id = $1 AND c.connection_id = $7 AND c.life = $2 AND c.answer = ANY ($3) AND cardinality($8::uuid[]) = 0
       AND (c.update_time, c.id) < ($4, $5)
     ORDER BY c.update_time DESC, c.id DESC LIMIT $6"
);
