//! Cabinets.

use pg::Error;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use types::{AccountId, CabinetId, ConnectionId, SmsProviderId};
use uuid::Uuid;

use crate::domain::settings::{Cabinet, EventKind, LogoFacts, Settings, ShownField, ShownStatus};

#[derive(sqlx::FromRow)]
struct Row {
    account_id: Uuid,
    id: Uuid,
    enabled: bool,
    title: String,
    shown_events: Vec<i16>,
    shown_fields: Json<Vec<ShownField>>,
    statuses_shown: bool,
    statuses: Json<Vec<ShownStatus>>,
    log_in_text: String,
    erasure_text: String,
    erasure_enabled: bool,
    sms_provider_ids: Vec<Uuid>,
    connection_id: Option<Uuid>,
    version: i64,
    update_time: OffsetDateTime,
    logo_width: Option<i32>,
    logo_height: Option<i32>,
    logo_size: Option<i32>,
    logo_digest: Option<Vec<u8>>,
}

fn corrupt(column: &'static str, row: Uuid) -> Error {
    Error::Corrupt {
        table: "cabinets",
        column,
        row: row.to_string(),
    }
}

fn number(kind: EventKind) -> i16 {
    let place = EventKind::ALL.iter().position(|known| *known == kind);
    place.map_or(0, |place| i16::try_from(place + 1).unwrap_or(0))
}

fn event_kind(number: i16) -> Option<EventKind> {
    let place = usize::try_from(number).ok()?.checked_sub(1)?;
    EventKind::ALL.get(place).copied()
}

impl Row {
    fn logo(&self) -> Result<Option<LogoFacts>, Error> {
        let parts = (
            self.logo_width,
            self.logo_height,
            self.logo_size,
            &self.logo_digest,
        );
        let (Some(width), Some(height), Some(size), Some(digest)) = parts else {
            return Ok(None);
        };
        let digest = digest[..].try_into();
        Ok(Some(LogoFacts {
            width,
            height,
            size,
            digest: digest.map_err(|_| corrupt("logo_digest", self.account_id))?,
        }))
    }
}

impl TryFrom<Row> for Cabinet {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let logo = row.logo()?;
        let events = row.shown_events.iter().map(|number| event_kind(*number));
        let shown_events = events.collect::<Option<Vec<_>>>();
        Ok(Self {
            account: row.account_id.into(),
            id: row.id.into(),
            settings: Settings {
                enabled: row.enabled,
                title: row.title,
                shown_events: shown_events
                    .ok_or_else(|| corrupt("shown_events", row.account_id))?,
                shown_fields: row.shown_fields.0,
                statuses_shown: row.statuses_shown,
                statuses: row.statuses.0,
                log_in_text: row.log_in_text,
                erasure_text: row.erasure_text,
                erasure_enabled: row.erasure_enabled,
                sms_providers: row
                    .sms_provider_ids
                    .into_iter()
                    .map(SmsProviderId::from)
                    .collect(),
            },
            connection: row.connection_id.map(ConnectionId::from),
            logo,
            version: row.version,
            update_time: row.update_time,
        })
    }
}

macro_rules! columns {
    () => {
        "c.account_id, c.id, c.enabled, c.title, c.shown_events, c.shown_fields, c.statuses_shown, c.statuses, c.log_in_text,
         c.erasure_text, c.erasure_enabled, c.sms_provider_ids, c.connection_id, c.version, c.update_time,
         l.width AS logo_width, l.height AS logo_height, octet_length(l.png) AS logo_size, l.digest AS logo_digest"
    };
}

const OF_ACCOUNT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cabinets c LEFT JOIN logos l ON l.account_id = c.account_id WHERE c.account_id = $1"
);

const BY_KEY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cabinets c LEFT JOIN logos l ON l.account_id = c.account_id WHERE c.id = $1"
);

/// The account's cabinet; made, switched off, when nobody has looked at it before.
#[tracing::instrument(level = "debug", name = "db.cabinet.of_account", skip_all, err)]
pub async fn of_account(
    db: &mut PgConnection,
    account: AccountId,
    now: OffsetDateTime,
) -> Result<Cabinet, Error> {
    if let Some(cabinet) = find(db, account).await? {
        return Ok(cabinet);
    }
    sqlx::query(
        "INSERT INTO cabinets (account_id, id, create_time, update_time) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING",
    )
    .bind(account.uuid())
    .bind(CabinetId::generate().uuid())
    .bind(now)
    .execute(&mut *db)
    .await?;
    let row: Row = sqlx::query_as(OF_ACCOUNT)
        .bind(account.uuid())
        .fetch_one(db)
        .await?;
    row.try_into()
}

/// The account's cabinet, if anybody has looked at it.
#[tracing::instrument(level = "debug", name = "db.cabinet.find", skip_all, err)]
pub async fn find(db: &mut PgConnection, account: AccountId) -> Result<Option<Cabinet>, Error> {
    let row: Option<Row> = sqlx::query_as(OF_ACCOUNT)
        .bind(account.uuid())
        .fetch_optional(db)
        .await?;
    row.map(Cabinet::try_from).transpose()
}

/// The cabinet of a link. For the system: the caller knows no account.
#[tracing::instrument(level = "debug", name = "db.cabinet.by_key", skip_all, err)]
pub async fn by_key(db: &mut PgConnection, id: CabinetId) -> Result<Option<Cabinet>, Error> {
    let row: Option<Row> = sqlx::query_as(BY_KEY)
        .bind(id.uuid())
        .fetch_optional(db)
        .await?;
    row.map(Cabinet::try_from).transpose()
}

/// Stores what an administrator set; false when it is not this version any more.
#[tracing::instrument(level = "debug", name = "db.cabinet.update", skip_all, err)]
pub async fn update(
    db: &mut PgConnection,
    account: AccountId,
    version: i64,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    let events: Vec<i16> = settings.shown_events.iter().copied().map(number).collect();
    let providers: Vec<Uuid> = settings.sms_providers.iter().map(|id| id.uuid()).collect();
    let done = sqlx::query(
        "UPDATE cabinets
            SET enabled = $3, title = $4, shown_events = $5, shown_fields = $6, statuses_shown = $7, statuses = $8, log_in_text = $9,
                erasure_text = $10, erasure_enabled = $11, sms_provider_ids = $12, version = version + 1, update_time = $13
          WHERE account_id = $1 AND version = $2",
    )
    .bind(account.uuid())
    .bind(version)
    .bind(settings.enabled)
    .bind(&settings.title)
    .bind(events)
    .bind(Json(&settings.shown_fields))
    .bind(settings.statuses_shown)
    .bind(Json(&settings.statuses))
    .bind(&settings.log_in_text)
    .bind(&settings.erasure_text)
    .bind(settings.erasure_enabled)
    .bind(providers)
    .bind(now)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes the connection of its chats, once.
#[tracing::instrument(level = "debug", name = "db.cabinet.link", skip_all, err)]
pub async fn link(
    db: &mut PgConnection,
    account: AccountId,
    connection: ConnectionId,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE cabinets SET connection_id = $2 WHERE account_id = $1 AND connection_id IS NULL",
    )
    .bind(account.uuid())
    .bind(connection.uuid())
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that the logo changed.
#[tracing::instrument(level = "debug", name = "db.cabinet.touch", skip_all, err)]
pub async fn touch(
    db: &mut PgConnection,
    account: AccountId,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE cabinets SET version = version + 1, update_time = $2 WHERE account_id = $1",
    )
    .bind(account.uuid())
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_has_a_number() {
        for kind in EventKind::ALL {
            assert_eq!(event_kind(number(kind)), Some(kind));
        }
        assert_eq!(event_kind(0), None);
        let behind = i16::try_from(EventKind::ALL.len() + 1).expect("few");
        assert_eq!(event_kind(behind), None);
    }
}
