//! What the person's channels brought and was refused.

use erasure::{Job, Step, Tally};
use pg::{Error, Tx};
use uuid::Uuid;

/// Throws away what is kept of the person's chats: it was never part of a conversation, so nothing of it stays.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.quarantine", skip_all, err)]
pub async fn quarantine(tx: &mut Tx, job: &Job, tally: &mut Tally) -> Result<Step, Error> {
    let channels = job.person.channels.iter();
    let (connectors, chats): (Vec<&str>, Vec<&str>) =
        channels.map(|(key, chat)| (&key[..], &chat[..])).unzip();
    let events: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
        "SELECT q.id, q.event FROM unnest($2::text[], $3::text[]) AS w (connector_key, external_chat_id)
           JOIN quarantined_events q ON q.account_id = $1 AND q.connector_key = w.connector_key
                AND q.external_chat_id = w.external_chat_id
          ORDER BY q.id",
    )
    .bind(job.account().uuid())
    .bind(connectors)
    .bind(chats)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(events.len());
    for (_, event) in &events {
        // Texts stand in it as they are.
        let found = job.sieve.find(&String::from_utf8_lossy(event));
        if !found.is_empty() || job.erases() {
            tally.add("conversations.quarantined_events", &found);
        }
    }
    if job.erases() {
        sqlx::query("DELETE FROM quarantined_events WHERE account_id = $1 AND id = ANY ($2)")
            .bind(job.account().uuid())
            .bind(events.into_iter().map(|(id, _)| id).collect::<Vec<_>>())
            .execute(&mut **tx)
            .await?;
    }
    Ok(Step::default())
}
