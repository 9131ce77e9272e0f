//! The outbox: writing as the last act of a transaction, reading in order.

use pg::{Db, Error, Session, SystemScope, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use types::AccountId;
use uuid::Uuid;

use crate::{Event, Positions, SHARDS, shard_of};

/// Something that happened.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// In which account.
    pub account: AccountId,
    /// To what.
    pub aggregate: Uuid,
    /// Kind of event.
    pub kind: &'static str,
    /// The event itself, encoded.
    pub payload: Vec<u8>,
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Shard of the account.
    pub shard: u16,
    /// Position within it.
    pub position: i64,
}

/// The part of a statement that writes events: a statement that also makes the change saves a round trip. The parameters are
/// the [`Columns`], the trace, and a condition: it is computed first and must hold (`beseda.expect`), so that whatever the
/// statement changed stands before the shards are locked. The part ends with the common table expression `placed`.
#[macro_export]
macro_rules! outbox_ctes {
    ($shards:literal, $accounts:literal, $aggregates:literal, $kinds:literal, $payloads:literal, $trace:literal, $after:literal) => {
        concat!(
            "input AS (
                 SELECT * FROM unnest(",
            $shards, "::smallint[], ", $accounts, "::uuid[], ", $aggregates, "::uuid[], ", $kinds, "::text[], ", $payloads,
            "::bytea[]) WITH ORDINALITY AS t (shard, account_id, aggregate_id, kind, payload, ord)
             ), counts AS (
                 SELECT shard, count(*) AS n FROM input GROUP BY shard
             ), locked AS (
                 -- In order of shard, so that two transactions cannot wait for one another.
                 SELECT s.shard, c.n FROM counts c JOIN outbox_shards s USING (shard)
                  WHERE ", $after, " ORDER BY s.shard FOR UPDATE OF s
             ), moved AS (
                 UPDATE outbox_shards s SET last_position = s.last_position + l.n
                   FROM locked l WHERE s.shard = l.shard
                 RETURNING s.shard, s.last_position - l.n AS base
             ), placed AS (
                 SELECT i.*, m.base + row_number() OVER (PARTITION BY i.shard ORDER BY i.ord) AS position
                   FROM input i JOIN moved m USING (shard)
             ), stored AS (
                 INSERT INTO outbox (shard, position, account_id, aggregate_id, kind, payload, trace_parent)
                 SELECT shard, position, account_id, aggregate_id, kind, payload, ", $trace, " FROM placed
             )"
        )
    };
}

/// Events column by column, for [`outbox_ctes!`].
#[derive(Debug)]
pub struct Columns<'a> {
    /// Shards.
    pub shards: Vec<i16>,
    /// Accounts.
    pub accounts: Vec<Uuid>,
    /// What the events are about.
    pub aggregates: Vec<Uuid>,
    /// Kinds.
    pub kinds: Vec<&'a str>,
    /// Payloads.
    pub payloads: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    /// The columns of events.
    #[must_use]
    pub fn of(events: &'a [NewEvent]) -> Self {
        let each = || events.iter();
        Self {
            shards: each()
                .map(|event| shard_of(event.account).cast_signed())
                .collect(),
            accounts: each().map(|event| event.account.uuid()).collect(),
            aggregates: each().map(|event| event.aggregate).collect(),
            kinds: each().map(|event| event.kind).collect(),
            payloads: each().map(|event| &event.payload[..]).collect(),
        }
    }
}

/// Appends events, in the order given. It locks the shards until the commit: call it last in the transaction, and let
/// nothing but the commit follow, since every other change of the account waits for it.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &mut Tx, events: &[NewEvent]) -> Result<Vec<Place>, Error> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let columns = Columns::of(events);
    let rows = sqlx::query(concat!(
        "WITH ",
        crate::outbox_ctes!("$1", "$2", "$3", "$4", "$5", "$6", "true"),
        " SELECT shard, position FROM placed ORDER BY ord"
    ))
    .bind(columns.shards)
    .bind(columns.accounts)
    .bind(columns.aggregates)
    .bind(columns.kinds)
    .bind(columns.payloads)
    .bind(kit::telemetry::trace_parent())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Place {
                shard: row.try_get::<i16, _>(0)?.cast_unsigned(),
                position: row.try_get(1)?,
            })
        })
        .collect::<Result<_, sqlx::Error>>()
        .map_err(Error::from)
}

/// The newest position of each shard.
///
/// # Errors
/// When the database fails.
pub async fn positions(db: &Db) -> Result<Positions, Error> {
    db.tx(SystemScope::for_job("read outbox positions"), |tx| {
        Box::pin(async move {
            let rows: Vec<(i16, i64)> =
                sqlx::query_as("SELECT shard, last_position FROM outbox_shards")
                    .fetch_all(&mut **tx)
                    .await?;
            let mut positions = [0; SHARDS as usize];
            for (shard, position) in rows {
                if let Some(slot) = positions.get_mut(usize::from(shard.cast_unsigned())) {
                    *slot = position;
                }
            }
            Ok(positions)
        })
    })
    .await
}

/// Up to `limit` events of each named shard after its position, in order of shard and position.
///
/// # Errors
/// When the database fails.
pub async fn read(db: &Db, after: &[Place], limit: i64) -> Result<Vec<Event>, Error> {
    let shards: Vec<i16> = after
        .iter()
        .map(|place| place.shard.cast_signed())
        .collect();
    let positions: Vec<i64> = after.iter().map(|place| place.position).collect();
    db.tx(SystemScope::for_job("read outbox"), move |tx| {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT e.shard, e.position, e.account_id, e.aggregate_id, e.kind, e.payload, e.trace_parent, e.create_time
                   FROM unnest($1::smallint[], $2::bigint[]) AS w (shard, after)
                  CROSS JOIN LATERAL (
                        SELECT * FROM outbox o WHERE o.shard = w.shard AND o.position > w.after
                         ORDER BY o.position LIMIT $3) e
                  ORDER BY e.shard, e.position",
            )
            .bind(shards)
            .bind(positions)
            .bind(limit)
            .fetch_all(&mut **tx)
            .await?;
            Ok(rows.iter().map(event).collect::<Result<_, sqlx::Error>>()?)
        })
    })
    .await
}

/// Up to `limit` events of each shard that has some after the given position, in order of shard and position: all that a
/// relay has to look at after a commit.
///
/// # Errors
/// When the database fails.
pub async fn read_new(
    session: &Session,
    after: &Positions,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    let positions = after.to_vec();
    session
        .run(move |connection| {
            let positions = positions.clone();
            Box::pin(async move {
                let rows = sqlx::query(
                    "SELECT e.shard, e.position, e.account_id, e.aggregate_id, e.kind, e.payload, e.trace_parent, e.create_time
                       FROM outbox_shards s
                       JOIN unnest($1::bigint[]) WITH ORDINALITY AS w (after, ord)
                         ON s.shard = w.ord - 1 AND s.last_position > w.after
                      CROSS JOIN LATERAL (
                            SELECT * FROM outbox o WHERE o.shard = s.shard AND o.position > w.after
                             ORDER BY o.position LIMIT $2) e
                      ORDER BY e.shard, e.position",
                )
                .bind(positions)
                .bind(limit)
                .fetch_all(connection)
                .await?;
                Ok(rows.iter().map(event).collect::<Result<_, sqlx::Error>>()?)
            })
        })
        .await
}

/// Makes the next partitions and drops those older than `keep_days`.
///
/// # Errors
/// When the database fails.
pub async fn rotate(db: &Db, keep_days: i32) -> Result<(), Error> {
    db.tx(SystemScope::for_job("rotate outbox"), move |tx| {
        Box::pin(async move {
            sqlx::query("SELECT outbox_rotate($1)")
                .bind(keep_days)
                .execute(&mut **tx)
                .await?;
            Ok(())
        })
    })
    .await
}

fn event(row: &PgRow) -> Result<Event, sqlx::Error> {
    let time: time::OffsetDateTime = row.try_get("create_time")?;
    Ok(Event {
        shard: u32::from(row.try_get::<i16, _>("shard")?.cast_unsigned()),
        position: row.try_get("position")?,
        account_id: row.try_get::<Uuid, _>("account_id")?.as_bytes().to_vec(),
        aggregate_id: row.try_get::<Uuid, _>("aggregate_id")?.as_bytes().to_vec(),
        kind: row.try_get("kind")?,
        payload: row.try_get::<Vec<u8>, _>("payload")?.into(),
        create_time: Some(kit::time::to_proto(time)),
        trace_parent: row.try_get("trace_parent")?,
    })
}
