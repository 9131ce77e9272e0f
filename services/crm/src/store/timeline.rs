//! What happened to cards.

use pg::{Error, Tx};
use serde_json::Value;
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, TimelineEntryId};
use uuid::Uuid;

use super::corrupt;
use crate::domain::ids::CardId;
use crate::domain::timeline::{Author, Entry, Event};

const EVENTS: [(Event, i16); 16] = [
    (Event::Created, 1),
    (Event::FieldChanged, 2),
    (Event::StageChanged, 3),
    (Event::ResponsibleChanged, 4),
    (Event::FollowerAdded, 5),
    (Event::FollowerRemoved, 6),
    (Event::Deleted, 7),
    (Event::TagsChanged, 8),
    (Event::TaskAdded, 9),
    (Event::TaskCompleted, 10),
    (Event::Merged, 11),
    (Event::MergedInto, 12),
    (Event::Unmerged, 13),
    (Event::Erased, 14),
    (Event::MessageSent, 15),
    (Event::Call, 16),
];

/// A kind of event as the database numbers it.
pub fn number(event: Event) -> i16 {
    let known = EVENTS.iter().find(|(known, _)| *known == event);
    known.map_or(0, |(_, number)| *number)
}

#[derive(FromRow)]
pub(super) struct EntryRow {
    entry_id: Uuid,
    kind: i16,
    author_id: String,
    author_name: String,
    field: String,
    before: Option<Value>,
    after: Option<Value>,
    create_time: OffsetDateTime,
}

impl TryFrom<EntryRow> for Entry {
    type Error = Error;

    fn try_from(row: EntryRow) -> Result<Self, Error> {
        let event = EVENTS.iter().find(|(_, number)| *number == row.kind);
        let (event, _) = event.ok_or_else(|| corrupt("timeline", "kind", row.entry_id))?;
        Ok(Self {
            id: row.entry_id.into(),
            event: *event,
            author: Author {
                id: row.author_id,
                name: row.author_name,
            },
            field: row.field,
            before: row.before,
            after: row.after,
            time: row.create_time,
        })
    }
}

/// Adds what happened to a card, unless an entry with this id is there.
#[tracing::instrument(level = "debug", name = "db.timeline.insert", skip_all)]
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    card: CardId,
    entries: &[Entry],
) -> Result<(), Error> {
    for entry in entries {
        sqlx::query(
            "INSERT INTO timeline (account_id, card_id, entry_id, kind, author_id, author_name, field, before, after, create_time)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (account_id, card_id, entry_id) DO NOTHING",
        )
        .bind(account.uuid())
        .bind(card.uuid())
        .bind(entry.id.uuid())
        .bind(number(entry.event))
        .bind(&entry.author.id)
        .bind(&entry.author.name)
        .bind(&entry.field)
        .bind(&entry.before)
        .bind(&entry.after)
        .bind(entry.time)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Up to `limit` entries of a card before one, the newest first, without those of `hidden` fields.
#[tracing::instrument(level = "debug", name = "db.timeline.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    card: CardId,
    hidden: &[String],
    before: Option<TimelineEntryId>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT entry_id, kind, author_id, author_name, field, before, after, create_time FROM timeline
          WHERE account_id = $1 AND card_id = $2 AND entry_id < $3 AND field <> ALL ($4)
          ORDER BY entry_id DESC LIMIT $5",
    )
    .bind(account.uuid())
    .bind(card.uuid())
    .bind(before.map_or(Uuid::max(), TimelineEntryId::uuid))
    .bind(hidden)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Entry::try_from).collect()
}
