//! Employees and the log-in directory.

use auth::Role;
use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, GroupId, UserId};
use uuid::Uuid;

use super::corrupt;
use crate::domain::email::Email;
use crate::domain::user::User;

/// The key of the log-in directory.
pub const EMAIL_TAKEN: &str = "login_directory_pkey";

#[derive(FromRow)]
struct UserRow {
    user_id: Uuid,
    email: String,
    name: String,
    role: i16,
    group_id: Option<Uuid>,
    language: Option<String>,
    active: bool,
    grant_version: Uuid,
    version: i64,
    create_time: OffsetDateTime,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.user_id.into(),
            email: row.email,
            name: row.name,
            role: role(row.role).ok_or_else(|| corrupt("users", "role", row.user_id))?,
            group: row.group_id.map(GroupId::from),
            language: row.language,
            active: row.active,
            grant_version: row.grant_version,
            version: row.version,
            create_time: row.create_time,
        })
    }
}

/// A role as it is stored.
#[must_use]
pub fn role(number: i16) -> Option<Role> {
    match number {
        1 => Some(Role::Administrator),
        2 => Some(Role::Manager),
        _ => None,
    }
}

/// How a role is stored.
#[must_use]
pub fn role_number(role: Role) -> i16 {
    match role {
        Role::Administrator => 1,
        Role::Manager => 2,
    }
}

/// Where a user is, and what their password has to match.
#[derive(Debug, FromRow)]
pub struct Credentials {
    account_id: Uuid,
    user_id: Uuid,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
    /// Off: cannot log in.
    pub active: bool,
}

impl Credentials {
    /// The user's account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account_id.into()
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user_id.into()
    }
}

/// Adds an employee and their entry in the directory. An e-mail that is taken is a conflict with [`EMAIL_TAKEN`].
#[tracing::instrument(level = "debug", name = "db.user.insert", skip_all)]
pub async fn insert(
    tx: &mut Tx,
    account: AccountId,
    user: &User,
    email: &Email,
    password_hash: &str,
) -> Result<(), Error> {
    sqlx::query(
        "WITH stored AS (
             INSERT INTO users (account_id, user_id, email, name, role, group_id, language, active, password_hash,
                                grant_version, version, create_time)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))
         INSERT INTO login_directory (account_id, user_id, email_digest) VALUES ($1, $2, $13)",
    )
    .bind(account.uuid())
    .bind(user.id.uuid())
    .bind(email.as_str())
    .bind(&user.name)
    .bind(role_number(user.role))
    .bind(user.group.map(GroupId::uuid))
    .bind(&user.language)
    .bind(user.active)
    .bind(password_hash)
    .bind(user.grant_version)
    .bind(user.version)
    .bind(user.create_time)
    .bind(&email.digest()[..])
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An employee.
#[tracing::instrument(level = "debug", name = "db.user.get", skip_all)]
pub async fn get(tx: &mut Tx, account: AccountId, user: UserId) -> Result<Option<User>, Error> {
    let row: Option<UserRow> = sqlx::query_as(
        "SELECT user_id, email, name, role, group_id, language, active, grant_version, version, create_time
           FROM users WHERE account_id = $1 AND user_id = $2",
    )
    .bind(account.uuid())
    .bind(user.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(User::try_from).transpose()
}

/// An employee, whom nobody else changes until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.user.lock", skip_all)]
pub async fn lock(tx: &mut Tx, account: AccountId, user: UserId) -> Result<Option<User>, Error> {
    let row: Option<UserRow> = sqlx::query_as(
        "SELECT user_id, email, name, role, group_id, language, active, grant_version, version, create_time
           FROM users WHERE account_id = $1 AND user_id = $2 FOR NO KEY UPDATE",
    )
    .bind(account.uuid())
    .bind(user.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(User::try_from).transpose()
}

/// Up to `limit` employees after one, oldest first, of one department or of all.
#[tracing::instrument(level = "debug", name = "db.user.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    group: Option<GroupId>,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let rows: Vec<UserRow> = sqlx::query_as(
        "SELECT user_id, email, name, role, group_id, language, active, grant_version, version, create_time
           FROM users WHERE account_id = $1 AND ($2::uuid IS NULL OR group_id = $2) AND user_id > $3
          ORDER BY user_id LIMIT $4",
    )
    .bind(account.uuid())
    .bind(group.map(GroupId::uuid))
    .bind(after.map_or(Uuid::nil(), UserId::uuid))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(User::try_from).collect()
}

/// Stores what can change of an employee who was locked.
#[tracing::instrument(level = "debug", name = "db.user.update", skip_all)]
pub async fn update(tx: &mut Tx, account: AccountId, user: &User) -> Result<(), Error> {
    sqlx::query(
        "UPDATE users SET name = $3, role = $4, group_id = $5, language = $6, active = $7, grant_version = $8, version = $9
          WHERE account_id = $1 AND user_id = $2",
    )
    .bind(account.uuid())
    .bind(user.id.uuid())
    .bind(&user.name)
    .bind(role_number(user.role))
    .bind(user.group.map(GroupId::uuid))
    .bind(&user.language)
    .bind(user.active)
    .bind(user.grant_version)
    .bind(user.version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many active administrators there are besides one. Lock the account first: two that leave at once must not both count the other.
#[tracing::instrument(level = "debug", name = "db.user.administrators", skip_all)]
pub async fn other_administrators(
    tx: &mut Tx,
    account: AccountId,
    user: UserId,
) -> Result<i64, Error> {
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM users WHERE account_id = $1 AND user_id <> $2 AND role = 1 AND active",
    )
    .bind(account.uuid())
    .bind(user.uuid())
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// What the password of an employee has to match.
#[tracing::instrument(level = "debug", name = "db.user.credentials", skip_all)]
pub async fn credentials(
    tx: &mut Tx,
    account: AccountId,
    user: UserId,
) -> Result<Option<Credentials>, Error> {
    let row = sqlx::query_as(
        "SELECT account_id, user_id, password_hash, active FROM users WHERE account_id = $1 AND user_id = $2",
    )
    .bind(account.uuid())
    .bind(user.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// Whom an e-mail belongs to, over all accounts: for log-in and the operator, as the system.
#[tracing::instrument(level = "debug", name = "db.user.by_email", skip_all)]
pub async fn by_email(tx: &mut Tx, digest: &[u8; 32]) -> Result<Option<Credentials>, Error> {
    let row = sqlx::query_as(
        "SELECT u.account_id, u.user_id, u.password_hash, u.active
           FROM login_directory d
           JOIN users u ON u.account_id = d.account_id AND u.user_id = d.user_id
          WHERE d.email_digest = $1",
    )
    .bind(&digest[..])
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// Stores a new password.
#[tracing::instrument(level = "debug", name = "db.user.set_password", skip_all)]
pub async fn set_password(
    tx: &mut Tx,
    account: AccountId,
    user: UserId,
    password_hash: &str,
) -> Result<(), Error> {
    sqlx::query("UPDATE users SET password_hash = $3 WHERE account_id = $1 AND user_id = $2")
        .bind(account.uuid())
        .bind(user.uuid())
        .bind(password_hash)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
