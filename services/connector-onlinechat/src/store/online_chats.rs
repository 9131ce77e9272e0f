//! Online chats.

use pg::Error;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use types::{AccountId, ConnectionId, OnlineChatId};
use uuid::Uuid;

use super::landing::{FeedbackRow, SiteRow};
use crate::domain::external_id::Field;
use crate::domain::look::{Avatar, Color, Greeting};
use crate::domain::online_chat::{Mode, OnlineChat, Settings};
use crate::domain::placement::Placement;

/// An online chat as it is stored: perhaps without its connection yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Whose.
    pub account: AccountId,
    /// Its id.
    pub id: OnlineChatId,
    /// Its connection, once conversations has made it.
    pub connection: Option<ConnectionId>,
    /// What an administrator set.
    pub settings: Settings,
    /// Counts the changes.
    pub version: i64,
    /// The newest version that conversations was told.
    pub forwarded_version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
}

impl Stored {
    /// The finished online chat; `None` while it has no connection.
    #[must_use]
    pub fn finished(self) -> Option<OnlineChat> {
        Some(OnlineChat {
            account: self.account,
            id: self.id,
            connection: self.connection?,
            settings: self.settings,
            version: self.version,
            create_time: self.create_time,
        })
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    account_id: Uuid,
    id: Uuid,
    connection_id: Option<Uuid>,
    title: String,
    mode: i16,
    site_url: String,
    embedded_in_app: bool,
    show_sender_name: bool,
    enabled: bool,
    avatar: Vec<u8>,
    accent_color: String,
    greeting_enabled: bool,
    greeting_name: String,
    greeting_text: String,
    external_field_id: Option<Uuid>,
    external_field_numeric: Option<bool>,
    landing_site: Option<Json<SiteRow>>,
    feedback_buttons: Json<Vec<FeedbackRow>>,
    version: i64,
    forwarded_version: i64,
    create_time: OffsetDateTime,
}

impl TryFrom<Row> for Stored {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.id;
        let corrupt = |column| Error::Corrupt {
            table: "online_chats",
            column,
            row: id.to_string(),
        };
        let mode = Mode::from_number(row.mode).ok_or_else(|| corrupt("mode"))?;
        let placement = Placement::decide(row.embedded_in_app, &row.site_url)
            .map_err(|_| corrupt("site_url"))?;
        let avatar = Avatar::of(&row.avatar).ok_or_else(|| corrupt("avatar"))?;
        let accent_color = Color::of(&row.accent_color).ok_or_else(|| corrupt("accent_color"))?;
        let landing_site = match row.landing_site {
            Some(Json(site)) => Some(site.read().ok_or_else(|| corrupt("landing_site"))?),
            None => None,
        };
        let buttons = row.feedback_buttons.0.into_iter();
        let buttons: Option<Vec<_>> = buttons.map(FeedbackRow::read).collect();
        let external_field = row.external_field_id.zip(row.external_field_numeric);
        Ok(Self {
            account: row.account_id.into(),
            id: row.id.into(),
            connection: row.connection_id.map(ConnectionId::from),
            settings: Settings {
                title: row.title,
                mode,
                placement,
                show_sender_name: row.show_sender_name,
                enabled: row.enabled,
                avatar,
                accent_color,
                greeting: Greeting {
                    enabled: row.greeting_enabled,
                    name: row.greeting_name,
                    text: row.greeting_text,
                },
                external_field: external_field.map(|(id, numeric)| Field {
                    id: id.into(),
                    numeric,
                }),
                landing_site,
                feedback_buttons: buttons.ok_or_else(|| corrupt("feedback_buttons"))?,
            },
            version: row.version,
            forwarded_version: row.forwarded_version,
            create_time: row.create_time,
        })
    }
}

/// Stores a new online chat that has no connection yet.
#[tracing::instrument(name = "db.online_chat.insert", skip_all, fields(online_chat.id = %id), err)]
pub async fn insert(
    db: &mut PgConnection,
    account: AccountId,
    id: OnlineChatId,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        r"INSERT INTO online_chats
              (account_id, id, title, mode, site_url, embedded_in_app, show_sender_name, enabled, avatar, accent_color,
               greeting_enabled, greeting_name, greeting_text, external_field_id, external_field_numeric, landing_site,
               feedback_buttons, create_time, update_time)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(&settings.title)
    .bind(settings.mode.number())
    .bind(settings.placement.site_url())
    .bind(settings.placement == Placement::Application)
    .bind(settings.show_sender_name)
    .bind(settings.enabled)
    .bind(settings.avatar.bytes())
    .bind(settings.accent_color.as_str())
    .bind(settings.greeting.enabled)
    .bind(&settings.greeting.name)
    .bind(&settings.greeting.text)
    .bind(settings.external_field.map(|field| field.id.uuid()))
    .bind(settings.external_field.map(|field| field.numeric))
    .bind(settings.landing_site.as_ref().map(SiteRow::of))
    .bind(FeedbackRow::all(&settings.feedback_buttons))
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// One online chat of the account, finished or not.
#[tracing::instrument(name = "db.online_chat.find", skip_all, fields(online_chat.id = %id), err)]
pub async fn find(
    db: &mut PgConnection,
    account: AccountId,
    id: OnlineChatId,
) -> Result<Option<Stored>, Error> {
    let row: Option<Row> = sqlx::query_as(
        r"SELECT account_id, id, connection_id, title, mode, site_url, embedded_in_app, show_sender_name, enabled,
                 avatar, accent_color, greeting_enabled, greeting_name, greeting_text,
                 external_field_id, external_field_numeric, landing_site, feedback_buttons, version, forwarded_version, create_time
          FROM online_chats
          WHERE account_id = $1 AND id = $2",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .fetch_optional(db)
    .await?;
    row.map(Stored::try_from).transpose()
}

/// The online chat that an embed code names, whosever it is.
#[tracing::instrument(name = "db.online_chat.find_by_key", skip_all, fields(online_chat.id = %id), err)]
pub async fn find_by_key(
    db: &mut PgConnection,
    id: OnlineChatId,
) -> Result<Option<OnlineChat>, Error> {
    let row: Option<Row> = sqlx::query_as(
        r"SELECT account_id, id, connection_id, title, mode, site_url, embedded_in_app, show_sender_name, enabled,
                 avatar, accent_color, greeting_enabled, greeting_name, greeting_text,
                 external_field_id, external_field_numeric, landing_site, feedback_buttons, version, forwarded_version, create_time
          FROM online_chats
          WHERE id = $1",
    )
    .bind(id.uuid())
    .fetch_optional(db)
    .await?;
    Ok(row
        .map(Stored::try_from)
        .transpose()?
        .and_then(Stored::finished))
}

/// Up to `limit` finished online chats after `after`, oldest first: ids sort as they were made.
#[tracing::instrument(name = "db.online_chat.list", skip_all, err)]
pub async fn list(
    db: &mut PgConnection,
    account: AccountId,
    after: Option<OnlineChatId>,
    limit: i64,
) -> Result<Vec<OnlineChat>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        r"SELECT account_id, id, connection_id, title, mode, site_url, embedded_in_app, show_sender_name, enabled,
                 avatar, accent_color, greeting_enabled, greeting_name, greeting_text,
                 external_field_id, external_field_numeric, landing_site, feedback_buttons, version, forwarded_version, create_time
          FROM online_chats
          WHERE account_id = $1 AND id > $2 AND connection_id IS NOT NULL
          ORDER BY id
          LIMIT $3",
    )
    .bind(account.uuid())
    .bind(after.map_or(Uuid::nil(), OnlineChatId::uuid))
    .bind(limit)
    .fetch_all(db)
    .await?;
    let chats = rows
        .into_iter()
        .map(Stored::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(chats.into_iter().filter_map(Stored::finished).collect())
}

/// Stores new settings over version `version`; false when that is not the newest any more.
#[tracing::instrument(name = "db.online_chat.update", skip_all, fields(online_chat.id = %id), err)]
pub async fn update(
    db: &mut PgConnection,
    account: AccountId,
    id: OnlineChatId,
    version: i64,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let done = sqlx::query(
        r"UPDATE online_chats
          SET title = $4, mode = $5, site_url = $6, embedded_in_app = $7, show_sender_name = $8, enabled = $9,
              avatar = $10, accent_color = $11, greeting_enabled = $12, greeting_name = $13, greeting_text = $14,
              external_field_id = $15, external_field_numeric = $16, landing_site = $17, feedback_buttons = $18,
              version = version + 1, update_time = $19
          WHERE account_id = $1 AND id = $2 AND version = $3",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(version)
    .bind(&settings.title)
    .bind(settings.mode.number())
    .bind(settings.placement.site_url())
    .bind(settings.placement == Placement::Application)
    .bind(settings.show_sender_name)
    .bind(settings.enabled)
    .bind(settings.avatar.bytes())
    .bind(settings.accent_color.as_str())
    .bind(settings.greeting.enabled)
    .bind(&settings.greeting.name)
    .bind(&settings.greeting.text)
    .bind(settings.external_field.map(|field| field.id.uuid()))
    .bind(settings.external_field.map(|field| field.numeric))
    .bind(settings.landing_site.as_ref().map(SiteRow::of))
    .bind(FeedbackRow::all(&settings.feedback_buttons))
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Online chats that have no connection yet, and whose they are.
#[tracing::instrument(name = "db.online_chat.unfinished", skip_all, err)]
pub async fn unfinished(db: &mut PgConnection) -> Result<Vec<(AccountId, OnlineChatId)>, Error> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        r"SELECT account_id, id FROM online_chats WHERE connection_id IS NULL ORDER BY create_time LIMIT 1000",
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(account, id)| (account.into(), id.into()))
        .collect())
}

/// Gives an unfinished online chat its connection; the first one stays. The connection was made from the row as it is:
/// nobody can change what is not finished.
#[tracing::instrument(name = "db.online_chat.link", skip_all, fields(online_chat.id = %id), err)]
pub async fn link(
    db: &mut PgConnection,
    account: AccountId,
    id: OnlineChatId,
    connection: ConnectionId,
) -> Result<bool, Error> {
    let done = sqlx::query(
        r"UPDATE online_chats
          SET connection_id = $3, forwarded_version = version
          WHERE account_id = $1 AND id = $2 AND connection_id IS NULL",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(connection.uuid())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that conversations was told version `version`.
#[tracing::instrument(name = "db.online_chat.mark_forwarded", skip_all, fields(online_chat.id = %id), err)]
pub async fn mark_forwarded(
    db: &mut PgConnection,
    account: AccountId,
    id: OnlineChatId,
    version: i64,
) -> Result<(), Error> {
    sqlx::query(
        r"UPDATE online_chats SET forwarded_version = $3
          WHERE account_id = $1 AND id = $2 AND forwarded_version < $3",
    )
    .bind(account.uuid())
    .bind(id.uuid())
    .bind(version)
    .execute(db)
    .await?;
    Ok(())
}

/// Removes creations that nobody finished since `before`.
#[tracing::instrument(name = "db.online_chat.forget_unfinished", skip_all, err)]
pub async fn forget_unfinished(
    db: &mut PgConnection,
    before: OffsetDateTime,
) -> Result<u64, Error> {
    let done =
        sqlx::query(r"DELETE FROM online_chats WHERE connection_id IS NULL AND create_time < $1")
            .bind(before)
            .execute(db)
            .await?;
    Ok(done.rows_affected())
}
