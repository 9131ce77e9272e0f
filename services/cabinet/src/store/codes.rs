//! Codes that clients were sent.

use pg::Error;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::AccountId;

use super::{purpose, purpose_number};
use crate::domain::code::{Digest, TRIES};
use crate::domain::text::Purpose;

/// A code that was asked for.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// SHA-256 of the request's token.
    pub token: Digest,
    /// What it is for.
    pub purpose: Purpose,
    /// The number that it proves.
    pub phone: String,
    /// What is kept of the code.
    pub code: Digest,
    /// When it was asked for.
    pub create_time: OffsetDateTime,
    /// When it stops working.
    pub expire_time: OffsetDateTime,
}

/// Stores a code.
#[tracing::instrument(level = "debug", name = "db.code.insert", skip_all, err)]
pub async fn insert(
    db: &mut PgConnection,
    account: AccountId,
    code: &NewCode,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO codes (account_id, token_digest, purpose, phone, code_digest, create_time, expire_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(account.uuid())
    .bind(&code.token[..])
    .bind(purpose_number(code.purpose))
    .bind(&code.phone)
    .bind(&code.code[..])
    .bind(code.create_time)
    .bind(code.expire_time)
    .execute(db)
    .await?;
    Ok(())
}

/// Number and purpose of a request, whatever became of its code.
#[tracing::instrument(level = "debug", name = "db.code.find", skip_all, err)]
pub async fn find(
    db: &mut PgConnection,
    account: AccountId,
    token: &Digest,
) -> Result<Option<(String, Purpose)>, Error> {
    let row: Option<(String, i16)> = sqlx::query_as(
        "SELECT phone, purpose FROM codes WHERE account_id = $1 AND token_digest = $2",
    )
    .bind(account.uuid())
    .bind(&token[..])
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|(phone, number)| Some((phone, purpose(number)?))))
}

/// Counts a try and gives what is kept of the code; `None` when it does not work any more.
#[tracing::instrument(level = "debug", name = "db.code.try", skip_all, err)]
pub async fn count_try(
    db: &mut PgConnection,
    account: AccountId,
    token: &Digest,
    now: OffsetDateTime,
) -> Result<Option<Digest>, Error> {
    let code: Option<Vec<u8>> = sqlx::query_scalar(
        "UPDATE codes SET tries = tries + 1
          WHERE account_id = $1 AND token_digest = $2 AND NOT used AND tries < $3 AND expire_time > $4
          RETURNING code_digest",
    )
    .bind(account.uuid())
    .bind(&token[..])
    .bind(TRIES)
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(code.and_then(|code| code.try_into().ok()))
}

/// The code has worked. In the transaction of its try, whose lock lets nobody else use it.
#[tracing::instrument(level = "debug", name = "db.code.use", skip_all, err)]
pub async fn mark_used(
    db: &mut PgConnection,
    account: AccountId,
    token: &Digest,
) -> Result<(), Error> {
    sqlx::query("UPDATE codes SET used = true WHERE account_id = $1 AND token_digest = $2")
        .bind(account.uuid())
        .bind(&token[..])
        .execute(db)
        .await?;
    Ok(())
}

/// Removes the codes that were sent to a number. One that is being tried at this moment stays: whoever tries it waits for the client's
/// row, which is locked here, and waiting for each other would be a deadlock.
#[tracing::instrument(level = "debug", name = "db.code.forget_of", skip_all, err)]
pub async fn forget_of(
    db: &mut PgConnection,
    account: AccountId,
    phone: &str,
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM codes WHERE (account_id, token_digest) IN (
             SELECT account_id, token_digest FROM codes WHERE account_id = $1 AND phone = $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(account.uuid())
    .bind(phone)
    .execute(db)
    .await?;
    Ok(())
}

/// Removes up to `limit` codes that ended before `before`.
#[tracing::instrument(level = "debug", name = "db.code.forget", skip_all, err)]
pub async fn forget(
    db: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "DELETE FROM codes WHERE (account_id, token_digest) IN (
             SELECT account_id, token_digest FROM codes
              WHERE expire_time < $1 ORDER BY expire_time LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
