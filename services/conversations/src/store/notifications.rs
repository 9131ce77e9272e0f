//! Feeds of what is new (CNV-02), and how far they are read.

use auth::AccountScope;
use events::shard_of;
use pg::{Db, Error, SystemScope, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;
use types::{AccountId, ConversationId, MessageId, UserId};
use uuid::Uuid;

use crate::domain::notification::{Entry, Kind};
use crate::store::numbers::{corrupt, of_notification, to_notification};

/// Its name among the consumers.
pub const CONSUMER: &str = "notifications";

/// How long entries are kept.
const KEPT: time::Duration = time::Duration::days(30);

/// What an event says that is new.
#[derive(Debug, Clone, Copy)]
pub struct News {
    /// Account.
    pub account: AccountId,
    /// Conversation.
    pub conversation: ConversationId,
    /// What happened.
    pub kind: Kind,
    /// Place of the event.
    pub position: i64,
    /// The client's message and its place in the chat.
    pub message: Option<(MessageId, i64)>,
    /// Who was responsible before the cards changed.
    pub previously_responsible: Option<UserId>,
    /// When.
    pub time: OffsetDateTime,
}

/// Adds what is new to the feeds of whom it concerns now. What comes twice, or late, changes nothing.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.notification.add", skip_all, fields(count = news.len()), err)]
pub async fn add(tx: &mut Tx, news: &[News]) -> Result<(), Error> {
    if news.is_empty() {
        return Ok(());
    }
    fn column<T>(news: &[News], value: impl Fn(&News) -> T) -> Vec<T> {
        news.iter().map(value).collect()
    }
    sqlx::query(
        "INSERT INTO notifications AS n (account_id, audience, conversation_id, kind, position, message_id, seq, create_time)
         SELECT e.account_id, a.audience, e.conversation_id, e.kind, e.position, e.message_id, e.seq, e.time
           FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::bigint[], $5::uuid[], $6::bigint[], $7::uuid[], $8::timestamptz[])
                AS e (account_id, conversation_id, kind, position, message_id, seq, previous, time)
           JOIN conversations c ON c.account_id = e.account_id AND c.id = e.conversation_id
           CROSS JOIN LATERAL (
                SELECT c.responsible AS audience WHERE c.responsible IS NOT NULL AND (e.kind <> $9 OR c.responsible IS DISTINCT FROM e.previous)
                 UNION
                SELECT f.id FROM cards d CROSS JOIN unnest(d.followers) AS f (id)
                 WHERE d.account_id = c.account_id AND d.id = c.card_id AND NOT d.deleted AND e.kind <> $9
                 UNION
                SELECT p.user_id FROM participants p
                 WHERE p.account_id = c.account_id AND p.conversation_id = c.id AND c.responsible IS NULL AND e.kind <> $9
                 UNION
                SELECT $10 WHERE c.responsible IS NULL AND e.kind <> $9 AND NOT (SELECT EXISTS (
                       SELECT FROM participants p WHERE p.account_id = c.account_id AND p.conversation_id = c.id))) a
          ORDER BY e.account_id, a.audience, e.conversation_id, e.kind
             ON CONFLICT (account_id, audience, conversation_id, kind) DO UPDATE
            SET position = excluded.position, message_id = excluded.message_id, seq = excluded.seq, create_time = excluded.create_time
          WHERE n.position < excluded.position",
    )
    .bind(column(news, |it| it.account.uuid()))
    .bind(column(news, |it| it.conversation.uuid()))
    .bind(column(news, |it| of_notification(it.kind)))
    .bind(column(news, |it| it.position))
    .bind(column(news, |it| it.message.map(|(id, _)| id.uuid())))
    .bind(column(news, |it| it.message.map(|(_, seq)| seq)))
    .bind(column(news, |it| it.previously_responsible.map(UserId::uuid)))
    .bind(column(news, |it| it.time))
    .bind(of_notification(Kind::Assigned))
    .bind(Uuid::nil())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A part of a feed.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Entries before this place.
    pub before: i64,
    /// Entries after this place.
    pub after: i64,
}

/// Up to `limit` entries for `reader` and of those for everybody, the newest first, each place once; and whether more may follow.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.notification.read", skip_all, fields(account.id = %scope.account()), err)]
pub async fn read(
    tx: &mut Tx,
    scope: AccountScope,
    reader: Uuid,
    span: Span,
    limit: i64,
) -> Result<(Vec<Entry>, bool), Error> {
    let rows = sqlx::query(
        "SELECT r.audience, r.conversation_id, r.kind, r.position, r.message_id, r.seq, r.create_time
           FROM unnest(ARRAY[$2, $3]::uuid[]) AS a (id) CROSS JOIN LATERAL (
                SELECT n.* FROM notifications n
                 WHERE n.account_id = $1 AND n.audience = a.id AND n.position < $4 AND n.position > $5
                 ORDER BY n.position DESC LIMIT $6) r
          ORDER BY r.position DESC, r.audience DESC LIMIT $6",
    )
    .bind(scope.account().uuid())
    .bind(reader)
    .bind(Uuid::nil())
    .bind(span.before)
    .bind(span.after)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let more = i64::try_from(rows.len()).is_ok_and(|found| found == limit);
    let mut entries = rows.iter().map(entry).collect::<Result<Vec<_>, Error>>()?;
    entries.dedup_by_key(|entry| entry.position);
    Ok((entries, more))
}

fn entry(row: &PgRow) -> Result<Entry, Error> {
    let conversation: Uuid = row.try_get("conversation_id")?;
    let kind = to_notification(row.try_get("kind")?);
    let message: Option<Uuid> = row.try_get("message_id")?;
    let seq: Option<i64> = row.try_get("seq")?;
    Ok(Entry {
        position: row.try_get("position")?,
        kind: kind.ok_or_else(|| corrupt("notifications", "kind", conversation))?,
        conversation: conversation.into(),
        message: message.map(MessageId::from).zip(seq),
        time: row.try_get("create_time")?,
        for_everybody: row.try_get::<Uuid, _>("audience")?.is_nil(),
    })
}

/// Up to where a reader has read; before every entry for who has read none.
///
/// # Errors
/// When the database fails.
pub async fn mark(tx: &mut Tx, scope: AccountScope, reader: Uuid) -> Result<i64, Error> {
    let mark: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM notification_marks WHERE account_id = $1 AND reader_id = $2",
    )
    .bind(scope.account().uuid())
    .bind(reader)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(mark.unwrap_or_default())
}

/// Marks as read up to a place, if that is farther than before; true if it is. What has not happened yet cannot be read.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.notification.set_mark", skip_all, fields(account.id = %scope.account()), err)]
pub async fn set_mark(
    tx: &mut Tx,
    scope: AccountScope,
    reader: Uuid,
    position: i64,
) -> Result<bool, Error> {
    let moved = sqlx::query(
        "INSERT INTO notification_marks AS m (account_id, reader_id, position)
         SELECT $1, $2, least($3, s.last_position) FROM outbox_shards s WHERE s.shard = $4
             ON CONFLICT (account_id, reader_id) DO UPDATE SET position = excluded.position WHERE m.position < excluded.position",
    )
    .bind(scope.account().uuid())
    .bind(reader)
    .bind(position)
    .bind(shard_of(scope.account()).cast_signed())
    .execute(&mut **tx)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Up to which event the feeds of an account are filled.
///
/// # Errors
/// When the database fails.
pub async fn filled(tx: &mut Tx, scope: AccountScope) -> Result<i64, Error> {
    let position: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM consumer_positions WHERE source = $1 AND shard = $2",
    )
    .bind(CONSUMER)
    .bind(shard_of(scope.account()).cast_signed())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(position.unwrap_or_default())
}

/// Deletes old entries, a thousand at a time; returns how many went.
///
/// # Errors
/// When the database fails.
pub async fn prune(db: &Db, now: OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("prune notifications"), move |tx| {
        Box::pin(async move {
            let deleted = sqlx::query(
                "DELETE FROM notifications WHERE ctid = ANY (ARRAY (
                     SELECT ctid FROM notifications WHERE create_time < $1 LIMIT 1000))",
            )
            .bind(now - KEPT)
            .execute(&mut **tx)
            .await?;
            Ok(deleted.rows_affected())
        })
    })
    .await
}
