//! Lists of cards by rights: parts of the account's cards, each read in order by an index of its own and joined with UNION ALL.
//! One OR over the same conditions would read the whole account.

use pg::{Error, Tx};
use serde::{Deserialize, Serialize};
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use time::OffsetDateTime;
use types::{AccountId, StageId, UserId};
use uuid::Uuid;

use super::row::{columns, from_row, kind_number};
use crate::domain::card::Card;
use crate::domain::ids::Kind;
use crate::domain::reach::Reach;

/// Where a page ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Key {
    /// `update_time` of the last card, in microseconds since 1970.
    time: i64,
    id: Uuid,
}

impl Key {
    /// After this card.
    #[must_use]
    pub fn after(card: &Card) -> Self {
        let micros = card.update_time.unix_timestamp_nanos() / 1000;
        Self {
            time: i64::try_from(micros).unwrap_or(i64::MAX),
            id: card.id.uuid(),
        }
    }

    /// As the database compares it; without a key, after every row.
    pub(super) fn bounds(key: Option<Self>) -> (OffsetDateTime, Uuid) {
        let Some(key) = key else {
            return (FAR_FUTURE, Uuid::max());
        };
        // A token's time was a row's; a forged one only moves the start of the caller's own list.
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(key.time) * 1000);
        (time.unwrap_or(FAR_FUTURE), key.id)
    }
}

/// Later than every row.
const FAR_FUTURE: OffsetDateTime = time::macros::datetime!(9999-01-01 0:00 UTC);
/// Earlier than every row.
pub(in crate::store) const FAR_PAST: OffsetDateTime = time::macros::datetime!(0001-01-01 0:00 UTC);

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Query {
    /// Kind of card.
    pub kind: Kind,
    /// Which cards of it the viewer may see.
    pub reach: Reach,
    /// Who looks, for subscriptions.
    pub viewer: Option<UserId>,
    /// Only with this responsible employee.
    pub responsible: Option<UserId>,
    /// Only changed then or later.
    pub since: Option<OffsetDateTime>,
    /// After this card.
    pub after: Option<Key>,
    /// How many at most.
    pub limit: i64,
}

/// The page part of every branch: order, place, limit.
macro_rules! page {
    () => {
        " AND k.account_id = $1 AND k.kind = $2 AND k.delete_time IS NULL
          AND (k.update_time, k.card_id) < ($3, $4) AND k.update_time >= $5
        ORDER BY k.update_time DESC, k.card_id DESC LIMIT $6"
    };
}

/// The page is cut before the cards are read, and each is read by its key: `OFFSET 0` keeps the planner, which expects thousands of rows
/// from the arrays, from reading the whole table for a hash join.
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT * FROM (
        (SELECT k.card_id, k.update_time FROM cards k WHERE $7::boolean",
    page!(),
    ")
        UNION ALL
        (SELECT b.* FROM unnest($8::uuid[]) AS s (id) CROSS JOIN LATERAL (
            SELECT k.card_id, k.update_time FROM cards k WHERE k.stage_id = s.id",
    page!(),
    ") b)
        UNION ALL
        (SELECT b.* FROM unnest($9::uuid[]) AS u (id) CROSS JOIN LATERAL (
            SELECT k.card_id, k.update_time FROM cards k WHERE k.responsible_user_id = u.id",
    page!(),
    ") b)
        UNION ALL
        (SELECT b.* FROM unnest($10::uuid[]) AS s (id) CROSS JOIN unnest($11::uuid[]) AS u (id) CROSS JOIN LATERAL (
            SELECT k.card_id, k.update_time FROM cards k WHERE k.stage_id = s.id AND k.responsible_user_id = u.id",
    page!(),
    ") b)
        UNION ALL
        (SELECT k.card_id, k.update_time FROM followers f JOIN cards k USING (account_id, card_id)
          WHERE f.account_id = $1 AND f.user_id = $12 AND ($13::uuid[] IS NULL OR k.stage_id = ANY ($13))
            AND ($14::uuid IS NULL OR k.responsible_user_id = $14)",
    page!(),
    ")
      ) AS branches ORDER BY update_time DESC, card_id DESC LIMIT $6) AS found
     CROSS JOIN LATERAL (SELECT * FROM cards o WHERE o.account_id = $1 AND o.card_id = found.card_id OFFSET 0) AS c
     ORDER BY c.update_time DESC, c.card_id DESC"
);

/// The parts of a reach, each in the branch that reads it.
#[derive(Debug, Default)]
struct Branches {
    whole: bool,
    stages: Vec<Uuid>,
    owners: Vec<Uuid>,
    pair_stages: Vec<Uuid>,
    pair_owners: Vec<Uuid>,
}

impl Branches {
    fn of(reach: &Reach) -> Self {
        let mut branches = Self::default();
        for part in &reach.parts {
            let stages = part
                .stages
                .as_ref()
                .map(|stages| uuids(stages, StageId::uuid));
            let owners = part
                .responsible
                .as_ref()
                .map(|users| uuids(users, UserId::uuid));
            match (stages, owners) {
                (None, None) => branches.whole = true,
                (Some(stages), None) => branches.stages = stages,
                (None, Some(owners)) => branches.owners = owners,
                (Some(stages), Some(owners)) => {
                    (branches.pair_stages, branches.pair_owners) = (stages, owners);
                }
            }
        }
        branches
    }
}

fn uuids<T: Copy>(ids: &[T], uuid: impl Fn(T) -> Uuid) -> Vec<Uuid> {
    ids.iter().map(|id| uuid(*id)).collect()
}

/// A page of cards, the last changed first.
#[tracing::instrument(level = "debug", name = "db.card.list", skip_all)]
pub async fn list(tx: &mut Tx, account: AccountId, query: &Query) -> Result<Vec<Card>, Error> {
    let rows = bound(sqlx::query(LIST), account, query)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(from_row).collect()
}

/// The statement with what is wanted.
fn bound<'q>(
    statement: sqlx::query::Query<'q, Postgres, PgArguments>,
    account: AccountId,
    query: &Query,
) -> sqlx::query::Query<'q, Postgres, PgArguments> {
    let (time, id) = Key::bounds(query.after);
    let branches = Branches::of(&query.reach);
    let follower = query.viewer.filter(|_| query.reach.followed.is_some());
    let followed = query.reach.followed.clone().flatten();
    statement
        .bind(account.uuid())
        .bind(kind_number(query.kind))
        .bind(time)
        .bind(id)
        .bind(query.since.unwrap_or(FAR_PAST))
        .bind(query.limit)
        .bind(branches.whole)
        .bind(branches.stages)
        .bind(branches.owners)
        .bind(branches.pair_stages)
        .bind(branches.pair_owners)
        .bind(follower.map(UserId::uuid))
        .bind(followed.map(|stages| uuids(&stages, StageId::uuid)))
        .bind(query.responsible.map(UserId::uuid))
}

#[cfg(test)]
mod tests;
