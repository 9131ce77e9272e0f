//! What the cabinet itself keeps of a client: the number, sessions, codes.

use erasure::{Found, Sieve, Tally};
use pg::{Error, Tx};
use types::{AccountId, CabinetClientId};
use uuid::Uuid;

use crate::hub::CONNECTOR_KEY;
use crate::store::codes;

/// Clients that are looked at in one transaction.
const PAGE: i64 = 1_000;

/// The channel's id of a client: of their correspondence in the cabinet.
type ChannelPerson = (String, String);

/// Ends the sessions of the clients with these numbers and forgets the codes that were sent to them. They are the person's in the channel
/// "cabinet".
pub(super) async fn end_sessions(
    tx: &mut Tx,
    account: AccountId,
    phones: &[String],
) -> Result<Vec<ChannelPerson>, Error> {
    let clients: Vec<Uuid> = sqlx::query_scalar(
        "SELECT c.id FROM unnest($2::text[]) AS w (phone)
           JOIN clients c ON c.account_id = $1 AND c.phone = w.phone ORDER BY 1 FOR UPDATE OF c",
    )
    .bind(account.uuid())
    .bind(phones)
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM client_sessions WHERE account_id = $1 AND client_id = ANY ($2)")
        .bind(account.uuid())
        .bind(&clients)
        .execute(&mut **tx)
        .await?;
    for phone in phones {
        codes::forget_of(tx, account, phone).await?;
    }
    let person = |id| {
        (
            CONNECTOR_KEY.to_owned(),
            CabinetClientId::from(id).to_string(),
        )
    };
    Ok(clients.into_iter().map(person).collect())
}

/// Ends the sessions of the clients with these numbers, and forgets the numbers and the codes that were sent to them.
pub(super) async fn shut_out(
    tx: &mut Tx,
    account: AccountId,
    phones: &[String],
) -> Result<Vec<ChannelPerson>, Error> {
    let clients = end_sessions(tx, account, phones).await?;
    sqlx::query("UPDATE clients SET phone = NULL WHERE account_id = $1 AND phone = ANY ($2)")
        .bind(account.uuid())
        .bind(phones)
        .execute(&mut **tx)
        .await?;
    Ok(clients)
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
