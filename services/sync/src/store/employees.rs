//! Employees of CRMs as they were last synchronised, and when that is due.

use pg::{Error, Tx};
use rules::Employee;
use time::OffsetDateTime;
use types::{AccountId, IntegrationId, PortalId};
use uuid::Uuid;

/// How many an integration's list can have.
pub const MAX_EMPLOYEES: i64 = 10_000;

/// The list, by name.
#[tracing::instrument(level = "debug", name = "db.employee.list", skip_all)]
pub async fn list(
    tx: &mut Tx,
    account: AccountId,
    integration: IntegrationId,
) -> Result<Vec<Employee>, Error> {
    let rows: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT employee_id, name, active FROM employees WHERE account_id = $1 AND integration_id = $2
          ORDER BY name, employee_id LIMIT $3",
    )
    .bind(account.uuid())
    .bind(integration.uuid())
    .bind(MAX_EMPLOYEES)
    .fetch_all(&mut **tx)
    .await?;
    let rows = rows.into_iter();
    let employee = |(id, name, is_active)| Employee {
        id,
        name,
        is_active,
    };
    Ok(rows.map(employee).collect())
}

/// What a synchronisation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// How many are new.
    pub added: usize,
    /// How many are gone.
    pub removed: usize,
}

/// Makes the list what the CRM says.
#[tracing::instrument(level = "debug", name = "db.employee.replace", skip_all)]
pub async fn replace(
    tx: &mut Tx,
    account: AccountId,
    integration: IntegrationId,
    employees: &[Employee],
    now: OffsetDateTime,
) -> Result<Changed, Error> {
    let ids: Vec<&str> = employees.iter().map(|it| &it.id[..]).collect();
    let names: Vec<&str> = employees.iter().map(|it| &it.name[..]).collect();
    let active: Vec<bool> = employees.iter().map(|it| it.is_active).collect();
    let removed = sqlx::query(
        "DELETE FROM employees WHERE account_id = $1 AND integration_id = $2 AND NOT employee_id = ANY ($3)",
    )
    .bind(account.uuid())
    .bind(integration.uuid())
    .bind(&ids)
    .execute(&mut **tx)
    .await?;
    let new: Vec<bool> = sqlx::query_scalar(
        "INSERT INTO employees AS e (account_id, integration_id, employee_id, name, active)
         SELECT $1, $2, n.id, n.name, n.active FROM unnest($3::text[], $4::text[], $5::boolean[]) AS n (id, name, active)
         ON CONFLICT (account_id, integration_id, employee_id) DO UPDATE SET name = excluded.name, active = excluded.active
         RETURNING xmax = 0",
    )
    .bind(account.uuid())
    .bind(integration.uuid())
    .bind(&ids)
    .bind(&names)
    .bind(&active)
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query(
        "UPDATE integrations SET employee_sync_time = $3 WHERE account_id = $1 AND integration_id = $2",
    )
    .bind(account.uuid())
    .bind(integration.uuid())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(Changed {
        added: new.into_iter().filter(|new| *new).count(),
        removed: usize::try_from(removed.rows_affected()).unwrap_or(usize::MAX),
    })
}

/// Takes up to `limit` integrations whose daily synchronisation has not succeeded since `midnight` (SYN-38, A-37), and that nobody tried
/// since `untried`.
#[tracing::instrument(level = "debug", name = "db.employee.claim_daily", skip_all)]
pub async fn claim_daily(
    tx: &mut Tx,
    midnight: OffsetDateTime,
    untried: OffsetDateTime,
    now: OffsetDateTime,
    limit: i64,
) -> Result<Vec<(AccountId, IntegrationId, Option<PortalId>)>, Error> {
    let rows: Vec<(Uuid, Uuid, Option<Uuid>)> = sqlx::query_as(
        "WITH d AS MATERIALIZED (SELECT account_id, integration_id FROM integrations
                                  WHERE daily_sync AND employee_try_time < $2
                                    AND (employee_sync_time IS NULL OR employee_sync_time < $1)
                                  ORDER BY employee_try_time LIMIT $4 FOR UPDATE SKIP LOCKED)
         UPDATE integrations i SET employee_try_time = $3 FROM d
          WHERE i.account_id = d.account_id AND i.integration_id = d.integration_id
         RETURNING i.account_id, i.integration_id, i.portal_id",
    )
    .bind(midnight)
    .bind(untried)
    .bind(now)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(account, id, portal)| (account.into(), id.into(), portal.map(PortalId::from)))
        .collect())
}
