//! Rows of the list: index ranges in the order of the list, merged. No OR, no offset; what a range does not say is not asked here.
//!
//! Each statement finds places first, from the index alone, and then the rows of one page: with many ranges most places are not
//! shown.

use std::cmp::Reverse;

use auth::AccountScope;
use pg::{Error, Tx};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::{AccountId, ConnectionId, ConversationId, StageId, UserId};
use uuid::Uuid;

use super::{columns, from_row};
use crate::domain::conversation::Conversation;
use crate::domain::plan::{Branch, By};
use crate::store::numbers::{CLOSED, OPEN, of_answer};

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Time of the last row, in nanoseconds since 1970.
    pub time: i128,
    /// Id of the last row.
    pub id: ConversationId,
}

impl Key {
    /// Before every conversation.
    #[must_use]
    pub fn start() -> Self {
        Self {
            time: FAR_FUTURE.unix_timestamp_nanos(),
            id: Uuid::max().into(),
        }
    }

    /// The place of a conversation in the list.
    #[must_use]
    pub fn of(conversation: &Conversation) -> Self {
        Self {
            time: conversation.update_time.unix_timestamp_nanos(),
            id: conversation.id,
        }
    }
}

/// Rows of a list, in its order.
#[derive(Debug)]
pub struct Rows {
    /// The rows.
    pub rows: Vec<Conversation>,
    /// Are there more behind them?
    pub more: bool,
}

/// Up to `limit` rows of the branches after `after`, each once, the latest change first. `owner` is whose favourites are meant.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.conversation.read", skip_all, fields(account.id = %account.account()), err)]
pub async fn read(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    branches: &[Branch],
    after: Key,
    limit: i64,
) -> Result<Rows, Error> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut rows, mut frontier) = (Vec::new(), None);
    for branch in branches {
        let found = of_branch(tx, account, owner, branch, after, limit).await?;
        if let Some(last) = found.last().filter(|_| found.len() == most) {
            // Behind its last row this branch may have more: what others have there has to wait.
            frontier = frontier.max(Some(Key::of(last)));
        }
        rows.extend(found);
    }
    if branches.len() > 1 {
        rows.sort_by_key(|row| Reverse(Key::of(row)));
        rows.dedup_by_key(|row| row.id);
        rows.retain(|row| frontier.is_none_or(|frontier| Key::of(row) >= frontier));
    }
    let more = frontier.is_some() || rows.len() > most;
    rows.truncate(most);
    Ok(Rows { rows, more })
}

async fn of_branch(
    tx: &mut Tx,
    account: AccountScope,
    owner: Uuid,
    branch: &Branch,
    after: Key,
    limit: i64,
) -> Result<Vec<Conversation>, Error> {
    let statement = sqlx::query(text(&branch.by));
    let rows = bound(statement, account.account(), owner, branch, after, limit)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(from_row).collect()
}

/// The statement that reads a branch.
fn text(by: &By) -> &'static str {
    match by {
        By::Account => OF_ACCOUNT,
        By::Favourites => OF_FAVOURITES,
        By::ContactOwners(_) => OF_OWNERS,
        By::Stages(_) => OF_STAGES,
        By::Responsible(_) => OF_RESPONSIBLE,
        By::Connections(_) => OF_CONNECTIONS,
    }
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn bound<'q>(
    statement: Statement<'q>,
    account: AccountId,
    owner: Uuid,
    branch: &Branch,
    after: Key,
    limit: i64,
) -> Statement<'q> {
    fn ids<T: Copy>(of: &[T], uuid: impl Fn(T) -> Uuid) -> Vec<Uuid> {
        of.iter().copied().map(uuid).collect()
    }
    let lives: Vec<i16> = branch.lives.iter().map(|open| life(*open)).collect();
    let answers: Vec<i16> = branch.answers.iter().map(|it| of_answer(*it)).collect();
    let statement = statement
        .bind(account.uuid())
        .bind(time_of(after))
        .bind(after.id.uuid())
        .bind(limit)
        .bind(lives);
    match &branch.by {
        By::Account => statement.bind(answers),
        By::Favourites => statement.bind(owner),
        By::ContactOwners(owners) => statement.bind(ids(owners, UserId::uuid)).bind(answers),
        By::Stages(stages) => statement.bind(ids(stages, StageId::uuid)),
        By::Responsible(users) => statement.bind(ids(users, UserId::uuid)),
        By::Connections(of) => statement.bind(ids(of, ConnectionId::uuid)),
    }
}

fn life(open: bool) -> i16 {
    if open { OPEN } else { CLOSED }
}

/// Later than every row.
const FAR_FUTURE: OffsetDateTime = time::macros::datetime!(9999-01-01 0:00 UTC);

fn time_of(key: Key) -> OffsetDateTime {
    // A token's time was a row's; a forged one only moves the start of the caller's own list.
    OffsetDateTime::from_unix_timestamp_nanos(key.time).unwrap_or(FAR_FUTURE)
}

/// The rows of the places that `$places` finds: account, time and id to begin after, limit.
macro_rules! page {
    ($places:expr) => {
        concat!(
            "WITH page AS MATERIALIZED (",
            $places,
            ") SELECT ",
            columns!(),
            " FROM page p JOIN conversations c ON c.account_id = $1 AND c.id = p.id
              ORDER BY p.update_time DESC, p.id DESC"
        )
    };
}

/// Ranges of an index: `$from` names their beginnings, `$is` says which rows begin so.
macro_rules! ranges {
    ($from:literal, $is:literal) => {
        page!(concat!(
            "SELECT r.id, r.update_time FROM unnest($5::smallint[]) AS l (life) CROSS JOIN ",
            $from,
            " CROSS JOIN LATERAL (
                  SELECT id, update_time FROM conversations
                   WHERE account_id = $1 AND ",
            $is,
            " AND life = l.life AND (update_time, id) < ($2, $3)
                   ORDER BY update_time DESC, id DESC LIMIT $4) r
              ORDER BY r.update_time DESC, r.id DESC LIMIT $4"
        ))
    };
}

const OF_ACCOUNT: &str = ranges!("unnest($6::smallint[]) AS a (answer)", "answer = a.answer");

const OF_OWNERS: &str = ranges!(
    "unnest($6::uuid[]) AS v (id) CROSS JOIN unnest($7::smallint[]) AS a (answer)",
    "contact_owner = v.id AND answer = a.answer"
);

const OF_CONNECTIONS: &str = ranges!("unnest($6::uuid[]) AS v (id)", "connection_id = v.id");

const OF_STAGES: &str = ranges!("unnest($6::uuid[]) AS v (id)", "stage_id = v.id");

const OF_RESPONSIBLE: &str = ranges!("unnest($6::uuid[]) AS v (id)", "responsible = v.id");

/// Nobody has more favourites than can be looked through.
const OF_FAVOURITES: &str = page!(
    "SELECT r.id, r.update_time FROM favourites f
       JOIN conversations r ON r.account_id = f.account_id AND r.id = f.conversation_id
      WHERE f.account_id = $1 AND f.owner_id = $6 AND r.life = ANY ($5) AND (r.update_time, r.id) < ($2, $3)
      ORDER BY r.update_time DESC, r.id DESC LIMIT $4"
);

#[cfg(test)]
mod tests;
