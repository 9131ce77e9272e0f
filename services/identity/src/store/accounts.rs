//! Accounts.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::AccountId;
use uuid::Uuid;

use super::corrupt;
use crate::domain::account::{Account, FeedAuthor, Plan, Subscription};

#[derive(FromRow)]
struct AccountRow {
    account_id: Uuid,
    title: String,
    language: String,
    plan: i16,
    subscription: i16,
    imbox: bool,
    nps_enabled: bool,
    nps_text: String,
    feed_author: i16,
    feed_bot_name: String,
    version: i64,
    create_time: OffsetDateTime,
}

impl TryFrom<AccountRow> for Account {
    type Error = Error;

    fn try_from(row: AccountRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.account_id.into(),
            title: row.title,
            language: row.language,
            plan: match row.plan {
                1 => Plan::Basic,
                2 => Plan::Extended,
                3 => Plan::Professional,
                _ => return Err(corrupt("accounts", "plan", row.account_id)),
            },
            subscription: match row.subscription {
                1 => Subscription::Active,
                2 => Subscription::Unpaid,
                _ => return Err(corrupt("accounts", "subscription", row.account_id)),
            },
            imbox: row.imbox,
            nps_enabled: row.nps_enabled,
            nps_text: row.nps_text,
            feed_author: match row.feed_author {
                1 => FeedAuthor::Employee,
                2 => FeedAuthor::Bot,
                _ => return Err(corrupt("accounts", "feed_author", row.account_id)),
            },
            feed_bot_name: row.feed_bot_name,
            version: row.version,
            create_time: row.create_time,
        })
    }
}

fn plan_number(plan: Plan) -> i16 {
    match plan {
        Plan::Basic => 1,
        Plan::Extended => 2,
        Plan::Professional => 3,
    }
}

fn feed_author_number(author: FeedAuthor) -> i16 {
    match author {
        FeedAuthor::Employee => 1,
        FeedAuthor::Bot => 2,
    }
}

fn subscription_number(subscription: Subscription) -> i16 {
    match subscription {
        Subscription::Active => 1,
        Subscription::Unpaid => 2,
    }
}

/// Adds an account.
#[tracing::instrument(level = "debug", name = "db.account.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: &Account) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO accounts (account_id, title, language, plan, subscription, imbox, version, create_time,
                nps_enabled, nps_text, feed_author, feed_bot_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(account.id.uuid())
    .bind(&account.title)
    .bind(&account.language)
    .bind(plan_number(account.plan))
    .bind(subscription_number(account.subscription))
    .bind(account.imbox)
    .bind(account.version)
    .bind(account.create_time)
    .bind(account.nps_enabled)
    .bind(&account.nps_text)
    .bind(feed_author_number(account.feed_author))
    .bind(&account.feed_bot_name)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An account.
#[tracing::instrument(level = "debug", name = "db.account.get", skip_all)]
pub async fn get(tx: &mut Tx, account: AccountId) -> Result<Option<Account>, Error> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT account_id, title, language, plan, subscription, imbox, nps_enabled, nps_text, feed_author, feed_bot_name,
                version, create_time
           FROM accounts WHERE account_id = $1",
    )
    .bind(account.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Account::try_from).transpose()
}

/// An account, which nobody else changes until the transaction ends.
#[tracing::instrument(level = "debug", name = "db.account.lock", skip_all)]
pub async fn lock(tx: &mut Tx, account: AccountId) -> Result<Option<Account>, Error> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT account_id, title, language, plan, subscription, imbox, nps_enabled, nps_text, feed_author, feed_bot_name,
                version, create_time
           FROM accounts WHERE account_id = $1 FOR NO KEY UPDATE",
    )
    .bind(account.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Account::try_from).transpose()
}

/// Stores what can change of an account that was locked.
#[tracing::instrument(level = "debug", name = "db.account.update", skip_all)]
pub async fn update(tx: &mut Tx, account: &Account) -> Result<(), Error> {
    sqlx::query(
        "UPDATE accounts SET title = $2, language = $3, plan = $4, subscription = $5, imbox = $6, version = $7,
                nps_enabled = $8, nps_text = $9, feed_author = $10, feed_bot_name = $11
          WHERE account_id = $1",
    )
    .bind(account.id.uuid())
    .bind(&account.title)
    .bind(&account.language)
    .bind(plan_number(account.plan))
    .bind(subscription_number(account.subscription))
    .bind(account.imbox)
    .bind(account.version)
    .bind(account.nps_enabled)
    .bind(&account.nps_text)
    .bind(feed_author_number(account.feed_author))
    .bind(&account.feed_bot_name)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
