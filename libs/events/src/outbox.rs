//! The outbox: writing as the last act of a transaction, reading in order.

use pg::{Db, Error, SystemScope, Tx};
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

/// Appends events, in the order given. It locks the shards until the commit: call it last in the transaction, and let
/// nothing but the commit follow, since every other change of the account waits for it.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &mut Tx, events: &[NewEvent]) -> Result<Vec<Place>, Error> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let shards: Vec<i16> = events
        .iter()
        .map(|event| shard_of(event.account).cast_signed())
        .collect();
    let accounts: Vec<Uuid> = events.iter().map(|event| event.account.uuid()).collect();
    let aggregates: Vec<Uuid> = events.iter().map(|event| event.aggregate).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind).collect();
    let payloads: Vec<&[u8]> = events.iter().map(|event| &event.payload[..]).collect();
    let rows = sqlx::query(
        "WITH input AS (
             SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[])
                 WITH ORDINALITY AS t (shard, account_id, aggregate_id, kind, payload, ord)
         ), counts AS (
             SELECT shard, count(*) AS n FROM input GROUP BY shard
         ), locked AS (
             -- In order of shard, so that two transactions cannot wait for one another.
             SELECT s.shard, c.n FROM outbox_shards s JOIN counts c USING (shard) ORDER BY s.shard FOR UPDATE OF s
         ), moved AS (
             UPDATE outbox_shards s SET last_position = s.last_position + l.n
               FROM locked l WHERE s.shard = l.shard
             RETURNING s.shard, s.last_position - l.n AS base
         ), placed AS (
             SELECT i.*, m.base + row_number() OVER (PARTITION BY i.shard ORDER BY i.ord) AS position
               FROM input i JOIN moved m USING (shard)
         ), stored AS (
             INSERT INTO outbox (shard, position, account_id, aggregate_id, kind, payload, trace_parent)
             SELECT shard, position, account_id, aggregate_id, kind, payload, $6 FROM placed
         )
         SELECT shard, position FROM placed ORDER BY ord",
    )
    .bind(shards)
    .bind(accounts)
    .bind(aggregates)
    .bind(kinds)
    .bind(payloads)
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
