//! What the cabinet itself keeps of a client: the number, sessions, codes.

use erasure::{Found, Sieve, Tally};
use pg::{Error, Tx};
use types::AccountId;
use uuid::Uuid;

use crate::store::codes;

/// Clients that are looked at in one transaction.
const PAGE: i64 = 1_000;

/// Ends the sessions of the client with a number, and forgets the number and the codes that were sent to it.
pub(super) async fn shut_out(tx: &mut Tx, account: AccountId, phone: &str) -> Result<u64, Error> {
    sqlx::query(
        "DELETE FROM client_sessions s USING clients c
          WHERE c.account_id = $1 AND c.phone = $2 AND s.account_id = $1 AND s.client_id = c.id",
    )
    .bind(account.uuid())
    .bind(phone)
    .execute(&mut **tx)
    .await?;
    let forgotten =
        sqlx::query("UPDATE clients SET phone = NULL WHERE account_id = $1 AND phone = $2")
            .bind(account.uuid())
            .bind(phone)
            .execute(&mut **tx)
            .await?;
    codes::forget_of(tx, account, phone).await?;
    Ok(forgotten.rows_affected())
}

/// Ids of clients whose number is one of the values, after one.
pub(super) async fn look(
    tx: &mut Tx,
    account: AccountId,
    sieve: &Sieve,
    after: Uuid,
    tally: &mut Tally,
) -> Result<Option<Uuid>, Error> {
    let rows: Vec<(Uuid, Option<String>)> = sqlx::query_as(
        "SELECT id, phone FROM clients WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(account.uuid())
    .bind(after)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for phone in rows.iter().filter_map(|(_, phone)| phone.as_ref()) {
        let found: Found = sieve.find(phone);
        if !found.is_empty() {
            tally.add("cabinet.clients", &found);
        }
    }
    Ok(rows.last().map(|(id, _)| *id))
}
