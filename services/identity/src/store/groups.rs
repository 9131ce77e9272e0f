//! Departments.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, GroupId};
use uuid::Uuid;

use crate::domain::group::Group;

/// The unique index of names.
pub const NAME_TAKEN: &str = "groups_name";
/// The foreign key from users.
pub const HAS_MEMBERS: &str = "users_group";

#[derive(FromRow)]
struct GroupRow {
    group_id: Uuid,
    name: String,
    version: i64,
    create_time: OffsetDateTime,
}

impl From<GroupRow> for Group {
    fn from(row: GroupRow) -> Self {
        Self {
            id: row.group_id.into(),
            name: row.name,
            version: row.version,
            create_time: row.create_time,
        }
    }
}

/// Adds a department. A name that is taken is a conflict with [`NAME_TAKEN`].
#[tracing::instrument(level = "debug", name = "db.group.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, group: &Group) -> Result<(), Error> {
    sqlx::query("INSERT INTO groups (account_id, group_id, name, version, create_time) VALUES ($1, $2, $3, $4, $5)")
        .bind(account.uuid())
        .bind(group.id.uuid())
        .bind(&group.name)
        .bind(group.version)
        .bind(group.create_time)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A department.
#[tracing::instrument(level = "debug", name = "db.group.get", skip_all)]
pub async fn get(tx: &mut Tx, account: AccountId, group: GroupId) -> Result<Option<Group>, Error> {
    let row: Option<GroupRow> = sqlx::query_as(
        "SELECT group_id, name, version, create_time FROM groups WHERE account_id = $1 AND group_id = $2",
    )
    .bind(account.uuid())
    .bind(group.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Group::from))
}

/// A department, which nobody else changes until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.group.lock", skip_all)]
pub async fn lock(tx: &mut Tx, account: AccountId, group: GroupId) -> Result<Option<Group>, Error> {
    let row: Option<GroupRow> = sqlx::query_as(
        "SELECT group_id, name, version, create_time FROM groups WHERE account_id = $1 AND group_id = $2 FOR UPDATE",
    )
    .bind(account.uuid())
    .bind(group.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Group::from))
}

/// Up to `limit` departments after one, oldest first.
#[tracing::instrument(level = "debug", name = "db.group.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    after: Option<GroupId>,
    limit: i64,
) -> Result<Vec<Group>, Error> {
    let rows: Vec<GroupRow> = sqlx::query_as(
        "SELECT group_id, name, version, create_time FROM groups
          WHERE account_id = $1 AND group_id > $2 ORDER BY group_id LIMIT $3",
    )
    .bind(account.uuid())
    .bind(after.map_or(Uuid::nil(), GroupId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Group::from).collect())
}

/// Stores what can change of a department that was locked. A name that is taken is a conflict with [`NAME_TAKEN`].
#[tracing::instrument(level = "debug", name = "db.group.update", skip_all)]
pub async fn update(tx: &mut Tx, account: AccountId, group: &Group) -> Result<(), Error> {
    sqlx::query(
        "UPDATE groups SET name = $3, version = $4 WHERE account_id = $1 AND group_id = $2",
    )
    .bind(account.uuid())
    .bind(group.id.uuid())
    .bind(&group.name)
    .bind(group.version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a department; `false` when there is none. Members are a conflict with [`HAS_MEMBERS`].
#[tracing::instrument(level = "debug", name = "db.group.delete", skip_all)]
pub async fn delete(tx: &mut Tx, account: AccountId, group: GroupId) -> Result<bool, Error> {
    let deleted = sqlx::query("DELETE FROM groups WHERE account_id = $1 AND group_id = $2")
        .bind(account.uuid())
        .bind(group.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(deleted.rows_affected() == 1)
}
