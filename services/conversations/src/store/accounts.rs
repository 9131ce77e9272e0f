//! What this service keeps of accounts: the copy of their state, and their conversation numbers.

use auth::AccountScope;
use pg::{Error, Tx};
use types::AccountId;
use uuid::Uuid;

use crate::domain::account::AccountState;

/// Takes the next `count` numbers of each account, which must come sorted; the answer has the first number of each.
///
/// # Errors
/// When the database fails.
pub async fn take_numbers(
    tx: &mut Tx,
    wanted: &[(AccountId, i64)],
) -> Result<Vec<(AccountId, i64)>, Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "INSERT INTO account_numbers AS n (account_id, last_number)
         SELECT * FROM unnest($1::uuid[], $2::bigint[])
         ON CONFLICT (account_id) DO UPDATE SET last_number = n.last_number + excluded.last_number
         RETURNING account_id, last_number",
    )
    .bind(
        wanted
            .iter()
            .map(|(account, _)| account.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(wanted.iter().map(|(_, count)| *count).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    let count = |account: AccountId| {
        wanted
            .iter()
            .find(|(wanted, _)| *wanted == account)
            .map_or(0, |(_, count)| *count)
    };
    Ok(rows
        .into_iter()
        .map(|(account, last)| (account.into(), last - count(account.into()) + 1))
        .collect())
}

/// What identity said of an account; `None` when it has not been heard of yet.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.account.state", skip_all, fields(account.id = %scope.account()), err)]
pub async fn state(tx: &mut Tx, scope: AccountScope) -> Result<Option<AccountState>, Error> {
    let row: Option<(bool, bool, String)> = sqlx::query_as(
        "SELECT subscription_active, imbox_enabled, language FROM account_states WHERE account_id = $1",
    )
    .bind(scope.account().uuid())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(
        |(subscription_active, imbox_enabled, language)| AccountState {
            subscription_active,
            imbox_enabled,
            language,
        },
    ))
}

/// Keeps what identity says of an account, unless a newer version is known.
///
/// # Errors
/// When the database fails.
pub async fn keep_state(
    tx: &mut Tx,
    account: AccountId,
    state: &AccountState,
    version: i64,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO account_states AS s (account_id, subscription_active, imbox_enabled, language, version)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account_id) DO UPDATE
            SET subscription_active = excluded.subscription_active, imbox_enabled = excluded.imbox_enabled,
                language = excluded.language, version = excluded.version
          WHERE s.version < excluded.version",
    )
    .bind(account.uuid())
    .bind(state.subscription_active)
    .bind(state.imbox_enabled)
    .bind(&state.language)
    .bind(version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
