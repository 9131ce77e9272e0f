//! Messages on their way to the person, and those that arrived.

use erasure::{At, Found, Job, Step, Tally};
use pg::{Error, Tx};
use uuid::Uuid;

/// Deliveries of the account that are looked through in a part: no index has them by chat, since only an erasure asks.
const PAGE: i64 = 5_000;

/// Cleans the texts of the next deliveries.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.deliveries", skip_all, err)]
pub async fn deliveries(
    tx: &mut Tx,
    job: &Job,
    (chats, at): (&[Uuid], &At),
    tally: &mut Tally,
) -> Result<Step, Error> {
    let page: Vec<(Uuid, Option<String>)> = sqlx::query_as(
        "SELECT id, CASE WHEN chat_id = ANY ($4) THEN text END FROM deliveries
          WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(job.account().uuid())
    .bind(at.id())
    .bind(PAGE)
    .bind(chats)
    .fetch_all(&mut **tx)
    .await?;
    let last = page.last().map(|(id, _)| *id);
    for (id, text) in page {
        let Some(text) = text else { continue };
        tally.look(1);
        let mut found = Found::new();
        let Some(clean) = job.sieve.clean(&text, &mut found) else {
            continue;
        };
        tally.add("conversations.deliveries", &found);
        if job.erases() {
            sqlx::query("UPDATE deliveries SET text = $3 WHERE account_id = $1 AND id = $2")
                .bind(job.account().uuid())
                .bind(id)
                .bind(clean)
                .execute(&mut **tx)
                .await?;
        }
    }
    Ok(Step::to(last))
}
