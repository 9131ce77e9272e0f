//! A chat of the person with its conversations, and this service's copies of crm's cards.

use api::conversations::v1::ChangeKind;
use auth::AccountScope;
use erasure::{Found, Job, Tally};
use pg::{Error, Tx};
use types::{ChatId, ConversationId, MessageId};
use uuid::Uuid;

use crate::changes::Change;
use crate::domain::conversation::{Conversation, LastMessage, title};
use crate::domain::message::{Author, AuthorKind, Message};
use crate::store::chats::{self, LockedChat};
use crate::store::search::chats as names;
use crate::store::{conversations, messages};

/// What the chat's history says (CAB-36).
const ERASED: &str = "Робот : Пользователь запросил удаление данных";

/// Takes the names of the person's contacts, and the values from the names of cards that their conversations are conducted in.
///
/// # Errors
/// When the database fails.
pub async fn contacts(
    tx: &mut Tx,
    job: &Job,
    conversations: &[Uuid],
    tally: &mut Tally,
) -> Result<(), Error> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT k.id, k.name FROM cards k WHERE k.account_id = $1 AND k.id = ANY ($2)
          UNION
         SELECT k.id, k.name FROM unnest($3::uuid[]) AS w (id)
           JOIN conversations c ON c.account_id = $1 AND c.id = w.id
           JOIN cards k ON k.account_id = $1 AND k.id = c.card_id",
    )
    .bind(job.account().uuid())
    .bind(job.person.contact_ids())
    .bind(conversations)
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    for (id, name) in rows {
        let own = job.person.contacts.contains(&id.into());
        let mut found = Found::new();
        let clean = job.sieve.clean(&name, &mut found);
        let clean = if own { Some(String::new()) } else { clean };
        if found.is_empty() && (!job.erases() || clean.as_deref().is_none_or(|it| it == name)) {
            continue;
        }
        tally.add("conversations.cards", &found);
        if job.erases() {
            // The version stays: what crm tells next is newer.
            sqlx::query("UPDATE cards SET name = $3 WHERE account_id = $1 AND id = $2")
                .bind(job.account().uuid())
                .bind(id)
                .bind(clean.unwrap_or_default())
                .execute(&mut **tx)
                .await?;
        }
    }
    Ok(())
}

/// Takes the client's name from a chat and its conversations; nothing may be sent any more until the client writes (CAB-26). What to tell.
///
/// # Errors
/// When the database fails.
#[tracing::instrument(name = "db.erasure.chat", skip_all, fields(chat.id = %id), err)]
pub async fn chat(
    tx: &mut Tx,
    job: &Job,
    id: ChatId,
    tally: &mut Tally,
) -> Result<Option<Change>, Error> {
    let Some(locked) = chats::lock(tx, job.scope, id).await? else {
        return Ok(None);
    };
    tally.look(1);
    let found = job.sieve.find(&locked.client_name);
    if !found.is_empty() || job.erases() && !locked.client_name.is_empty() {
        tally.add("conversations.chats", &found);
    }
    if job.erases() {
        sqlx::query(
            "UPDATE chats SET client_name = '', erase_time = coalesce(client_time, 'epoch') WHERE account_id = $1 AND id = $2",
        )
        .bind(job.account().uuid())
        .bind(id.uuid())
        .execute(&mut **tx)
        .await?;
    }
    profile(tx, job, id, tally).await?;
    rows(tx, job, id, tally).await?;
    index(tx, job, id, tally).await?;
    if !job.erases() || job.attempt > 1 {
        return Ok(None);
    }
    tell(tx, job, &locked).await
}

/// What the channel told of the client beside the name, as a whole.
async fn profile(tx: &mut Tx, job: &Job, chat: ChatId, tally: &mut Tally) -> Result<(), Error> {
    let row: Option<(String, String)> = sqlx::query_as(
        "SELECT username, phone FROM chat_profiles WHERE account_id = $1 AND chat_id = $2",
    )
    .bind(job.account().uuid())
    .bind(chat.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    let Some((username, phone)) = row else {
        return Ok(());
    };
    tally.look(1);
    let mut found = job.sieve.find(&username);
    found.extend(job.sieve.find(&phone));
    if job.erases() || !found.is_empty() {
        tally.add("conversations.chat_profiles", &found);
    }
    if job.erases() {
        sqlx::query("DELETE FROM chat_profiles WHERE account_id = $1 AND chat_id = $2")
            .bind(job.account().uuid())
            .bind(chat.uuid())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Titles, and what the rows show of the newest messages.
async fn rows(tx: &mut Tx, job: &Job, chat: ChatId, tally: &mut Tally) -> Result<(), Error> {
    let rows: Vec<(Uuid, String, i16, String, String)> = sqlx::query_as(
        "SELECT id, title, last_author, last_author_name, last_text FROM conversations WHERE account_id = $1 AND chat_id = $2",
    )
    .bind(job.account().uuid())
    .bind(chat.uuid())
    .fetch_all(&mut **tx)
    .await?;
    tally.look(rows.len());
    // The end of the channel's id may be the end of a telephone number.
    let neutral = title("", &chat.to_string());
    for (id, title, author, name, text) in rows {
        let mut found = job.sieve.find(&title);
        let name = if author == 1 {
            found.extend(job.sieve.find(&name));
            String::new()
        } else {
            // The name of an employee stays, be it the client's as well.
            name
        };
        let text = job.sieve.clean(&text, &mut found).unwrap_or(text);
        if !found.is_empty() || job.erases() && title != neutral {
            tally.add("conversations.conversations", &found);
        }
        if job.erases() {
            sqlx::query(
                "UPDATE conversations SET title = $3, last_author_name = $4, last_text = $5, version = version + 1
                  WHERE account_id = $1 AND id = $2",
            )
            .bind(job.account().uuid())
            .bind(id)
            .bind(&neutral)
            .bind(name)
            .bind(text)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

/// The names in the index of chats.
async fn index(tx: &mut Tx, job: &Job, chat: ChatId, tally: &mut Tally) -> Result<(), Error> {
    let folded: Option<String> = sqlx::query_scalar(
        "SELECT folded FROM search_chats WHERE account_id = $1 AND chat_id = $2",
    )
    .bind(job.account().uuid())
    .bind(chat.uuid())
    .fetch_optional(&mut **tx)
    .await?;
    let found = folded.map(|it| job.sieve.find(&it)).unwrap_or_default();
    if !found.is_empty() {
        tally.add("conversations.search_chats", &found);
    }
    if job.erases() {
        names::feed(tx, job.account(), &[chat]).await?;
    }
    Ok(())
}

/// The history of the chat says what happened, in its newest conversation. It goes to no channel.
async fn tell(tx: &mut Tx, job: &Job, chat: &LockedChat) -> Result<Option<Change>, Error> {
    let Some(mut conversation) = newest(tx, job.scope, chat.id).await? else {
        return Ok(None);
    };
    let seq = chats::next_seq(tx, job.scope, chat.id).await?;
    let message = robot(job, conversation.id, seq);
    messages::insert(tx, &[(job.account(), message.clone())]).await?;
    conversation.add(LastMessage {
        id: message.id,
        seq,
        author: message.author.clone(),
        preview: message.preview(),
        time: job.now,
    });
    conversations::update(tx, &conversation).await?;
    Ok(Some(Change {
        kind: ChangeKind::MessageAdded,
        conversation,
        message: Some(message),
        external_chat_id: chat.external_id.clone(),
        facts: Vec::new(),
        previous: None,
        silent: false,
    }))
}

async fn newest(
    tx: &mut Tx,
    scope: AccountScope,
    chat: ChatId,
) -> Result<Option<Conversation>, Error> {
    let newest = conversations::newest_of_chats(tx, scope.account(), &[chat]).await?;
    Ok(newest.into_iter().next())
}

fn robot(job: &Job, conversation: ConversationId, seq: i64) -> Message {
    Message {
        id: MessageId::generate(),
        conversation,
        seq,
        author: Author {
            kind: AuthorKind::System,
            name: String::new(),
            user: None,
        },
        text: ERASED.to_owned(),
        unsupported_kind: String::new(),
        external_event_id: String::new(),
        sent_time: None,
        status: None,
        failure_text: String::new(),
        create_time: job.now,
        attachments: Vec::new(),
        cart: None,
        edits: Vec::new(),
        deleted: None,
    }
}
