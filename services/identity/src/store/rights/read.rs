//! Reading what is set: for one subject, or for the whole account.

use std::collections::BTreeMap;

use access::{AccountRights, Member, Options, RuleSet, Rules, Subject};
use pg::{Error, Tx};
use sqlx::FromRow;
use types::{AccountId, GroupId, Language, Role, UserId};
use uuid::Uuid;

use super::{columns, numbers};
use crate::domain::rights::Stored;
use crate::store::{corrupt, users};

#[derive(FromRow)]
struct SubjectRow {
    rights_id: Uuid,
    role: Option<i16>,
    group_id: Option<Uuid>,
    user_id: Option<Uuid>,
    mail: Option<bool>,
    lists: Option<bool>,
}

impl SubjectRow {
    fn subject(&self) -> Result<Subject, Error> {
        let role = self.role.map(|role| match users::role(role) {
            Some(role) => Ok(Subject::Role(role)),
            None => Err(corrupt("rights", "role", self.rights_id)),
        });
        let group = self.group_id.map(|group| Ok(Subject::Group(group.into())));
        let user = self.user_id.map(|user| Ok(Subject::User(user.into())));
        role.or(group)
            .or(user)
            .unwrap_or_else(|| Err(corrupt("rights", "user_id", self.rights_id)))
    }
}

/// What is set for a subject; nothing, where nothing ever was.
#[tracing::instrument(level = "debug", name = "db.rights.get", skip_all)]
pub async fn get(tx: &mut Tx, account: AccountId, subject: Subject) -> Result<Stored, Error> {
    let (role, group, user) = columns(subject);
    let row: Option<(Uuid, Option<bool>, Option<bool>, i64)> = sqlx::query_as(
        "SELECT rights_id, mail, lists, version FROM rights
          WHERE account_id = $1 AND role IS NOT DISTINCT FROM $2 AND group_id IS NOT DISTINCT FROM $3
            AND user_id IS NOT DISTINCT FROM $4",
    )
    .bind(account.uuid())
    .bind(role)
    .bind(group)
    .bind(user)
    .fetch_optional(&mut **tx)
    .await?;
    let Some((id, mail, lists, version)) = row else {
        return Ok(Stored::default());
    };
    let mut of = rules(tx, account, Some(id)).await?;
    let rules = Rules {
        mail,
        lists,
        ..of.remove(&id).unwrap_or_default()
    };
    Ok(Stored { rules, version })
}

/// The state of an account, all of it. The epoch is read first: what is read after it is at least as new.
#[tracing::instrument(level = "debug", name = "db.rights.account", skip_all)]
pub async fn account(tx: &mut Tx, account: AccountId) -> Result<AccountRights, Error> {
    let row: Option<(i64, bool)> = sqlx::query_as(
        "SELECT epoch, subscription_beats_forbidden_stage FROM account_rights WHERE account_id = $1",
    )
    .bind(account.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    let (epoch, subscription_beats_forbidden_stage) = row.unwrap_or_default();
    let options = Options {
        subscription_beats_forbidden_stage,
    };
    let subjects = subjects(tx, account).await?;
    Ok(AccountRights {
        epoch,
        groups: groups(tx, account).await?,
        members: members(tx, account).await?,
        rules: RuleSet { subjects, options },
    })
}

async fn subjects(tx: &mut Tx, account: AccountId) -> Result<BTreeMap<Subject, Rules>, Error> {
    let rows: Vec<SubjectRow> = sqlx::query_as(
        "SELECT rights_id, role, group_id, user_id, mail, lists FROM rights WHERE account_id = $1",
    )
    .bind(account.uuid())
    .fetch_all(&mut **tx)
    .await?;
    let mut of = rules(tx, account, None).await?;
    rows.iter()
        .map(|row| {
            let rules = Rules {
                mail: row.mail,
                lists: row.lists,
                ..of.remove(&row.rights_id).unwrap_or_default()
            };
            Ok((row.subject()?, rules))
        })
        .collect()
}

/// The rules of one subject, or of all.
async fn rules(
    tx: &mut Tx,
    account: AccountId,
    of: Option<Uuid>,
) -> Result<BTreeMap<Uuid, Rules>, Error> {
    let mut rules: BTreeMap<Uuid, Rules> = BTreeMap::new();
    let cells: Vec<(Uuid, i16, i16, i16)> = sqlx::query_as(
        "SELECT rights_id, entity, action, right_level FROM rights_cells
          WHERE account_id = $1 AND ($2::uuid IS NULL OR rights_id = $2)",
    )
    .bind(account.uuid())
    .bind(of)
    .fetch_all(&mut **tx)
    .await?;
    for (id, entity, action, level) in cells {
        let wrong = |column| corrupt("rights_cells", column, id);
        let entity = numbers::entity(entity).ok_or_else(|| wrong("entity"))?;
        let action = numbers::action(action).ok_or_else(|| wrong("action"))?;
        let level = numbers::level(level).ok_or_else(|| wrong("right_level"))?;
        let cells = &mut rules.entry(id).or_default().cells;
        cells.set(entity, action, Some(level));
    }
    stages(tx, account, of, &mut rules).await?;
    fields(tx, account, of, &mut rules).await?;
    Ok(rules)
}

async fn stages(
    tx: &mut Tx,
    account: AccountId,
    of: Option<Uuid>,
    rules: &mut BTreeMap<Uuid, Rules>,
) -> Result<(), Error> {
    let rows: Vec<(Uuid, Uuid, i16, i16)> = sqlx::query_as(
        "SELECT rights_id, stage_id, action, stage_right FROM rights_stages
          WHERE account_id = $1 AND ($2::uuid IS NULL OR rights_id = $2)",
    )
    .bind(account.uuid())
    .bind(of)
    .fetch_all(&mut **tx)
    .await?;
    for (id, stage, action, right) in rows {
        let wrong = |column| corrupt("rights_stages", column, id);
        let action = numbers::action(action).ok_or_else(|| wrong("action"))?;
        let right = numbers::stage_right(right).ok_or_else(|| wrong("stage_right"))?;
        let stages = &mut rules.entry(id).or_default().stages;
        stages.insert((stage.into(), action), right);
    }
    Ok(())
}

async fn fields(
    tx: &mut Tx,
    account: AccountId,
    of: Option<Uuid>,
    rules: &mut BTreeMap<Uuid, Rules>,
) -> Result<(), Error> {
    let rows: Vec<(Uuid, i16, String, i16)> = sqlx::query_as(
        "SELECT rights_id, entity, field, field_right FROM rights_fields
          WHERE account_id = $1 AND ($2::uuid IS NULL OR rights_id = $2)",
    )
    .bind(account.uuid())
    .bind(of)
    .fetch_all(&mut **tx)
    .await?;
    for (id, entity, field, right) in rows {
        let wrong = |column| corrupt("rights_fields", column, id);
        let entity = numbers::entity(entity).ok_or_else(|| wrong("entity"))?;
        let right = numbers::field_right(right).ok_or_else(|| wrong("field_right"))?;
        let fields = &mut rules.entry(id).or_default().fields;
        fields.insert((entity, field), right);
    }
    Ok(())
}

async fn groups(tx: &mut Tx, account: AccountId) -> Result<BTreeMap<GroupId, String>, Error> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT group_id, name FROM groups WHERE account_id = $1")
            .bind(account.uuid())
            .fetch_all(&mut **tx)
            .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|(group, name)| (group.into(), name)).collect())
}

#[derive(FromRow)]
struct MemberRow {
    user_id: Uuid,
    name: String,
    role: i16,
    group_id: Option<Uuid>,
    language: String,
    active: bool,
}

async fn members(tx: &mut Tx, account: AccountId) -> Result<BTreeMap<UserId, Member>, Error> {
    let rows: Vec<MemberRow> = sqlx::query_as(
        "SELECT u.user_id, u.name, u.role, u.group_id, coalesce(u.language, a.language) AS language, u.active
           FROM users u JOIN accounts a ON a.account_id = u.account_id
          WHERE u.account_id = $1",
    )
    .bind(account.uuid())
    .fetch_all(&mut **tx)
    .await?;
    let member = |row: MemberRow| {
        let role: Role =
            users::role(row.role).ok_or_else(|| corrupt("users", "role", row.user_id))?;
        let member = Member {
            name: row.name,
            group: row.group_id.map(GroupId::from),
            role,
            active: row.active,
            language: Language::from_tag(&row.language),
        };
        Ok((row.user_id.into(), member))
    };
    rows.into_iter().map(member).collect()
}
