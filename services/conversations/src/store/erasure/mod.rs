//! Erasing a client's personal data: names of the client go from chats, conversations and messages, and texts lose the values where they
//! occur. Chats, conversations, messages and their numbers stay.

mod chat;
mod deliveries;
mod files;
mod find;
mod messages;
mod quarantine;

pub use chat::{chat, contacts};
pub use deliveries::deliveries;
pub use files::{gone, text_files};
pub use find::find;
pub use messages::messages;
pub use quarantine::quarantine;

use auth::AccountScope;
use erasure::Person;
use pg::{Error, Tx};
use uuid::Uuid;

/// The person's chats: those of their contacts, and those in which their channels know them. A group is not theirs alone.
///
/// # Errors
/// When the database fails.
pub async fn chats_of(
    tx: &mut Tx,
    scope: AccountScope,
    person: &Person,
) -> Result<Vec<Uuid>, Error> {
    find::chats(tx, scope.account(), person).await
}

/// The conversations of chats.
///
/// # Errors
/// When the database fails.
pub async fn conversations_of(
    tx: &mut Tx,
    scope: AccountScope,
    chats: &[Uuid],
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT c.id FROM unnest($2::uuid[]) AS w (id)
           JOIN conversations c ON c.account_id = $1 AND c.chat_id = w.id ORDER BY c.id",
    )
    .bind(scope.account().uuid())
    .bind(chats)
    .fetch_all(&mut **tx)
    .await?)
}

/// A message as a place of the walk: its conversation and its place in the chat.
fn message_at(place: &str) -> (Uuid, i64) {
    let (conversation, seq) = place.split_once('/').unwrap_or_default();
    (
        conversation.parse().unwrap_or_default(),
        seq.parse().unwrap_or_default(),
    )
}
