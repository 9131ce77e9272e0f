//! Further ids of chats.

use auth::AccountScope;
use pg::{Error, Tx};
use types::ConnectionId;

/// Under which of these ids a chat is known: the first that is, else the first of all. The others lead to it from now on.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.chat.resolve", skip_all, fields(connection.id = %connection), err)]
pub async fn resolve(
    tx: &mut Tx,
    scope: AccountScope,
    connection: ConnectionId,
    ids: &[String],
) -> Result<String, Error> {
    let known: Option<String> = sqlx::query_scalar(
        "SELECT coalesce(h.external_id, i.external_id)
           FROM unnest($3::text[]) WITH ORDINALITY AS w (id, ord)
           LEFT JOIN chats h ON h.account_id = $1 AND h.connection_id = $2 AND h.external_id = w.id
           LEFT JOIN chat_ids i ON i.account_id = $1 AND i.connection_id = $2 AND i.id = w.id
          WHERE coalesce(h.external_id, i.external_id) IS NOT NULL ORDER BY w.ord LIMIT 1",
    )
    .bind(scope.account().uuid())
    .bind(connection.uuid())
    .bind(ids)
    .fetch_optional(&mut **tx)
    .await?;
    let known = known.or_else(|| ids.first().cloned()).unwrap_or_default();
    if ids.iter().any(|id| *id != known) {
        sqlx::query(
            "INSERT INTO chat_ids (account_id, connection_id, id, external_id)
             SELECT $1, $2, w.id, $4 FROM unnest($3::text[]) AS w (id) WHERE w.id <> $4
             ON CONFLICT ON CONSTRAINT chat_ids_pkey DO NOTHING",
        )
        .bind(scope.account().uuid())
        .bind(connection.uuid())
        .bind(ids)
        .bind(&known)
        .execute(&mut **tx)
        .await?;
    }
    Ok(known)
}
