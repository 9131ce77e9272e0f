//! Repeated creates and sends.
//!
//! The key is written first in the transaction of the change and the answer last: a failed attempt leaves nothing, two
//! calls at once wait for one another on the key, and a repeated call gets the first answer. `sql/idempotency.sql` has
//! the table.

mod once;

use kit::Refusal;
use types::AccountId;
use uuid::Uuid;

use crate::{Db, Error, SystemScope, Tx};

pub use once::{Once, hash};

/// How long answers are kept.
const KEPT: time::Duration = time::Duration::hours(24);

/// One call that may be repeated.
#[derive(Debug, Clone)]
pub struct Call {
    /// Account of the caller.
    pub account: AccountId,
    /// User or API key.
    pub caller: Uuid,
    /// Name of the RPC.
    pub method: &'static str,
    /// The caller's request id.
    pub request_id: Uuid,
    /// Tells the request, without its id, from others.
    pub hash: [u8; 32],
}

/// What is known of a call.
#[derive(Debug)]
pub enum Known {
    /// Never seen: do it, then [`record`] the answer.
    New,
    /// Done before, with this answer.
    Answered(Vec<u8>),
    /// The id was used for another request.
    Reused,
}

impl Known {
    /// The answer of the first call, decoded; `None` when the call is new.
    ///
    /// # Errors
    /// REQUEST_ID_REUSED, or INTERNAL when the kept answer does not decode.
    pub fn answer<M>(
        self,
        call: &Call,
        decode: impl FnOnce(&[u8]) -> Option<M>,
    ) -> Result<Option<M>, Refusal> {
        match self {
            Self::New => Ok(None),
            Self::Reused => Err(Refusal::request_id_reused(call.request_id)),
            Self::Answered(bytes) => decode(&bytes).map(Some).ok_or_else(|| {
                Refusal::internal(anyhow::anyhow!(
                    "a kept answer of {} does not decode",
                    call.method
                ))
            }),
        }
    }
}

/// Claims the call for this transaction, or says what became of it before.
///
/// # Errors
/// When the database fails.
pub async fn begin(tx: &mut Tx, call: &Call) -> Result<Known, Error> {
    let inserted = sqlx::query(
        "INSERT INTO idempotency_keys (account_id, caller, method, request_id, request_hash)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(call.account.uuid())
    .bind(call.caller)
    .bind(call.method)
    .bind(call.request_id)
    .bind(&call.hash[..])
    .execute(&mut **tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Known::New);
    }
    let (hash, response): (Vec<u8>, Option<Vec<u8>>) = sqlx::query_as(
        "SELECT request_hash, response FROM idempotency_keys
          WHERE account_id = $1 AND caller = $2 AND method = $3 AND request_id = $4",
    )
    .bind(call.account.uuid())
    .bind(call.caller)
    .bind(call.method)
    .bind(call.request_id)
    .fetch_one(&mut **tx)
    .await?;
    Ok(match response {
        Some(response) if hash == call.hash => Known::Answered(response),
        _ => Known::Reused,
    })
}

/// Keeps the answer.
///
/// # Errors
/// When the database fails.
pub async fn record(tx: &mut Tx, call: &Call, response: Vec<u8>) -> Result<(), Error> {
    sqlx::query(
        "UPDATE idempotency_keys SET response = $5
          WHERE account_id = $1 AND caller = $2 AND method = $3 AND request_id = $4",
    )
    .bind(call.account.uuid())
    .bind(call.caller)
    .bind(call.method)
    .bind(call.request_id)
    .bind(response)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes old answers, a thousand at a time; returns how many went.
///
/// # Errors
/// When the database fails.
pub async fn prune(db: &Db, now: time::OffsetDateTime) -> Result<u64, Error> {
    db.tx(SystemScope::for_job("prune idempotency keys"), move |tx| {
        Box::pin(async move {
            let deleted = sqlx::query(
                "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY (
                     SELECT ctid FROM idempotency_keys WHERE create_time < $1 LIMIT 1000))",
            )
            .bind(now - KEPT)
            .execute(&mut **tx)
            .await?;
            Ok(deleted.rows_affected())
        })
    })
    .await
}
