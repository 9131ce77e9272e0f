//! Writing conversations, many at once.

use pg::{Error, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::conversation::{Conversation, Life};
use crate::store::numbers::{CLOSED, OPEN, of_answer, of_author, of_closed_by};

/// The changing part of conversations, column by column.
struct Changing<'a> {
    accounts: Vec<Uuid>,
    ids: Vec<Uuid>,
    lives: Vec<i16>,
    answers: Vec<i16>,
    last_seqs: Vec<i64>,
    last_messages: Vec<Uuid>,
    last_authors: Vec<i16>,
    last_names: Vec<&'a str>,
    last_users: Vec<Option<Uuid>>,
    last_texts: Vec<&'a str>,
    last_times: Vec<OffsetDateTime>,
    read_seqs: Vec<i64>,
    close_times: Vec<Option<OffsetDateTime>>,
    closed_bys: Vec<Option<i16>>,
    closed_users: Vec<Option<Uuid>>,
    versions: Vec<i64>,
    update_times: Vec<OffsetDateTime>,
}

impl<'a> Changing<'a> {
    fn of(conversations: &'a [Conversation]) -> Self {
        let each = || conversations.iter();
        let closing = |c: &Conversation| match c.life {
            Life::Open => (None, None, None),
            Life::Closed { at, by } => {
                let (by, user) = of_closed_by(by);
                (Some(at), Some(by), user)
            }
        };
        Self {
            accounts: each().map(|c| c.account.uuid()).collect(),
            ids: each().map(|c| c.id.uuid()).collect(),
            lives: each()
                .map(|c| if c.is_open() { OPEN } else { CLOSED })
                .collect(),
            answers: each().map(|c| of_answer(c.answer)).collect(),
            last_seqs: each().map(|c| c.last.seq).collect(),
            last_messages: each().map(|c| c.last.id.uuid()).collect(),
            last_authors: each().map(|c| of_author(c.last.author.kind)).collect(),
            last_names: each().map(|c| &c.last.author.name[..]).collect(),
            last_users: each()
                .map(|c| c.last.author.user.map(|user| user.uuid()))
                .collect(),
            last_texts: each().map(|c| &c.last.preview[..]).collect(),
            last_times: each().map(|c| c.last.time).collect(),
            read_seqs: each().map(|c| c.client_read_seq).collect(),
            close_times: each().map(|c| closing(c).0).collect(),
            closed_bys: each().map(|c| closing(c).1).collect(),
            closed_users: each().map(|c| closing(c).2).collect(),
            versions: each().map(|c| c.version).collect(),
            update_times: each().map(|c| c.update_time).collect(),
        }
    }
}

/// Stores new conversations.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, conversations: &[Conversation]) -> Result<(), Error> {
    if conversations.is_empty() {
        return Ok(());
    }
    let each = || conversations.iter();
    let c = Changing::of(conversations);
    sqlx::query(
        "INSERT INTO conversations (account_id, id, life, answer, last_seq, last_message_id, last_author, last_author_name,
                last_author_user, last_text, last_time, client_read_seq, close_time, closed_by, closed_user, version, update_time,
                number, chat_id, connection_id, connector_key, thread, title, create_time)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::smallint[], $5::bigint[], $6::uuid[], $7::smallint[],
                $8::text[], $9::uuid[], $10::text[], $11::timestamptz[], $12::bigint[], $13::timestamptz[], $14::smallint[],
                $15::uuid[], $16::bigint[], $17::timestamptz[],
                $18::bigint[], $19::uuid[], $20::uuid[], $21::text[], $22::text[], $23::text[], $24::timestamptz[])",
    )
    .bind(c.accounts)
    .bind(c.ids)
    .bind(c.lives)
    .bind(c.answers)
    .bind(c.last_seqs)
    .bind(c.last_messages)
    .bind(c.last_authors)
    .bind(c.last_names)
    .bind(c.last_users)
    .bind(c.last_texts)
    .bind(c.last_times)
    .bind(c.read_seqs)
    .bind(c.close_times)
    .bind(c.closed_bys)
    .bind(c.closed_users)
    .bind(c.versions)
    .bind(c.update_times)
    .bind(each().map(|c| c.number).collect::<Vec<_>>())
    .bind(each().map(|c| c.chat.uuid()).collect::<Vec<_>>())
    .bind(each().map(|c| c.connection.uuid()).collect::<Vec<_>>())
    .bind(each().map(|c| &c.connector_key[..]).collect::<Vec<_>>())
    .bind(each().map(|c| &c.thread[..]).collect::<Vec<_>>())
    .bind(each().map(|c| &c.title[..]).collect::<Vec<_>>())
    .bind(each().map(|c| c.create_time).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores changed conversations; their chats must be locked by this transaction.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &mut Tx, conversations: &[Conversation]) -> Result<(), Error> {
    if conversations.is_empty() {
        return Ok(());
    }
    let c = Changing::of(conversations);
    sqlx::query(
        "UPDATE conversations c
            SET life = n.life, answer = n.answer, last_seq = n.last_seq, last_message_id = n.last_message_id,
                last_author = n.last_author, last_author_name = n.last_author_name, last_author_user = n.last_author_user,
                last_text = n.last_text, last_time = n.last_time, client_read_seq = n.client_read_seq,
                close_time = n.close_time, closed_by = n.closed_by, closed_user = n.closed_user,
                version = n.version, update_time = n.update_time
           FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::smallint[], $5::bigint[], $6::uuid[], $7::smallint[],
                $8::text[], $9::uuid[], $10::text[], $11::timestamptz[], $12::bigint[], $13::timestamptz[], $14::smallint[],
                $15::uuid[], $16::bigint[], $17::timestamptz[])
             AS n (account_id, id, life, answer, last_seq, last_message_id, last_author, last_author_name, last_author_user,
                last_text, last_time, client_read_seq, close_time, closed_by, closed_user, version, update_time)
          WHERE c.account_id = n.account_id AND c.id = n.id",
    )
    .bind(c.accounts)
    .bind(c.ids)
    .bind(c.lives)
    .bind(c.answers)
    .bind(c.last_seqs)
    .bind(c.last_messages)
    .bind(c.last_authors)
    .bind(c.last_names)
    .bind(c.last_users)
    .bind(c.last_texts)
    .bind(c.last_times)
    .bind(c.read_seqs)
    .bind(c.close_times)
    .bind(c.closed_bys)
    .bind(c.closed_users)
    .bind(c.versions)
    .bind(c.update_times)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
