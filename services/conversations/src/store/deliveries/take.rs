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
/// at once keep the transaction short and their texts in memory. To whom is blocked nothing goes (CHW-49).
///
/// Then the connections' buckets decide: one statement takes tokens out and is the only one that does, so that all streams and replicas
/// together keep to the rate. What gets none is put where its token will be, at most a minute away, so that it stands in nobody's way.
macro_rules! take {
    ($of_account:literal) => {
        concat!(
            "WITH leased AS (
                 SELECT count(*) AS n FROM deliveries d
                  WHERE ",
            $of_account,
            " d.connector_key = $1 AND NOT d.done AND d.not_before > $4 AND d.lease_owner = $2
             ), due AS (
                 SELECT d.account_id, d.id, d.connection_id, d.not_before FROM deliveries d
                  WHERE ",
            $of_account,
            " d.connector_key = $1 AND NOT d.done AND d.not_before <= $4
                    AND (SELECT first.id = d.id FROM deliveries first
                          WHERE first.account_id = d.account_id AND first.chat_id = d.chat_id AND NOT first.done
                          ORDER BY first.seq LIMIT 1)
                    AND (SELECT c.enabled FROM connections c WHERE c.account_id = d.account_id AND c.id = d.connection_id)
                    AND (SELECT count(*) = 0 FROM black_list b
                          WHERE b.account_id = d.account_id AND b.connector_key = d.connector_key AND b.external_id = d.external_chat_id)
                  ORDER BY d.not_before LIMIT 100
                    FOR UPDATE OF d SKIP LOCKED
             ), room AS (
                 SELECT r.*, row_number() OVER (PARTITION BY account_id, connection_id ORDER BY not_before, id) AS place
                   FROM (SELECT * FROM due ORDER BY not_before LIMIT greatest($3 - (SELECT n FROM leased), 0)) r
             ), asked AS (
                 SELECT r.account_id, r.connection_id, r.wanted, interval '1 minute' / coalesce(k.sends_per_minute, 6000) AS pause,
                        coalesce(k.send_burst, greatest(coalesce(k.sends_per_minute, 6000) / 60, 1)) AS burst
                   FROM (SELECT account_id, connection_id, count(*) AS wanted FROM room GROUP BY account_id, connection_id) r
                   LEFT JOIN LATERAL (
                        SELECT k.sends_per_minute, k.send_burst FROM connectors k
                         WHERE k.account_id IN (r.account_id, '00000000-0000-0000-0000-000000000000') AND k.connector_key = $1
                         ORDER BY k.account_id DESC LIMIT 1) k ON true
             ), spent AS (
                 INSERT INTO send_buckets AS b (account_id, connection_id, full_time, granted)
                 SELECT account_id, connection_id, $4 + least(wanted, burst) * pause, least(wanted, burst) FROM asked
                  ORDER BY account_id, connection_id
                 ON CONFLICT (account_id, connection_id) DO UPDATE SET (full_time, granted) = (
                        SELECT greatest(b.full_time, $4) + g.granted * a.pause, g.granted
                          FROM asked a
                          CROSS JOIN LATERAL (SELECT greatest(least(a.wanted, floor(a.burst
                               - extract(epoch FROM greatest(b.full_time - $4, interval '0')) / extract(epoch FROM a.pause))), 0)::integer
                               AS granted) g
                         WHERE a.account_id = b.account_id AND a.connection_id = b.connection_id)
                 RETURNING b.account_id, b.connection_id, b.full_time, b.granted
             ), decided AS (
                 SELECT r.account_id, r.id, r.place <= s.granted AS granted,
                        least(s.full_time - (a.burst - (r.place - s.granted)) * a.pause, $4 + interval '1 minute') AS later
                   FROM room r
                   JOIN spent s ON s.account_id = r.account_id AND s.connection_id = r.connection_id
                   JOIN asked a ON a.account_id = r.account_id AND a.connection_id = r.connection_id
             )
             UPDATE deliveries d
                SET lease_owner = CASE WHEN n.granted THEN $2 ELSE d.lease_owner END, attempt = d.attempt + n.granted::integer,
                    lease_token = CASE WHEN n.granted THEN nextval('lease_tokens') ELSE d.lease_token END,
                    not_before = CASE WHEN n.granted THEN $5 ELSE n.later END
               FROM decided n
              WHERE d.account_id = n.account_id AND d.id = n.id
             RETURNING n.granted, d.account_id, d.id, d.connection_id, d.external_chat_id, d.thread, d.message_id, d.seq, d.text,
                    d.author_name, d.attempt, d.lease_token, d.not_before, d.rich,
                    d.sending, d.template"
        )
    };
}
const OF_INSTALLATION: &str = take!("");
const OF_ACCOUNT: &str = take!("d.account_id = $6 AND");

/// What a look at the queue found.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// What was leased, oldest first.
    pub leased: Vec<Leased>,
    /// Something is due and waits for its connection's rate, until here at the latest.
    pub limited_until: Option<OffsetDateTime>,
}

/// Leases what is due to a stream until `lease_end`, as much as it may still have and as fast as the connections may send.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.delivery.take", skip_all, fields(connector.key = taker.connector.key()), err)]
pub async fn take(
    tx: &mut Tx,
    taker: &Taker,
    now: OffsetDateTime,
    lease_end: OffsetDateTime,
) -> Result<Taken, Error> {
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
    let mut taken = Taken::default();
    for row in &rows {
        if row.try_get("granted")? {
            taken.leased.push(from_row(row)?);
        } else {
            let later: OffsetDateTime = row.try_get("not_before")?;
            taken.limited_until = taken.limited_until.max(Some(later));
        }
    }
    taken.leased.sort_by_key(|delivery| delivery.id);
    add_files(tx, &mut taken.leased).await?;
    Ok(taken)
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
