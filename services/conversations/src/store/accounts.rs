//! What this service keeps of accounts: the copy of their state, and their conversation numbers.

use auth::AccountScope;
use pg::{Error, Tx};
use sqlx::Row;
use types::AccountId;

use crate::domain::account::AccountState;
use crate::domain::nps::Survey;

/// Takes the next conversation number of the account.
///
/// # Errors
/// When the database fails.
pub async fn take_number(tx: &mut Tx, scope: AccountScope) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "INSERT INTO account_numbers AS n (account_id, last_number) VALUES ($1, 1)
         ON CONFLICT (account_id) DO UPDATE SET last_number = n.last_number + 1
         RETURNING last_number",
    )
    .bind(scope.account().uuid())
    .fetch_one(&mut **tx)
    .await?)
}

/// What identity said of an account; `None` when it has not been heard of yet, or said less than is asked today.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.account.state", skip_all, fields(account.id = %scope.account()), err)]
pub async fn state(tx: &mut Tx, scope: AccountScope) -> Result<Option<AccountState>, Error> {
    let row = sqlx::query(
        "SELECT subscription_active, imbox_enabled, language, message_search, nps_enabled, nps_in_plan, nps_text, feed_bot_name
           FROM account_states WHERE account_id = $1 AND message_search IS NOT NULL AND nps_enabled IS NOT NULL",
    )
    .bind(scope.account().uuid())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(AccountState {
        subscription_active: row.try_get("subscription_active")?,
        imbox_enabled: row.try_get("imbox_enabled")?,
        language: row.try_get("language")?,
        message_search: row.try_get("message_search")?,
        nps: Survey {
            enabled: row.try_get("nps_enabled")?,
            in_plan: row.try_get("nps_in_plan")?,
            text: row.try_get("nps_text")?,
        },
        feed_bot_name: row.try_get("feed_bot_name")?,
    }))
}

/// Keeps what identity says of an account, unless a newer version is known; true when the subscription began or ended by it.
///
/// # Errors
/// When the database fails.
pub async fn keep_state(
    tx: &mut Tx,
    account: AccountId,
    state: &AccountState,
    version: i64,
) -> Result<bool, Error> {
    let turned: Option<bool> = sqlx::query_scalar(
        "WITH before AS (SELECT subscription_active FROM account_states WHERE account_id = $1)
         INSERT INTO account_states AS s (account_id, subscription_active, imbox_enabled, language, version, message_search,
                nps_enabled, nps_in_plan, nps_text, feed_bot_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (account_id) DO UPDATE
            SET subscription_active = excluded.subscription_active, imbox_enabled = excluded.imbox_enabled,
                language = excluded.language, version = excluded.version, message_search = excluded.message_search,
                nps_enabled = excluded.nps_enabled, nps_in_plan = excluded.nps_in_plan, nps_text = excluded.nps_text,
                feed_bot_name = excluded.feed_bot_name
          WHERE s.version < excluded.version
         RETURNING coalesce((SELECT b.subscription_active <> s.subscription_active FROM before b), false)",
    )
    .bind(account.uuid())
    .bind(state.subscription_active)
    .bind(state.imbox_enabled)
    .bind(&state.language)
    .bind(version)
    .bind(state.message_search)
    .bind(state.nps.enabled)
    .bind(state.nps.in_plan)
    .bind(&state.nps.text)
    .bind(&state.feed_bot_name)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(turned.unwrap_or_default())
}
