//! Visitors and their sessions.

use pg::Error;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{AccountId, FieldId, OnlineChatId, VisitorId};
use uuid::Uuid;

use crate::domain::facts::Page;
use crate::domain::session::{Digest, Session};

/// A visitor who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which visitor.
    pub id: VisitorId,
    /// The visitor's name; empty when unknown.
    pub name: String,
}

/// The visitor of an online chat whose resume token this is, if it still works: its life begins anew, and a name that the
/// page tells now replaces the one before.
#[tracing::instrument(name = "db.visitor.resume", skip_all, fields(online_chat.id = %online_chat), err)]
pub async fn resume(
    db: &mut PgConnection,
    account: AccountId,
    online_chat: OnlineChatId,
    resume: &Digest,
    name: &str,
    now: OffsetDateTime,
    expire_time: OffsetDateTime,
) -> Result<Option<Known>, Error> {
    let row: Option<(Uuid, String)> = sqlx::query_as(
        r"UPDATE visitors
          SET resume_expire_time = $6, name = CASE WHEN $4 = '' THEN name ELSE $4 END
          WHERE account_id = $1 AND resume_digest = $3 AND online_chat_id = $2 AND resume_expire_time > $5
          RETURNING id, name",
    )
    .bind(account.uuid())
    .bind(online_chat.uuid())
    .bind(&resume[..])
    .bind(name)
    .bind(now)
    .bind(expire_time)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(id, name)| Known {
        id: id.into(),
        name,
    }))
}

/// Stores a new visitor.
#[tracing::instrument(name = "db.visitor.insert", skip_all, fields(visitor.id = %visitor.id), err)]
pub async fn insert(
    db: &mut PgConnection,
    account: AccountId,
    online_chat: OnlineChatId,
    visitor: &Known,
    resume: &Digest,
    now: OffsetDateTime,
    expire_time: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        r"INSERT INTO visitors (account_id, id, online_chat_id, name, resume_digest, resume_expire_time, create_time)
          VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(account.uuid())
    .bind(visitor.id.uuid())
    .bind(online_chat.uuid())
    .bind(&visitor.name)
    .bind(&resume[..])
    .bind(expire_time)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// By what the site's backend names a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// The field in which the external ID stands.
    pub field: FieldId,
    /// The external ID as it is compared.
    pub key: String,
}

/// The visitor of an external ID: `new` when there is none yet. They never expire: what they wrote has to be found for ever. A name
/// that the backend tells now replaces the one before.
#[tracing::instrument(name = "db.visitor.named", skip_all, fields(online_chat.id = %online_chat), err)]
pub async fn named(
    db: &mut PgConnection,
    account: AccountId,
    online_chat: OnlineChatId,
    external: &External,
    new: &Known,
    resume: &Digest,
    now: OffsetDateTime,
) -> Result<Known, Error> {
    let (id, name): (Uuid, String) = sqlx::query_as(
        r"INSERT INTO visitors AS v
              (account_id, id, online_chat_id, name, resume_digest, resume_expire_time, create_time, external_field_id, external_key)
          VALUES ($1, $2, $3, $4, $5, 'infinity', $6, $7, $8)
          ON CONFLICT ON CONSTRAINT visitors_external_key DO UPDATE
             SET name = CASE WHEN excluded.name = '' THEN v.name ELSE excluded.name END
          RETURNING id, name",
    )
    .bind(account.uuid())
    .bind(new.id.uuid())
    .bind(online_chat.uuid())
    .bind(&new.name)
    .bind(&resume[..])
    .bind(now)
    .bind(external.field.uuid())
    .bind(&external.key)
    .fetch_one(db)
    .await?;
    Ok(Known {
        id: id.into(),
        name,
    })
}

/// Stores a token of a visitor whom the site's backend named.
#[tracing::instrument(name = "db.visitor_token.insert", skip_all, fields(visitor.id = %visitor), err)]
pub async fn insert_token(
    db: &mut PgConnection,
    account: AccountId,
    visitor: VisitorId,
    token: &Digest,
    expire_time: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        r"INSERT INTO visitor_tokens (account_id, token_digest, visitor_id, expire_time) VALUES ($1, $2, $3, $4)",
    )
    .bind(account.uuid())
    .bind(&token[..])
    .bind(visitor.uuid())
    .bind(expire_time)
    .execute(db)
    .await?;
    Ok(())
}

/// The visitor of an online chat whom this token names, if it still works: its life begins anew.
#[tracing::instrument(name = "db.visitor_token.present", skip_all, fields(online_chat.id = %online_chat), err)]
pub async fn present(
    db: &mut PgConnection,
    account: AccountId,
    online_chat: OnlineChatId,
    token: &Digest,
    now: OffsetDateTime,
    expire_time: OffsetDateTime,
) -> Result<Option<Known>, Error> {
    let row: Option<(Uuid, String)> = sqlx::query_as(
        r"UPDATE visitor_tokens t SET expire_time = $5
            FROM visitors v
           WHERE t.account_id = $1 AND t.token_digest = $2 AND t.expire_time > $4
             AND v.account_id = t.account_id AND v.id = t.visitor_id AND v.online_chat_id = $3
          RETURNING v.id, v.name",
    )
    .bind(account.uuid())
    .bind(&token[..])
    .bind(online_chat.uuid())
    .bind(now)
    .bind(expire_time)
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(id, name)| Known {
        id: id.into(),
        name,
    }))
}

/// Removes up to `limit` tokens that ended before `before`.
#[tracing::instrument(name = "db.visitor_token.forget", skip_all, err)]
pub async fn forget_tokens(
    db: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, Error> {
    let done = sqlx::query(
        r"DELETE FROM visitor_tokens
          WHERE (account_id, token_digest) IN (
              SELECT account_id, token_digest FROM visitor_tokens
              WHERE expire_time < $1 ORDER BY expire_time LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Stores a session.
#[tracing::instrument(name = "db.visitor_session.insert", skip_all, fields(visitor.id = %session.visitor), err)]
pub async fn insert_session(
    db: &mut PgConnection,
    session: &Session,
    token: &Digest,
) -> Result<(), Error> {
    sqlx::query(
        r"INSERT INTO visitor_sessions
              (account_id, token_digest, visitor_id, page_url, page_title, referrer, language, expire_time)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(session.account.uuid())
    .bind(&token[..])
    .bind(session.visitor.uuid())
    .bind(&session.page.url)
    .bind(&session.page.title)
    .bind(&session.page.referrer)
    .bind(&session.page.language)
    .bind(session.expire_time)
    .execute(db)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    online_chat_id: Uuid,
    visitor_id: Uuid,
    name: String,
    page_url: String,
    page_title: String,
    referrer: String,
    language: String,
    expire_time: OffsetDateTime,
}

/// The session of a token, also when its time is over.
#[tracing::instrument(name = "db.visitor_session.find", skip_all, err)]
pub async fn find_session(
    db: &mut PgConnection,
    account: AccountId,
    token: &Digest,
) -> Result<Option<Session>, Error> {
    let row: Option<SessionRow> = sqlx::query_as(
        r"SELECT v.online_chat_id, s.visitor_id, v.name, s.page_url, s.page_title, s.referrer, s.language, s.expire_time
          FROM visitor_sessions s
          JOIN visitors v ON v.account_id = s.account_id AND v.id = s.visitor_id
          WHERE s.account_id = $1 AND s.token_digest = $2",
    )
    .bind(account.uuid())
    .bind(&token[..])
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Session {
        account,
        online_chat: row.online_chat_id.into(),
        visitor: row.visitor_id.into(),
        visitor_name: row.name,
        page: Page {
            url: row.page_url,
            title: row.page_title,
            referrer: row.referrer,
            language: row.language,
        },
        expire_time: row.expire_time,
    }))
}

/// Removes up to `limit` sessions that ended before `before`.
#[tracing::instrument(name = "db.visitor_session.forget", skip_all, err)]
pub async fn forget_sessions(
    db: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, Error> {
    let done = sqlx::query(
        r"DELETE FROM visitor_sessions
          WHERE (account_id, token_digest) IN (
              SELECT account_id, token_digest FROM visitor_sessions
              WHERE expire_time < $1 ORDER BY expire_time LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Removes up to `limit` visitors who cannot come back since `before`.
#[tracing::instrument(name = "db.visitor.forget", skip_all, err)]
pub async fn forget_visitors(
    db: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, Error> {
    let done = sqlx::query(
        r"DELETE FROM visitors
          WHERE (account_id, id) IN (
              SELECT account_id, id FROM visitors
              WHERE resume_expire_time < $1 ORDER BY resume_expire_time LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(limit)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
