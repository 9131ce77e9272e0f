//! Tags.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, TagId};
use uuid::Uuid;

use crate::domain::tag::Tag;

/// The unique index of names.
pub const NAME_TAKEN: &str = "tags_name";

#[derive(FromRow)]
struct TagRow {
    tag_id: Uuid,
    name: String,
    version: i64,
    create_time: OffsetDateTime,
}

impl From<TagRow> for Tag {
    fn from(row: TagRow) -> Self {
        Self {
            id: row.tag_id.into(),
            name: row.name,
            version: row.version,
            create_time: row.create_time,
        }
    }
}

/// Adds a tag. A name that is taken is a conflict with [`NAME_TAKEN`].
#[tracing::instrument(level = "debug", name = "db.tag.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, tag: &Tag) -> Result<(), Error> {
    sqlx::query("INSERT INTO tags (account_id, tag_id, name, version, create_time) VALUES ($1, $2, $3, $4, $5)")
        .bind(account.uuid())
        .bind(tag.id.uuid())
        .bind(&tag.name)
        .bind(tag.version)
        .bind(tag.create_time)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Adds those of these tags whose names are free; they.
#[tracing::instrument(level = "debug", name = "db.tag.insert_free", skip_all)]
pub async fn insert_free(
    tx: &mut Tx,
    account: AccountId,
    tags: &[Tag],
) -> Result<Vec<TagId>, Error> {
    let (ids, names): (Vec<Uuid>, Vec<&str>) = tags
        .iter()
        .map(|tag| (tag.id.uuid(), &tag.name[..]))
        .unzip();
    let times: Vec<OffsetDateTime> = tags.iter().map(|tag| tag.create_time).collect();
    let added: Vec<Uuid> = sqlx::query_scalar(
        "INSERT INTO tags (account_id, tag_id, name, version, create_time)
         SELECT $1, t.id, t.name, 1, t.time FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) AS t (id, name, time)
         ON CONFLICT (account_id, lower(name)) DO NOTHING RETURNING tag_id",
    )
    .bind(account.uuid())
    .bind(ids)
    .bind(names)
    .bind(times)
    .fetch_all(&mut **tx)
    .await?;
    Ok(added.into_iter().map(TagId::from).collect())
}

/// The tags that have these names, without regard to case.
#[tracing::instrument(level = "debug", name = "db.tag.named", skip_all)]
pub async fn named(tx: &mut Tx, account: AccountId, names: &[String]) -> Result<Vec<TagId>, Error> {
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT tag_id FROM tags
          WHERE account_id = $1 AND lower(name) IN (SELECT lower(n) FROM unnest($2::text[]) AS n) ORDER BY tag_id",
    )
    .bind(account.uuid())
    .bind(names)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(TagId::from).collect())
}

/// A tag, which nobody else changes until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.tag.lock", skip_all)]
pub async fn lock(tx: &mut Tx, account: AccountId, tag: TagId) -> Result<Option<Tag>, Error> {
    let row: Option<TagRow> = sqlx::query_as(
        "SELECT tag_id, name, version, create_time FROM tags WHERE account_id = $1 AND tag_id = $2 FOR NO KEY UPDATE",
    )
    .bind(account.uuid())
    .bind(tag.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Tag::from))
}

/// Up to `limit` tags after one, oldest first.
#[tracing::instrument(level = "debug", name = "db.tag.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    after: Option<TagId>,
    limit: i64,
) -> Result<Vec<Tag>, Error> {
    let rows: Vec<TagRow> = sqlx::query_as(
        "SELECT tag_id, name, version, create_time FROM tags
          WHERE account_id = $1 AND tag_id > $2 ORDER BY tag_id LIMIT $3",
    )
    .bind(account.uuid())
    .bind(after.map_or(Uuid::nil(), TagId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Tag::from).collect())
}

/// Stores what can change of a tag that was locked. A name that is taken is a conflict with [`NAME_TAKEN`].
#[tracing::instrument(level = "debug", name = "db.tag.update", skip_all)]
pub async fn update(tx: &mut Tx, account: AccountId, tag: &Tag) -> Result<(), Error> {
    sqlx::query("UPDATE tags SET name = $3, version = $4 WHERE account_id = $1 AND tag_id = $2")
        .bind(account.uuid())
        .bind(tag.id.uuid())
        .bind(&tag.name)
        .bind(tag.version)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Deletes a tag and takes it off all cards.
#[tracing::instrument(level = "debug", name = "db.tag.delete", skip_all)]
pub async fn delete(tx: &mut Tx, account: AccountId, tag: TagId) -> Result<(), Error> {
    sqlx::query("DELETE FROM tags WHERE account_id = $1 AND tag_id = $2")
        .bind(account.uuid())
        .bind(tag.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Those of these tags that exist; they cannot be deleted until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.tag.hold", skip_all)]
pub async fn hold(tx: &mut Tx, account: AccountId, tags: &[TagId]) -> Result<Vec<TagId>, Error> {
    let tags: Vec<Uuid> = tags.iter().map(|tag| tag.uuid()).collect();
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT tag_id FROM tags WHERE account_id = $1 AND tag_id = ANY ($2) ORDER BY tag_id FOR KEY SHARE",
    )
    .bind(account.uuid())
    .bind(tags)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(TagId::from).collect())
}
