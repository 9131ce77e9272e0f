//! Clients and their sessions.

use pg::Error;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{AccountId, CabinetClientId};
use uuid::Uuid;

use crate::domain::code::Digest;
use crate::domain::session::Session;

/// The client with this number; made when it is the first time.
#[tracing::instrument(level = "debug", name = "db.client.of_phone", skip_all, err)]
pub async fn of_phone(
    db: &mut PgConnection,
    account: AccountId,
    phone: &str,
    now: OffsetDateTime,
) -> Result<CabinetClientId, Error> {
    // The update of nothing gives the row back also when it was there.
    let id: Uuid = sqlx::query_scalar(
        "INSERT INTO clients (account_id, id, phone, create_time) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, phone) DO UPDATE SET phone = excluded.phone RETURNING id",
    )
    .bind(account.uuid())
    .bind(CabinetClientId::generate().uuid())
    .bind(phone)
    .bind(now)
    .fetch_one(db)
    .await?;
    Ok(id.into())
}

/// Stores a session.
#[tracing::instrument(level = "debug", name = "db.client_session.insert", skip_all, err)]
pub async fn insert_session(
    db: &mut PgConnection,
    account: AccountId,
    client: CabinetClientId,
    token: &Digest,
    now: OffsetDateTime,
    expire_time: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO client_sessions (account_id, token_digest, client_id, create_time, expire_time) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(account.uuid())
    .bind(&token[..])
    .bind(client.uuid())
    .bind(now)
    .bind(expire_time)
    .execute(db)
    .await?;
    Ok(())
}

/// The session of a token, also when its time is over.
#[tracing::instrument(level = "debug", name = "db.client_session.find", skip_all, err)]
pub async fn find_session(
    db: &mut PgConnection,
    account: AccountId,
    token: &Digest,
) -> Result<Option<Session>, Error> {
    let row: Option<(Uuid, Option<String>, OffsetDateTime)> = sqlx::query_as(
        "SELECT s.client_id, c.phone, s.expire_time FROM client_sessions s
           JOIN clients c ON c.account_id = s.account_id AND c.id = s.client_id
          WHERE s.account_id = $1 AND s.token_digest = $2",
    )
    .bind(account.uuid())
    .bind(&token[..])
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(client, phone, expire_time)| Session {
        account,
        client: client.into(),
        phone,
        expire_time,
    }))
}

/// Locks a client until the transaction ends. False: there is none, or the client's data were erased.
#[tracing::instrument(level = "debug", name = "db.client.lock", skip_all, err)]
pub async fn lock(
    db: &mut PgConnection,
    account: AccountId,
    client: CabinetClientId,
) -> Result<bool, Error> {
    let phone: Option<Option<String>> = sqlx::query_scalar(
        "SELECT phone FROM clients WHERE account_id = $1 AND id = $2 FOR UPDATE",
    )
    .bind(account.uuid())
    .bind(client.uuid())
    .fetch_optional(db)
    .await?;
    Ok(phone.flatten().is_some())
}

/// Ends one session; false when there was none.
#[tracing::instrument(level = "debug", name = "db.client_session.delete", skip_all, err)]
pub async fn delete_session(
    db: &mut PgConnection,
    account: AccountId,
    token: &Digest,
) -> Result<bool, Error> {
    let done =
        sqlx::query("DELETE FROM client_sessions WHERE account_id = $1 AND token_digest = $2")
            .bind(account.uuid())
            .bind(&token[..])
            .execute(db)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of a client.
#[tracing::instrument(level = "debug", name = "db.client_session.delete_of", skip_all, err)]
pub async fn delete_sessions_of(
    db: &mut PgConnection,
    account: AccountId,
    client: CabinetClientId,
) -> Result<u64, Error> {
    let done = sqlx::query("DELETE FROM client_sessions WHERE account_id = $1 AND client_id = $2")
        .bind(account.uuid())
        .bind(client.uuid())
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// Removes up to `limit` sessions that ended before `before`.
#[tracing::instrument(level = "debug", name = "db.client_session.forget", skip_all, err)]
pub async fn forget_sessions(
    db: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM client_sessions
          WHERE (account_id, token_digest) IN (
              SELECT account_id, token_digest FROM client_sessions
              WHERE expire_time < $1 ORDER BY expire_time LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
