//! Files of the person's conversations that hold text, such as visiting cards.

use auth::AccountScope;
use pg::{Error, Tx};
use uuid::Uuid;

use super::message_at;
use crate::domain::attachment::{Failure, State};
use crate::store::numbers::of_file_state;

/// Messages with files of a part.
const PAGE: i64 = 50;

/// The next files with text that are here, and after which message to go on.
///
/// # Errors
/// When the database fails.
pub async fn text_files(
    tx: &mut Tx,
    scope: AccountScope,
    conversations: &[Uuid],
    place: &str,
) -> Result<(Vec<Uuid>, Option<String>), Error> {
    let (conversation, seq) = message_at(place);
    let rows: Vec<(Uuid, i64, Option<Uuid>)> = sqlx::query_as(
        "SELECT m.conversation_id, m.seq, a.id
           FROM (SELECT account_id, conversation_id, seq, id FROM messages
                  WHERE account_id = $1 AND conversation_id = ANY ($2) AND (conversation_id, seq) > ($3, $4) AND rich
                  ORDER BY conversation_id, seq LIMIT $5) m
           LEFT JOIN attachments a ON a.account_id = m.account_id AND a.message_id = m.id AND a.state = 2
                AND (a.media_type LIKE 'text/%' OR a.media_type IN ('application/json', 'application/xml', 'application/vcard'))
          ORDER BY m.conversation_id, m.seq",
    )
    .bind(scope.account().uuid())
    .bind(conversations)
    .bind(conversation)
    .bind(seq)
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await?;
    let next = rows
        .last()
        .map(|(conversation, seq, _)| format!("{conversation}/{seq}"));
    let files = rows.into_iter().filter_map(|(_, _, id)| id);
    Ok((files.collect(), next))
}

/// Files whose contents are gone.
///
/// # Errors
/// When the database fails.
pub async fn gone(tx: &mut Tx, scope: AccountScope, ids: &[Uuid]) -> Result<(), Error> {
    let (state, failure) = of_file_state(State::Failed(Failure::Erased));
    sqlx::query(
        "UPDATE attachments SET state = $3, failure = $4, size = 0, has_preview = false, sha256 = ''
          WHERE account_id = $1 AND id = ANY ($2)",
    )
    .bind(scope.account().uuid())
    .bind(ids)
    .bind(state)
    .bind(failure)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
