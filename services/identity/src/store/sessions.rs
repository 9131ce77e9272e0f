//! Sessions.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, ApiKeyId, SessionId, UserId};
use uuid::Uuid;

use super::corrupt;
use crate::domain::refresh::RefreshToken;
use crate::domain::session::{Digest, Previous, Rotation, Session};

#[derive(FromRow)]
struct SessionRow {
    account_id: Uuid,
    session_id: Uuid,
    user_id: Uuid,
    device: String,
    begun_by: Option<Uuid>,
    create_time: OffsetDateTime,
    last_use_time: OffsetDateTime,
    expire_time: OffsetDateTime,
    end_time: Option<OffsetDateTime>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.session_id.into(),
            account: row.account_id.into(),
            user: row.user_id.into(),
            device: row.device,
            begun_by: row.begun_by.map(ApiKeyId::from),
            create_time: row.create_time,
            last_use_time: row.last_use_time,
            expire_time: row.expire_time,
            end_time: row.end_time,
        }
    }
}

#[derive(FromRow)]
struct RotationRow {
    #[sqlx(flatten)]
    session: SessionRow,
    family_digest: Vec<u8>,
    current_digest: Vec<u8>,
    previous_digest: Option<Vec<u8>>,
    previous_replaced: Option<OffsetDateTime>,
    previous_forgiven: bool,
}

/// A session with its refresh tokens.
#[derive(Debug)]
pub struct Refreshable {
    /// The session.
    pub session: Session,
    /// Digest of the secret that all its tokens share.
    pub family: Digest,
    /// Which tokens are good.
    pub rotation: Rotation,
}

impl TryFrom<RotationRow> for Refreshable {
    type Error = Error;

    fn try_from(row: RotationRow) -> Result<Self, Error> {
        let session = Session::from(row.session);
        let digest = |column, bytes: Vec<u8>| {
            bytes
                .try_into()
                .map_err(|_| corrupt("sessions", column, session.id.uuid()))
        };
        let previous = match (row.previous_digest, row.previous_replaced) {
            (Some(bytes), Some(replaced)) => Some(Previous {
                digest: digest("previous_digest", bytes)?,
                replaced,
                forgiven: row.previous_forgiven,
            }),
            (None, None) => None,
            _ => return Err(corrupt("sessions", "previous_replaced", session.id.uuid())),
        };
        let family = digest("family_digest", row.family_digest)?;
        let current = digest("current_digest", row.current_digest)?;
        Ok(Self {
            family,
            rotation: Rotation { current, previous },
            session,
        })
    }
}

/// Adds a session with its first refresh token.
#[tracing::instrument(level = "debug", name = "db.session.insert", skip_all)]
pub async fn insert(tx: &mut Tx, session: &Session, token: &RefreshToken) -> Result<(), Error> {
    let rotation = Rotation::first(token.digest());
    sqlx::query(
        "INSERT INTO sessions (account_id, session_id, user_id, device, family_digest, current_digest, create_time,
                               last_use_time, expire_time, begun_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(session.account.uuid())
    .bind(session.id.uuid())
    .bind(session.user.uuid())
    .bind(&session.device)
    .bind(&token.family_digest()[..])
    .bind(&rotation.current[..])
    .bind(session.create_time)
    .bind(session.last_use_time)
    .bind(session.expire_time)
    .bind(session.begun_by.map(ApiKeyId::uuid))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A session.
#[tracing::instrument(level = "debug", name = "db.session.get", skip_all)]
pub async fn get(
    tx: &mut Tx,
    account: AccountId,
    session: SessionId,
) -> Result<Option<Session>, Error> {
    let row: Option<SessionRow> = sqlx::query_as(
        "SELECT account_id, session_id, user_id, device, begun_by, create_time, last_use_time, expire_time, end_time
           FROM sessions WHERE account_id = $1 AND session_id = $2",
    )
    .bind(account.uuid())
    .bind(session.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Session::from))
}

/// A session with its tokens, which nobody else refreshes or ends until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.session.lock", skip_all)]
pub async fn lock(
    tx: &mut Tx,
    account: AccountId,
    session: SessionId,
) -> Result<Option<Refreshable>, Error> {
    let row: Option<RotationRow> = sqlx::query_as(
        "SELECT account_id, session_id, user_id, device, begun_by, create_time, last_use_time, expire_time, end_time,
                family_digest, current_digest, previous_digest, previous_replaced, previous_forgiven
           FROM sessions WHERE account_id = $1 AND session_id = $2 FOR NO KEY UPDATE",
    )
    .bind(account.uuid())
    .bind(session.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Refreshable::try_from).transpose()
}

/// Stores which tokens are good after a use.
#[tracing::instrument(level = "debug", name = "db.session.rotate", skip_all)]
pub async fn rotate(tx: &mut Tx, session: &Session, rotation: &Rotation) -> Result<(), Error> {
    let previous = rotation.previous.as_ref();
    sqlx::query(
        "UPDATE sessions SET current_digest = $3, previous_digest = $4, previous_replaced = $5, previous_forgiven = $6,
                             last_use_time = $7, expire_time = $8
          WHERE account_id = $1 AND session_id = $2",
    )
    .bind(session.account.uuid())
    .bind(session.id.uuid())
    .bind(&rotation.current[..])
    .bind(previous.map(|previous| &previous.digest[..]))
    .bind(previous.map(|previous| previous.replaced))
    .bind(previous.is_some_and(|previous| previous.forgiven))
    .bind(session.last_use_time)
    .bind(session.expire_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Up to `limit` live sessions of a user, before one, the newest first.
#[tracing::instrument(level = "debug", name = "db.session.list", skip_all)]
pub async fn list_live(
    tx: &mut Tx,
    account: AccountId,
    user: UserId,
    before: Option<SessionId>,
    now: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Session>, Error> {
    let rows: Vec<SessionRow> = sqlx::query_as(
        "SELECT account_id, session_id, user_id, device, begun_by, create_time, last_use_time, expire_time, end_time
           FROM sessions
          WHERE account_id = $1 AND user_id = $2 AND session_id < $3 AND end_time IS NULL AND expire_time > $4
          ORDER BY session_id DESC LIMIT $5",
    )
    .bind(account.uuid())
    .bind(user.uuid())
    .bind(before.map_or(Uuid::max(), SessionId::uuid))
    .bind(now)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Ends a session; `false` when it was ended before or is none.
#[tracing::instrument(level = "debug", name = "db.session.end", skip_all)]
pub async fn end(
    tx: &mut Tx,
    account: AccountId,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let ended = sqlx::query(
        "UPDATE sessions SET end_time = $3 WHERE account_id = $1 AND session_id = $2 AND end_time IS NULL",
    )
    .bind(account.uuid())
    .bind(session.uuid())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Ends the live sessions of a user, except one, and says which they were.
#[tracing::instrument(level = "debug", name = "db.session.end_all", skip_all)]
pub async fn end_all(
    tx: &mut Tx,
    account: AccountId,
    user: UserId,
    except: Option<SessionId>,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>, Error> {
    let ended = sqlx::query_scalar(
        "UPDATE sessions SET end_time = $4
          WHERE account_id = $1 AND user_id = $2 AND end_time IS NULL AND session_id IS DISTINCT FROM $3
         RETURNING session_id",
    )
    .bind(account.uuid())
    .bind(user.uuid())
    .bind(except.map(SessionId::uuid))
    .bind(now)
    .fetch_all(&mut **tx)
    .await?;
    Ok(ended)
}

/// Ends the live sessions that a key began, and says which they were.
#[tracing::instrument(level = "debug", name = "db.session.end_begun_by", skip_all)]
pub async fn end_begun_by(
    tx: &mut Tx,
    account: AccountId,
    key: ApiKeyId,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>, Error> {
    let ended = sqlx::query_scalar(
        "UPDATE sessions SET end_time = $3 WHERE account_id = $1 AND begun_by = $2 AND end_time IS NULL
         RETURNING session_id",
    )
    .bind(account.uuid())
    .bind(key.uuid())
    .bind(now)
    .fetch_all(&mut **tx)
    .await?;
    Ok(ended)
}

/// Deletes sessions that expired before `time`, a thousand at a time; returns how many went.
#[tracing::instrument(level = "debug", name = "db.session.prune", skip_all)]
pub async fn prune(tx: &mut Tx, time: OffsetDateTime) -> Result<u64, Error> {
    let deleted = sqlx::query(
        "DELETE FROM sessions WHERE ctid = ANY (ARRAY (SELECT ctid FROM sessions WHERE expire_time < $1 LIMIT 1000))",
    )
    .bind(time)
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}
