//! Requests in Unsorted that came from the person.

use erasure::{At, Found, Job, Step, Tally};
use pg::{Error, Tx};
use sqlx::FromRow;
use uuid::Uuid;

use super::counts;

/// Records of a part.
const PAGE: i64 = 500;

#[derive(FromRow)]
struct Row {
    record_id: Uuid,
    title: String,
    text: String,
    contact_name: String,
    phone: Option<String>,
    email: Option<String>,
    connector_key: Option<String>,
    external_id: Option<String>,
    messenger_name: Option<String>,
    contact_id: Option<Uuid>,
}

impl Row {
    /// Who asked, as far as the record says.
    fn whole(&self) -> [&str; 4] {
        [
            &self.contact_name,
            self.phone.as_deref().unwrap_or_default(),
            self.email.as_deref().unwrap_or_default(),
            self.messenger_name.as_deref().unwrap_or_default(),
        ]
    }

    /// Which values it contains.
    fn found(&self, job: &Job) -> Found {
        let texts = self
            .whole()
            .into_iter()
            .chain([&self.title[..], &self.text]);
        texts.flat_map(|text| job.sieve.find(text)).collect()
    }

    /// Did the person ask? A name alone does not say so.
    fn is_theirs(&self, job: &Job, found: &Found) -> bool {
        let channel = self.connector_key.clone().zip(self.external_id.clone());
        self.contact_id
            .is_some_and(|id| job.person.contacts.contains(&id.into()))
            || channel.is_some_and(|channel| job.person.channels.contains(&channel))
            || job.sieve.tells_who(found)
    }
}

/// Cleans the next records: who asked goes, and the values go from what was asked.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.unsorted", skip_all, err)]
pub async fn unsorted(tx: &mut Tx, job: &Job, at: &At, tally: &mut Tally) -> Result<Step, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT record_id, title, text, contact_name, phone, email, connector_key, external_id, messenger_name, contact_id
           FROM unsorted WHERE account_id = $1 AND record_id > $2 ORDER BY record_id LIMIT $3",
    )
    .bind(job.account().uuid())
    .bind(at.id())
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for row in &rows {
        let found = row.found(job);
        let holds = !found.is_empty() || row.whole().iter().any(|text| !text.is_empty());
        if row.is_theirs(job, &found) && counts(job, holds, &found) {
            tally.add("crm.unsorted", &found);
            if job.erases() {
                write(tx, job, row).await?;
            }
        }
    }
    Ok(Step::to(rows.last().map(|row| row.record_id)))
}

async fn write(tx: &mut Tx, job: &Job, row: &Row) -> Result<(), Error> {
    let clean = |text: &String| {
        let clean = job.sieve.clean(text, &mut Found::new());
        clean.unwrap_or_else(|| text.clone())
    };
    sqlx::query(
        "UPDATE unsorted SET title = $3, text = $4, contact_name = '', phone = NULL, email = NULL,
                messenger_name = CASE WHEN messenger_name IS NOT NULL THEN '' END
          WHERE account_id = $1 AND record_id = $2",
    )
    .bind(job.account().uuid())
    .bind(row.record_id)
    .bind(clean(&row.title))
    .bind(clean(&row.text))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
