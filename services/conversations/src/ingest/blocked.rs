//! What is kept of messages from the black list: how many, and when the last one came.

use pg::Error;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::plan::Plan;

/// Counts them, in a transaction of its own: a batch that is repeated counts them again.
pub async fn count(
    connection: &mut PgConnection,
    plan: &Plan,
    now: OffsetDateTime,
) -> Result<(), Error> {
    if plan.blocked.is_empty() {
        return Ok(());
    }
    let people = || plan.blocked.keys();
    sqlx::query(
        "UPDATE black_list b SET refused = b.refused + n.refused, refused_time = $5
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) AS n (account_id, connector_key, external_id, refused)
          WHERE b.account_id = n.account_id AND b.connector_key = n.connector_key AND b.external_id = n.external_id",
    )
    .bind(people().map(|(account, ..)| account.uuid()).collect::<Vec<_>>())
    .bind(people().map(|(_, connector, _)| &connector[..]).collect::<Vec<_>>())
    .bind(people().map(|(.., person)| &person[..]).collect::<Vec<_>>())
    .bind(plan.blocked.values().copied().collect::<Vec<_>>())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}
