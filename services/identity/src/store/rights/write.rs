//! Replacing what is set for a subject.

use access::{Rules, Subject};
use pg::{Error, Tx};
use types::{AccountId, new_uuid};
use uuid::Uuid;

use super::{columns, numbers};

/// The foreign key to groups: the group was deleted meanwhile.
pub const GROUP_GONE: &str = "rights_group";
/// The foreign key to users.
pub const USER_GONE: &str = "rights_user";

/// The row of a subject, which nobody else changes until the transaction ends. One that never was is made. A subject that is
/// gone is a conflict with [`GROUP_GONE`] or [`USER_GONE`].
#[tracing::instrument(level = "debug", name = "db.rights.lock", skip_all)]
pub async fn lock(tx: &mut Tx, account: AccountId, subject: Subject) -> Result<Uuid, Error> {
    let (role, group, user) = columns(subject);
    let id = sqlx::query_scalar(
        "INSERT INTO rights (account_id, rights_id, role, group_id, user_id, version) VALUES ($1, $2, $3, $4, $5, 0)
         ON CONFLICT (account_id, role, group_id, user_id) DO UPDATE SET version = rights.version
         RETURNING rights_id",
    )
    .bind(account.uuid())
    .bind(new_uuid())
    .bind(role)
    .bind(group)
    .bind(user)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// Stores what is set for a subject whose row was locked, in place of what was.
#[tracing::instrument(level = "debug", name = "db.rights.replace", skip_all)]
pub async fn replace(
    tx: &mut Tx,
    account: AccountId,
    id: Uuid,
    rules: &Rules,
    version: i64,
) -> Result<(), Error> {
    sqlx::query(
        "WITH cells AS (DELETE FROM rights_cells WHERE account_id = $1 AND rights_id = $2),
              stages AS (DELETE FROM rights_stages WHERE account_id = $1 AND rights_id = $2),
              fields AS (DELETE FROM rights_fields WHERE account_id = $1 AND rights_id = $2)
         UPDATE rights SET mail = $3, lists = $4, version = $5 WHERE account_id = $1 AND rights_id = $2",
    )
    .bind(account.uuid())
    .bind(id)
    .bind(rules.mail)
    .bind(rules.lists)
    .bind(version)
    .execute(&mut **tx)
    .await?;
    insert_cells(tx, account, id, rules).await?;
    insert_stages(tx, account, id, rules).await?;
    insert_fields(tx, account, id, rules).await
}

async fn insert_cells(
    tx: &mut Tx,
    account: AccountId,
    id: Uuid,
    rules: &Rules,
) -> Result<(), Error> {
    let (mut entities, mut actions, mut levels) = (Vec::new(), Vec::new(), Vec::new());
    for (entity, action, level) in rules.cells.iter() {
        if let Some(level) = level {
            entities.push(numbers::entity_number(entity));
            actions.push(numbers::action_number(action));
            levels.push(numbers::level_number(level));
        }
    }
    sqlx::query(
        "INSERT INTO rights_cells (account_id, rights_id, entity, action, right_level)
         SELECT $1, $2, * FROM unnest($3::smallint[], $4::smallint[], $5::smallint[])",
    )
    .bind(account.uuid())
    .bind(id)
    .bind(entities)
    .bind(actions)
    .bind(levels)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_stages(
    tx: &mut Tx,
    account: AccountId,
    id: Uuid,
    rules: &Rules,
) -> Result<(), Error> {
    let (mut stages, mut actions, mut rights) = (Vec::new(), Vec::new(), Vec::new());
    for ((stage, action), right) in &rules.stages {
        if let Some(right) = numbers::stage_right_number(*right) {
            stages.push(stage.uuid());
            actions.push(numbers::action_number(*action));
            rights.push(right);
        }
    }
    sqlx::query(
        "INSERT INTO rights_stages (account_id, rights_id, stage_id, action, stage_right)
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::smallint[], $5::smallint[])",
    )
    .bind(account.uuid())
    .bind(id)
    .bind(stages)
    .bind(actions)
    .bind(rights)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_fields(
    tx: &mut Tx,
    account: AccountId,
    id: Uuid,
    rules: &Rules,
) -> Result<(), Error> {
    let (mut entities, mut fields, mut rights) = (Vec::new(), Vec::new(), Vec::new());
    for ((entity, field), right) in &rules.fields {
        if let Some(right) = numbers::field_right_number(*right) {
            entities.push(numbers::entity_number(*entity));
            fields.push(field.as_str());
            rights.push(right);
        }
    }
    sqlx::query(
        "INSERT INTO rights_fields (account_id, rights_id, entity, field, field_right)
         SELECT $1, $2, * FROM unnest($3::smallint[], $4::text[], $5::smallint[])",
    )
    .bind(account.uuid())
    .bind(id)
    .bind(entities)
    .bind(fields)
    .bind(rights)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
