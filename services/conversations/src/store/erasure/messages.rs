//! Messages of the person's conversations with what belongs to them: baskets, names of files, the search index.

use std::collections::BTreeMap;

use erasure::{At as Place, Found, Job, Step, Tally};
use pg::{Error, Tx};
use serde_json::Value as Json;
use sqlx::FromRow;
use types::AccountId;
use uuid::Uuid;

use super::message_at;
use crate::store::search::{self, At};

/// Messages of a part.
const PAGE: i64 = 500;

#[derive(FromRow)]
struct Row {
    conversation_id: Uuid,
    seq: i64,
    id: Uuid,
    author: i16,
    author_name: String,
    text: String,
    failure_text: String,
    rich: bool,
    /// Texts that it had before the client changed it.
    edits: Option<Json>,
    folded: Option<String>,
}

impl Row {
    fn at(&self, account: AccountId) -> At {
        At {
            account,
            conversation: self.conversation_id.into(),
            seq: self.seq,
            message: self.id.into(),
        }
    }

    /// The row as it has to be, with which values it contained; `None` when it may stay.
    fn clean(&mut self, job: &Job) -> Option<Found> {
        let mut found = Found::new();
        let mut changed = false;
        if self.author == 1 {
            found.extend(job.sieve.find(&self.author_name));
            changed = job.erases() && !self.author_name.is_empty();
            self.author_name.clear();
        }
        // The name of an employee stays, be it the client's as well.
        for text in [&mut self.text, &mut self.failure_text] {
            if let Some(clean) = job.sieve.clean(text, &mut found) {
                *text = clean;
            }
        }
        if let Some(edits) = &mut self.edits {
            job.sieve.clean_json(edits, &mut found);
        }
        (changed || !found.is_empty()).then_some(found)
    }
}

/// Cleans the next messages.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.messages", skip_all, err)]
pub async fn messages(
    tx: &mut Tx,
    job: &Job,
    (conversations, at): (&[Uuid], &Place),
    tally: &mut Tally,
) -> Result<Step, Error> {
    let rows = read(tx, job, conversations, at).await?;
    tally.look(rows.len());
    let last = rows
        .last()
        .map(|row| format!("{}/{}", row.conversation_id, row.seq));
    rich(tx, job, &rows, tally).await?;
    let mut changed = Vec::new();
    for mut row in rows {
        if let Some(found) = row.folded.as_deref().map(|it| job.sieve.find(it))
            && !found.is_empty()
        {
            tally.add("conversations.search_messages", &found);
        }
        if let Some(found) = row.clean(job) {
            tally.add("conversations.messages", &found);
            changed.push(row);
        }
    }
    if job.erases() && !changed.is_empty() {
        write(tx, job, &changed).await?;
        let index: Vec<At> = changed.iter().map(|row| row.at(job.account())).collect();
        search::feed(tx, &index).await?;
    }
    Ok(Step::to(last))
}

async fn read(
    tx: &mut Tx,
    job: &Job,
    conversations: &[Uuid],
    at: &Place,
) -> Result<Vec<Row>, Error> {
    let (conversation, seq) = message_at(&at.place);
    let left = conversations.iter().filter(|id| **id >= conversation);
    let left: Vec<Uuid> = left.copied().collect();
    let mut rows: Vec<Row> = Vec::new();
    for id in left {
        let limit = PAGE - i64::try_from(rows.len()).unwrap_or(PAGE);
        if limit <= 0 {
            break;
        }
        let page: Vec<Row> = sqlx::query_as(
            "SELECT m.conversation_id, m.seq, m.id, m.author, m.author_name, m.text, m.failure_text, m.rich, m.edits, s.folded
               FROM messages m LEFT JOIN search_messages s ON s.account_id = m.account_id AND s.message_id = m.id
              WHERE m.account_id = $1 AND m.conversation_id = $2 AND m.seq > $3 ORDER BY m.seq LIMIT $4",
        )
        .bind(job.account().uuid())
        .bind(id)
        .bind(if id == conversation { seq } else { 0 })
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
        rows.extend(page);
    }
    Ok(rows)
}

async fn write(tx: &mut Tx, job: &Job, rows: &[Row]) -> Result<(), Error> {
    sqlx::query(
        "UPDATE messages m SET author_name = n.author_name, text = n.text, failure_text = n.failure_text, edits = n.edits
           FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
                AS n (conversation_id, seq, author_name, text, failure_text, edits)
          WHERE m.account_id = $1 AND m.conversation_id = n.conversation_id AND m.seq = n.seq",
    )
    .bind(job.account().uuid())
    .bind(rows.iter().map(|row| row.conversation_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.seq).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| &row.author_name[..]).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| &row.text[..]).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| &row.failure_text[..]).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.edits.clone()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Baskets and names of files.
async fn rich(tx: &mut Tx, job: &Job, rows: &[Row], tally: &mut Tally) -> Result<(), Error> {
    let ids: Vec<Uuid> = rows
        .iter()
        .filter(|row| row.rich)
        .map(|row| row.id)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let carts: Vec<(Uuid, Json)> = sqlx::query_as(
        "SELECT message_id, cart FROM carts WHERE account_id = $1 AND message_id = ANY ($2)",
    )
    .bind(job.account().uuid())
    .bind(&ids)
    .fetch_all(&mut **tx)
    .await?;
    for (id, mut cart) in carts {
        let mut found = Found::new();
        if job.sieve.clean_json(&mut cart, &mut found) {
            tally.add("conversations.carts", &found);
            let statement = "UPDATE carts SET cart = $3 WHERE account_id = $1 AND message_id = $2";
            set(tx, job, statement, id, cart).await?;
        }
    }
    let files: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT id, file_name FROM attachments WHERE account_id = $1 AND message_id = ANY ($2)",
    )
    .bind(job.account().uuid())
    .bind(&ids)
    .fetch_all(&mut **tx)
    .await?;
    let names: BTreeMap<Uuid, String> = files.into_iter().collect();
    for (id, name) in names {
        let mut found = Found::new();
        if let Some(clean) = job.sieve.clean(&name, &mut found) {
            tally.add("conversations.attachments", &found);
            let statement =
                "UPDATE attachments SET file_name = $3 WHERE account_id = $1 AND id = $2";
            set(tx, job, statement, id, clean).await?;
        }
    }
    Ok(())
}

async fn set<'q, T>(
    tx: &mut Tx,
    job: &Job,
    statement: &'static str,
    id: Uuid,
    value: T,
) -> Result<(), Error>
where
    T: sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + 'q,
{
    if job.erases() {
        sqlx::query(statement)
            .bind(job.account().uuid())
            .bind(id)
            .bind(value)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
