//! Chats of contacts, and which conversation stands for each entry of the window's list.

use std::collections::HashMap;

use auth::AccountScope;
use pg::{Error, Tx};
use types::{ChatId, ContactId, ConversationId};
use uuid::Uuid;

use crate::domain::window::Whose;

/// Up to `limit` chats of a contact without groups, the youngest first, that are older than `after`.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.chat.of_contact", skip_all, fields(account.id = %scope.account()), err)]
pub async fn of_contact(
    tx: &mut Tx,
    scope: AccountScope,
    contact: ContactId,
    after: Option<ChatId>,
    limit: i64,
) -> Result<Vec<ChatId>, Error> {
    let found: Vec<Uuid> = sqlx::query_scalar(OF_CONTACT)
        .bind(scope.account().uuid())
        .bind(contact.uuid())
        .bind(after.map_or(Uuid::max(), ChatId::uuid))
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

const OF_CONTACT: &str =
    "SELECT id FROM chats WHERE account_id = $1 AND contact_id = $2 AND id < $3 AND NOT is_group
      ORDER BY id DESC LIMIT $4";

/// What is known of an entry's conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The first one in the order of the list: those that wait before the others, the latest change first.
    pub first: ConversationId,
    /// Does the client wait in one of them?
    pub waits: bool,
    /// The chat with the newest message.
    pub last_chat: ChatId,
}

/// What is known of entries; those without conversations are missing. Groups belong to no contact.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.chat.entries", skip_all, fields(account.id = %scope.account()), err)]
pub async fn entries(
    tx: &mut Tx,
    scope: AccountScope,
    whose: &[Whose],
) -> Result<HashMap<Whose, Entry>, Error> {
    let (mut contacts, mut chats) = (Vec::new(), Vec::new());
    for it in whose {
        match it {
            Whose::Contact(contact) => contacts.push(contact.uuid()),
            Whose::Chat(chat) => chats.push(chat.uuid()),
        }
    }
    let rows: Vec<(bool, Uuid, Uuid, bool, Uuid)> = sqlx::query_as(ENTRIES)
        .bind(scope.account().uuid())
        .bind(contacts)
        .bind(chats)
        .fetch_all(&mut **tx)
        .await?;
    let entry = |(of_contact, id, first, waits, last_chat): (bool, Uuid, Uuid, bool, Uuid)| {
        let whose = match of_contact {
            true => Whose::Contact(id.into()),
            false => Whose::Chat(id.into()),
        };
        let entry = Entry {
            first: first.into(),
            waits,
            last_chat: last_chat.into(),
        };
        (whose, entry)
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// The conversations of one contact or chat are few enough to be looked at one by one.
macro_rules! entries {
    ($of_contact:literal, $ids:literal, $is:literal) => {
        concat!(
            "SELECT ",
            $of_contact,
            ", w.id, f.id, f.waits, l.chat_id FROM unnest(",
            $ids,
            "::uuid[]) AS w (id)
              CROSS JOIN LATERAL (
                    SELECT r.id, (r.life = 1 AND r.answer = 1) AS waits FROM conversations r WHERE r.account_id = $1 AND ",
            $is,
            " ORDER BY (r.life = 1 AND r.answer = 1) DESC, r.update_time DESC, r.id DESC LIMIT 1) f
              CROSS JOIN LATERAL (
                    SELECT r.chat_id FROM conversations r WHERE r.account_id = $1 AND ",
            $is,
            " ORDER BY r.last_time DESC, r.id DESC LIMIT 1) l"
        )
    };
}

const ENTRIES: &str = concat!(
    entries!("true", "$2", "r.contact_id = w.id AND NOT r.is_group"),
    " UNION ALL ",
    entries!("false", "$3", "r.chat_id = w.id")
);

#[cfg(test)]
mod tests;
