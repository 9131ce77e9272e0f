//! Writing conversations.

use pg::{Error, Tx};

use crate::domain::conversation::{Conversation, Life};
use crate::store::numbers::{CLOSED, OPEN, of_answer, of_author, of_closed_by};

/// Conversations column by column, as parameters: first the seventeen that change, then the seven that do not.
pub(crate) struct Columns<'a> {
    conversations: &'a [&'a Conversation],
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

impl<'a> Columns<'a> {
    pub(crate) fn of(conversations: &'a [&'a Conversation]) -> Self {
        Self { conversations }
    }

    fn column<T>(&self, value: impl Fn(&'a Conversation) -> T) -> Vec<T> {
        self.conversations.iter().map(|c| value(c)).collect()
    }

    /// Binds those that change.
    fn bind_changing(&self, statement: Statement<'a>) -> Statement<'a> {
        let closing = |c: &Conversation| match c.life {
            Life::Open => (None, None, None),
            Life::Closed { at, by } => {
                let (by, user) = of_closed_by(by);
                (Some(at), Some(by), user)
            }
        };
        statement
            .bind(self.column(|c| c.account.uuid()))
            .bind(self.column(|c| c.id.uuid()))
            .bind(self.column(|c| if c.is_open() { OPEN } else { CLOSED }))
            .bind(self.column(|c| of_answer(c.answer)))
            .bind(self.column(|c| c.last.seq))
            .bind(self.column(|c| c.last.id.uuid()))
            .bind(self.column(|c| of_author(c.last.author.kind)))
            .bind(self.column(|c| &c.last.author.name[..]))
            .bind(self.column(|c| c.last.author.user.map(|user| user.uuid())))
            .bind(self.column(|c| &c.last.preview[..]))
            .bind(self.column(|c| c.last.time))
            .bind(self.column(|c| c.client_read_seq))
            .bind(self.column(|c| closing(c).0))
            .bind(self.column(|c| closing(c).1))
            .bind(self.column(|c| closing(c).2))
            .bind(self.column(|c| c.version))
            .bind(self.column(|c| c.update_time))
    }

    /// Binds all.
    pub(crate) fn bind(&self, statement: Statement<'a>) -> Statement<'a> {
        self.bind_changing(statement)
            .bind(self.column(|c| c.number))
            .bind(self.column(|c| c.chat.uuid()))
            .bind(self.column(|c| c.connection.uuid()))
            .bind(self.column(|c| &c.connector_key[..]))
            .bind(self.column(|c| &c.thread[..]))
            .bind(self.column(|c| &c.title[..]))
            .bind(self.column(|c| c.create_time))
    }
}

/// Stores a new conversation.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, conversation: &Conversation) -> Result<(), Error> {
    let statement = sqlx::query(
        "INSERT INTO conversations (account_id, id, life, answer, last_seq, last_message_id, last_author, last_author_name,
                last_author_user, last_text, last_time, client_read_seq, close_time, closed_by, closed_user, version, update_time,
                number, chat_id, connection_id, connector_key, thread, title, create_time, contact_id, contact_owner, is_group)
         SELECT n.*, h.contact_id, k.responsible, h.is_group FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::smallint[], $5::bigint[], $6::uuid[], $7::smallint[],
                $8::text[], $9::uuid[], $10::text[], $11::timestamptz[], $12::bigint[], $13::timestamptz[], $14::smallint[],
                $15::uuid[], $16::bigint[], $17::timestamptz[],
                $18::bigint[], $19::uuid[], $20::uuid[], $21::text[], $22::text[], $23::text[], $24::timestamptz[])
             AS n (account_id, id, life, answer, last_seq, last_message_id, last_author, last_author_name, last_author_user,
                last_text, last_time, client_read_seq, close_time, closed_by, closed_user, version, update_time,
                number, chat_id, connection_id, connector_key, thread, title, create_time)
           JOIN chats h ON h.account_id = n.account_id AND h.id = n.chat_id
           LEFT JOIN cards k ON k.account_id = h.account_id AND k.id = h.contact_id AND NOT k.deleted",
    );
    let conversations = [conversation];
    Columns::of(&conversations)
        .bind(statement)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Stores a changed conversation; its chat must be locked by this transaction.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &mut Tx, conversation: &Conversation) -> Result<(), Error> {
    let statement = sqlx::query(
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
    );
    let conversations = [conversation];
    Columns::of(&conversations)
        .bind_changing(statement)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
