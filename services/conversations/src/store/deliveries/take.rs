//! Handing deliveries out under a lease.

use auth::ConnectorScope;
use pg::{Error, Tx};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use time::OffsetDateTime;
use types::{AccountId, ConnectionId, DeliveryId, MessageId};
use uuid::Uuid;

use crate::domain::attachment::Attachment;
use crate::domain::template::Filled;
use crate::store::attachments;

/// A stream that takes deliveries.
#[derive(Debug, Clone)]
pub struct Taker {
    /// As which connector.
    pub connector: ConnectorScope,
    /// The stream.
    pub stream: Uuid,
    /// At most this many under lease at once.
    pub max_in_flight: i64,
}

/// A delivery under a lease.
#[derive(Debug, Clone)]
pub struct Leased {
    /// Account.
    pub account: AccountId,
    /// Its id.
    pub id: DeliveryId,
    /// By which connection it goes.
    pub connection: ConnectionId,
    /// The channel's id of the chat.
    pub external_chat_id: String,
    /// The channel's id of the thread.
    pub thread: String,
    /// The message.
    pub message: MessageId,
    /// Place of the message in the chat.
    pub seq: i64,
    /// What to send.
    pub text: String,
    /// The template that the text was made from.
    pub template: Option<Filled>,
    /// Has the message files? They are in `files`.
    pub rich: bool,
    /// Files of the message.
    pub files: Vec<Attachment>,
    /// Name of the employee who wrote.
    pub author_name: String,
    /// How often it was handed out, this time included.
    pub attempt: i32,
    /// Fencing token of the lease.
    pub lease_token: i64,
    /// An earlier taker said that it hands it to the channel, and nothing after that.
    pub maybe_sent: bool,
    /// End of the lease.
    pub lease_end: OffsetDateTime,
}

/// Of each chat only the first that is not done may go. What is asked of a row is asked row by row through an index, in the
/// order of the queue, and the number is written out: so every plan walks the queue and stops after a hundred, however much is
/// waiting. The order within a chat never changes, so what was first when the statement began is still first. A hundred
/// at once keep the transaction short and their texts in memory.
macro_rules! take {
    ($of_account:literal) => {
        concat!(
            "WITH leased AS (
                 SELECT count(*) AS n FROM deliveries d
                  WHERE ",
            $of_account,
            " d.connector_key = $1 AND NOT d.done AND d.not_before > $4 AND d.lease_owner = $2
             ), due AS (
                 SELECT d.account_id, d.id FROM deliveries d
                  WHERE ",
            $of_account,
            " d.connector_key = $1 AND NOT d.done AND d.not_before <= $4
                    AND (SELECT first.id = d.id FROM deliveries first
                          WHERE first.account_id = d.account_id AND first.chat_id = d.chat_id AND NOT first.done
                          ORDER BY first.seq LIMIT 1)
                    AND (SELECT c.enabled FROM connections c WHERE c.account_id = d.account_id AND c.id = d.connection_id)
                  ORDER BY d.not_before LIMIT 100
                    FOR UPDATE OF d SKIP LOCKED
             )
             UPDATE deliveries d
                SET lease_owner = $2, lease_token = nextval('lease_tokens'), attempt = d.attempt + 1, not_before = $5
               FROM (SELECT * FROM due LIMIT greatest($3 - (SELECT n FROM leased), 0)) due
              WHERE d.account_id = due.account_id AND d.id = due.id
             RETURNING d.account_id, d.id, d.connection_id, d.external_chat_id, d.thread, d.message_id, d.seq, d.text,
                    d.author_name, d.attempt, d.lease_token, d.not_before, d.rich,
                    d.sending, d.template"
        )
    };
}
const OF_INSTALLATION: &str = take!("");
const OF_ACCOUNT: &str = take!("d.account_id = $6 AND");

/// Leases what is due to a stream until `lease_end`, as much as it may still have; oldest first.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.take", skip_all, fields(connector.key = taker.connector.key()), err)]
pub async fn take(
    tx: &mut Tx,
    taker: &Taker,
    now: OffsetDateTime,
    lease_end: OffsetDateTime,
) -> Result<Vec<Leased>, Error> {
    let account = taker.connector.account();
    let query = sqlx::query(if account.is_none() {
        OF_INSTALLATION
    } else {
        OF_ACCOUNT
    })
    .bind(taker.connector.key())
    .bind(taker.stream)
    .bind(taker.max_in_flight)
    .bind(now)
    .bind(lease_end);
    let query = match account {
        None => query,
        Some(account) => query.bind(account.uuid()),
    };
    let rows = query.fetch_all(&mut **tx).await?;
    let mut leased = rows
        .iter()
        .map(from_row)
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    leased.sort_by_key(|delivery| delivery.id);
    add_files(tx, &mut leased).await?;
    Ok(leased)
}

async fn add_files(tx: &mut Tx, leased: &mut [Leased]) -> Result<(), Error> {
    let rich = leased.iter().filter(|delivery| delivery.rich);
    let wanted: Vec<_> = rich
        .map(|delivery| (delivery.account, delivery.message))
        .collect();
    for (message, file) in attachments::of_messages(tx, &wanted).await? {
        let of_message = leased
            .iter_mut()
            .find(|delivery| delivery.message == message);
        if let Some(delivery) = of_message {
            delivery.files.push(file);
        }
    }
    Ok(())
}

fn from_row(row: &PgRow) -> Result<Leased, sqlx::Error> {
    Ok(Leased {
        account: row.try_get::<Uuid, _>("account_id")?.into(),
        id: row.try_get::<Uuid, _>("id")?.into(),
        connection: row.try_get::<Uuid, _>("connection_id")?.into(),
        external_chat_id: row.try_get("external_chat_id")?,
        thread: row.try_get("thread")?,
        message: row.try_get::<Uuid, _>("message_id")?.into(),
        seq: row.try_get("seq")?,
        text: row.try_get("text")?,
        template: row
            .try_get::<Option<Json<Filled>>, _>("template")?
            .map(|Json(filled)| filled),
        rich: row.try_get("rich")?,
        files: Vec::new(),
        author_name: row.try_get("author_name")?,
        attempt: row.try_get("attempt")?,
        lease_token: row.try_get("lease_token")?,
        maybe_sent: row.try_get("sending")?,
        lease_end: row.try_get("not_before")?,
    })
}

/// Gives back deliveries that their stream could not pass on, as if they had not been taken: nobody else has to wait for the
/// end of the lease. Those of which the lease is already another's stay as they are.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.give_back", skip_all, fields(deliveries = leased.len()), err)]
pub async fn give_back(tx: &mut Tx, leased: &[Leased], now: OffsetDateTime) -> Result<(), Error> {
    sqlx::query(
        "WITH given_back AS (
             SELECT d.account_id, d.id
               FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS g (account_id, id, lease_token)
               JOIN deliveries d ON d.account_id = g.account_id AND d.id = g.id
              WHERE NOT d.done AND d.lease_token = g.lease_token AND d.lease_owner IS NOT NULL
                FOR UPDATE OF d SKIP LOCKED
         )
         UPDATE deliveries d SET lease_owner = NULL, attempt = d.attempt - 1, not_before = $4
           FROM given_back g WHERE d.account_id = g.account_id AND d.id = g.id",
    )
    .bind(
        leased
            .iter()
            .map(|delivery| delivery.account.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(
        leased
            .iter()
            .map(|delivery| delivery.id.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(
        leased
            .iter()
            .map(|delivery| delivery.lease_token)
            .collect::<Vec<_>>(),
    )
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
