//! Portals, who may connect them, and what happened to their connections.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, Clock, PortalId};
use uuid::Uuid;

use super::portal_calls::SPACING;
use crate::domain::portal::{Event, EventKind, Portal, State};

/// How many events are told.
const EVENTS: i64 = 50;

#[derive(FromRow)]
struct Row {
    portal_id: Uuid,
    host: String,
    name: String,
    state: i16,
    problem: String,
    connected_by: String,
    connect_time: OffsetDateTime,
    create_time: OffsetDateTime,
}

impl From<Row> for Portal {
    fn from(row: Row) -> Self {
        Self {
            id: row.portal_id.into(),
            host: row.host,
            name: row.name,
            state: State::of_number(row.state),
            problem: row.problem,
            connected_by: row.connected_by,
            connect_time: row.connect_time,
            create_time: row.create_time,
        }
    }
}

macro_rules! select {
    () => {
        "SELECT portal_id, host, name, state, problem, connected_by, connect_time, create_time FROM portals WHERE account_id = $1"
    };
}

const GET: &str = concat!(select!(), " AND portal_id = $2");
const SHARE: &str = concat!(select!(), " AND portal_id = $2 FOR SHARE");
const LOCK: &str = concat!(select!(), " AND portal_id = $2 FOR UPDATE");
const ALL: &str = concat!(select!(), " ORDER BY portal_id");

/// How long a portal stays as it was read.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// Not at all.
    Read,
    /// Nobody changes it until the transaction ends.
    Shared,
    /// The same, and nobody else relies on it.
    Locked,
}

/// A portal.
#[tracing::instrument(level = "debug", name = "db.portal.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    until: Until,
) -> Result<Option<Portal>, Error> {
    let statement = match until {
        Until::Read => GET,
        Until::Shared => SHARE,
        Until::Locked => LOCK,
    };
    let row: Option<Row> = sqlx::query_as(statement)
        .bind(account.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(Portal::from))
}

/// All of an account, the oldest first: at most as many as an account may have.
#[tracing::instrument(level = "debug", name = "db.portal.all", skip_all)]
pub async fn all(tx: &mut Tx, account: AccountId) -> Result<Vec<Portal>, Error> {
    let rows: Vec<Row> = sqlx::query_as(ALL)
        .bind(account.uuid())
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(Portal::from).collect())
}

/// The portal that amoCRM knows by this id.
#[tracing::instrument(level = "debug", name = "db.portal.known", skip_all)]
pub async fn known(
    tx: &mut Tx,
    account: AccountId,
    amo_account: i64,
) -> Result<Option<PortalId>, Error> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "SELECT portal_id FROM portals WHERE account_id = $1 AND amo_account_id = $2",
    )
    .bind(account.uuid())
    .bind(amo_account)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(PortalId::from))
}

/// A portal that an administrator has just connected.
#[derive(Debug)]
pub struct Connected {
    /// Its id: that which it had, if it was connected before.
    pub id: PortalId,
    /// amoCRM's id of it.
    pub amo_account: i64,
    /// Its host.
    pub host: String,
    /// Its name.
    pub name: String,
    /// Its tokens under the master key.
    pub sealed_tokens: Vec<u8>,
    /// Until when the access token is good.
    pub expire_time: OffsetDateTime,
    /// Who connected it.
    pub author: String,
}

/// Stores a portal that was connected, or connected again. The two calls that this took count: the next one waits for them.
#[tracing::instrument(level = "debug", name = "db.portal.connect", skip_all)]
pub async fn connect(
    tx: &mut Tx,
    account: AccountId,
    it: &Connected,
    clock: &Clock,
) -> Result<(), Error> {
    let now = clock.now();
    sqlx::query(
        "INSERT INTO portals AS p (account_id, portal_id, amo_account_id, host, name, state, connected_by, connect_time, create_time,
                                   sealed_tokens, token_version, token_time, expire_time, next_call_time)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7, $8, 1, $7, $9, coalesce($11, clock_timestamp()) + make_interval(secs => $10))
         ON CONFLICT (account_id, portal_id) DO UPDATE
            SET host = excluded.host, name = excluded.name, state = 1, problem = '', connected_by = excluded.connected_by,
                connect_time = excluded.connect_time, sealed_tokens = excluded.sealed_tokens, token_version = p.token_version + 1,
                token_time = excluded.token_time, expire_time = excluded.expire_time, renew_until = '-infinity',
                pause_until = '-infinity', failures = 0, next_call_time = greatest(p.next_call_time, excluded.next_call_time)",
    )
    .bind(account.uuid())
    .bind(it.id.uuid())
    .bind(it.amo_account)
    .bind(&it.host)
    .bind(&it.name)
    .bind(&it.author)
    .bind(now)
    .bind(&it.sealed_tokens)
    .bind(it.expire_time)
    .bind(2.0 * SPACING.as_secs_f64())
    .bind(clock.set_by_hand())
    .execute(&mut **tx)
    .await?;
    tell(
        tx,
        account,
        it.id,
        (EventKind::Connected, &it.author, ""),
        now,
    )
    .await
}

/// An administrator gives a portal up: its tokens are gone.
#[tracing::instrument(level = "debug", name = "db.portal.disconnect", skip_all)]
pub async fn disconnect(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    author: &str,
    now: OffsetDateTime,
) -> Result<(), Error> {
    if end(tx, account, id, (i64::MAX, "")).await? {
        let event = (EventKind::Disconnected, author, "");
        tell(tx, account, id, event, now).await?;
    }
    Ok(())
}

/// amoCRM refuses this pair of tokens, or an older one; nothing happens where there is a newer one.
#[tracing::instrument(level = "debug", name = "db.portal.refused", skip_all)]
pub async fn refused(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    (version, why): (i64, &str),
    now: OffsetDateTime,
) -> Result<(), Error> {
    if end(tx, account, id, (version, why)).await? {
        tell(tx, account, id, (EventKind::Refused, "", why), now).await?;
    }
    Ok(())
}

async fn end(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    (version, problem): (i64, &str),
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE portals SET state = 2, problem = $4, sealed_tokens = '', token_version = token_version + 1
          WHERE account_id = $1 AND portal_id = $2 AND token_version <= $3 AND state = 1",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(version)
    .bind(problem)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

async fn tell(
    tx: &mut Tx,
    account: AccountId,
    id: PortalId,
    (kind, author, details): (EventKind, &str, &str),
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO portal_events (account_id, portal_id, event_id, kind, author, details, create_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(types::new_uuid())
    .bind(kind as i16)
    .bind(author)
    .bind(details)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What happened to a connection, the newest first.
#[tracing::instrument(level = "debug", name = "db.portal.events", skip_all)]
pub async fn events(tx: &mut Tx, account: AccountId, id: PortalId) -> Result<Vec<Event>, Error> {
    let rows: Vec<(i16, String, String, OffsetDateTime)> = sqlx::query_as(
        "SELECT kind, author, details, create_time FROM portal_events WHERE account_id = $1 AND portal_id = $2
          ORDER BY event_id DESC LIMIT $3",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(EVENTS)
    .fetch_all(&mut **tx)
    .await?;
    let event = |(kind, author, details, create_time)| Event {
        kind,
        author,
        details,
        create_time,
    };
    Ok(rows.into_iter().map(event).collect())
}

/// Somebody begins to connect a portal.
#[tracing::instrument(level = "debug", name = "db.portal.begin", skip_all)]
pub async fn begin(
    tx: &mut Tx,
    account: AccountId,
    state_digest: [u8; 32],
    administrator: &str,
    expire_time: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO portal_logins (account_id, state_digest, administrator, expire_time) VALUES ($1, $2, $3, $4)",
    )
    .bind(account.uuid())
    .bind(&state_digest[..])
    .bind(administrator)
    .bind(expire_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes what somebody began, once; false where this administrator has begun no such thing, or it is too old.
#[tracing::instrument(level = "debug", name = "db.portal.take_login", skip_all)]
pub async fn take_login(
    tx: &mut Tx,
    account: AccountId,
    state_digest: [u8; 32],
    administrator: &str,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let taken = sqlx::query(
        "DELETE FROM portal_logins WHERE account_id = $1 AND state_digest = $2 AND administrator = $3 AND expire_time > $4",
    )
    .bind(account.uuid())
    .bind(&state_digest[..])
    .bind(administrator)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Deletes up to `limit` connections that were begun and never completed; how many there were.
#[tracing::instrument(level = "debug", name = "db.portal.prune_logins", skip_all)]
pub async fn prune_logins(tx: &mut Tx, now: OffsetDateTime, limit: i64) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM portal_logins l USING (SELECT account_id, state_digest FROM portal_logins WHERE expire_time < $1
                                             ORDER BY expire_time LIMIT $2) o
          WHERE l.account_id = o.account_id AND l.state_digest = o.state_digest",
    )
    .bind(now)
    .bind(limit)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
