//! The widget of the chat window in the company's CRM.

use pg::{Error, Tx};
use sqlx::FromRow;
use time::OffsetDateTime;
use types::{AccountId, ApiKeyId, UserId};
use uuid::Uuid;

use crate::domain::crm_widget::CrmWidget;

#[derive(FromRow)]
struct CrmWidgetRow {
    key_id: Uuid,
    user_id: Uuid,
    install_time: OffsetDateTime,
}

/// The account's widget, if it is installed.
#[tracing::instrument(level = "debug", name = "db.crm_widget.get", skip_all)]
pub async fn get(tx: &mut Tx, account: AccountId) -> Result<Option<CrmWidget>, Error> {
    let row: Option<CrmWidgetRow> = sqlx::query_as(
        "SELECT key_id, user_id, install_time FROM crm_widgets WHERE account_id = $1",
    )
    .bind(account.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| CrmWidget {
        key: row.key_id.into(),
        user: row.user_id.into(),
        install_time: row.install_time,
    }))
}

/// Stores the widget of an account that has none.
#[tracing::instrument(level = "debug", name = "db.crm_widget.insert", skip_all)]
pub async fn insert(tx: &mut Tx, account: AccountId, widget: &CrmWidget) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO crm_widgets (account_id, key_id, user_id, install_time) VALUES ($1, $2, $3, $4)",
    )
    .bind(account.uuid())
    .bind(ApiKeyId::uuid(widget.key))
    .bind(UserId::uuid(widget.user))
    .bind(widget.install_time)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes the widget with this key, if there is one.
#[tracing::instrument(level = "debug", name = "db.crm_widget.delete", skip_all)]
pub async fn delete(tx: &mut Tx, account: AccountId, key: ApiKeyId) -> Result<(), Error> {
    sqlx::query("DELETE FROM crm_widgets WHERE account_id = $1 AND key_id = $2")
        .bind(account.uuid())
        .bind(key.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
