//! What a batch writes: one statement, which is a transaction of its own.
//!
//! It was decided on rows that nobody locked. Each row that changes therefore says how it was read. What changed before the
//! statement began makes it do nothing (`fresh`); what changes while it runs makes it fail as a whole (`beseda.expect`, or the
//! unique key of what was made meanwhile). The batch is then read and decided again. Rows are found by their physical place: on a young
//! table the planner takes any index of the account for as good as another (IS NOT DISTINCT FROM keeps it from using one).
//! Another row that has taken the place since has another id. Rows are locked in one order everywhere: chats, numbers, conversations, and
//! last the outbox shards.

use std::collections::HashMap;

use events::NewEvent;
use pg::Error;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::known::AsRead;
use super::plan::{ChangedChat, Plan, Work};
use super::reads::Marked;
use crate::changes::Change;
use crate::domain::conversation::Conversation;
use crate::domain::message::{Message, Status};
use crate::store::conversations::Columns;
use crate::store::numbers::{of_author, of_status};

/// The statement; what only some batches need comes as fragments. Parameters keep their numbers.
macro_rules! statement {
    (made: $made:literal, numbers: $numbers:literal, conversations: $conversations:literal, reads: $reads:literal,
     before: $before:literal, changed: $changed:literal, places: $places:literal) => {
        concat!(
            "WITH chat AS (
                 SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                        $8::text[]::tid[], $64::boolean[], $65::timestamptz[], $68::boolean[])
                     AS t (account_id, id, connection_id, external_id, client_name, last_seq, stored_seq, place, is_group,
                        client_time, is_heard)
             ), conversation AS (
                 SELECT * FROM unnest($12::uuid[], $13::uuid[], $14::smallint[], $15::smallint[], $16::bigint[], $17::uuid[],
                        $18::smallint[], $19::text[], $20::uuid[], $21::text[], $22::timestamptz[], $23::bigint[],
                        $24::timestamptz[], $25::smallint[], $26::uuid[], $27::bigint[], $28::timestamptz[], $29::bigint[],
                        $30::uuid[], $31::uuid[], $32::text[], $33::text[], $34::text[], $35::timestamptz[], $36::bigint[],
                        $37::text[]::tid[], $66::boolean[])
                     AS t (account_id, id, life, answer, last_seq, last_message_id, last_author, last_author_name,
                        last_author_user, last_text, last_time, client_read_seq, close_time, closed_by, closed_user, version,
                        update_time, number, chat_id, connection_id, connector_key, thread, title, create_time,
                        stored_version, place, is_group)
             ), message AS (
                 SELECT * FROM unnest($38::uuid[], $39::uuid[], $40::bigint[], $41::uuid[], $42::smallint[], $43::text[],
                        $44::text[], $45::text[], $46::text[], $47::timestamptz[], $48::timestamptz[], $49::uuid[],
                        $50::bigint[], $67::boolean[])
                     AS t (account_id, conversation_id, seq, id, author, author_name, text, unsupported_kind,
                        external_event_id, sent_time, create_time, connection_id, number, rich)
             ), fresh AS MATERIALIZED (
                 SELECT 0 = (SELECT count(*) FROM message m JOIN inbound_events e
                                 ON e.account_id = m.account_id AND e.connection_id = m.connection_id
                                AND e.external_event_id = m.external_event_id)
                    AND $63::bigint = (SELECT count(*) FROM conversation n JOIN conversations c
                                 ON c.ctid = n.place AND (c.account_id, c.id) IS NOT DISTINCT FROM (n.account_id, n.id)
                                AND c.version = n.stored_version) AS holds
             ), chats_changed AS (
                 UPDATE chats c SET last_seq = n.last_seq, client_name = n.client_name, client_time = n.client_time,
                        unreachable_time = CASE WHEN NOT n.is_heard THEN c.unreachable_time END
                   FROM chat n
                  WHERE c.ctid = n.place AND (c.account_id, c.id) IS NOT DISTINCT FROM (n.account_id, n.id)
                    AND c.last_seq = n.stored_seq AND (SELECT holds FROM fresh)
                 RETURNING c.account_id, c.id, c.ctid, c.contact_id
             ), ",
            $made,
            $numbers,
            "conversations_changed AS (
                 UPDATE conversations c
                    SET life = n.life, answer = n.answer, last_seq = n.last_seq, last_message_id = n.last_message_id,
                        last_author = n.last_author, last_author_name = n.last_author_name,
                        last_author_user = n.last_author_user, last_text = n.last_text, last_time = n.last_time,
                        client_read_seq = greatest(c.client_read_seq, n.client_read_seq),
                        close_time = n.close_time, closed_by = n.closed_by, closed_user = n.closed_user,
                        version = n.version, update_time = n.update_time
                   FROM conversation n
                  WHERE c.ctid = n.place AND (c.account_id, c.id) IS NOT DISTINCT FROM (n.account_id, n.id)
                    AND c.version = n.stored_version AND (SELECT holds FROM fresh)
                    AND (SELECT count(*) FROM ",
            $before,
            ") >= 0
                 RETURNING c.id, c.ctid
             ), ",
            $conversations,
            "messages_made AS (
                 INSERT INTO messages (account_id, conversation_id, seq, id, author, author_name, text, unsupported_kind,
                        external_event_id, sent_time, status, create_time, rich)
                 SELECT account_id, conversation_id, seq, id, author, author_name, text, unsupported_kind,
                        external_event_id, sent_time, 0, create_time, rich
                   FROM message WHERE (SELECT holds FROM fresh)
             ), events_made AS (
                 -- The unique key is what makes a message visible once.
                 INSERT INTO inbound_events (account_id, connection_id, external_event_id, conversation_id, number,
                        message_id, seq, create_time)
                 SELECT account_id, connection_id, external_event_id, conversation_id, number, id, seq, create_time
                   FROM message WHERE (SELECT holds FROM fresh)
             ), ",
            $reads,
            "decided AS MATERIALIZED (
                 SELECT CASE WHEN (SELECT holds FROM fresh)
                        THEN beseda.expect($56::bigint = (SELECT count(*) FROM chats_changed)
                             + (SELECT count(*) FROM conversations_changed)",
            $changed,
            ")
                        ELSE false END AS holds
             ), ",
            events::outbox_ctes!(
                "$57",
                "$58",
                "$59",
                "$60",
                "$61",
                "$62",
                "(SELECT holds FROM decided)"
            ),
            ", places AS (
                 SELECT id, ctid FROM chats_changed UNION ALL SELECT id, ctid FROM conversations_changed",
            $places,
            ")
             SELECT d.holds, p.id, p.ctid::text AS place FROM decided d LEFT JOIN places p ON true"
        )
    };
}

/// Most batches: messages of chats and conversations that are there. Starting a statement costs by what it could do.
const APPEND: &str = statement!(
    made: "", numbers: "", conversations: "", reads: "", before: "chats_changed", changed: "", places: ""
);

/// Whatever a batch can do.
const WRITE: &str = statement!(
    made: "chats_made AS (
         INSERT INTO chats (account_id, id, connection_id, external_id, client_name, last_seq, is_group, client_time)
         SELECT account_id, id, connection_id, external_id, client_name, last_seq, is_group, client_time FROM chat
          WHERE stored_seq IS NULL AND (SELECT holds FROM fresh)
         RETURNING id, ctid
     ), ",
    numbers: "numbers AS (
         SELECT * FROM unnest($9::uuid[], $10::bigint[], $11::bigint[]) AS t (account_id, last_number, stored_number)
     ), numbers_changed AS (
         UPDATE account_numbers a SET last_number = n.last_number
           FROM numbers n
          WHERE a.account_id = n.account_id AND a.last_number = n.stored_number
            AND (SELECT holds FROM fresh) AND (SELECT count(*) FROM chats_changed) >= 0
         RETURNING 1
     ), numbers_made AS (
         INSERT INTO account_numbers (account_id, last_number)
         SELECT account_id, last_number FROM numbers WHERE stored_number IS NULL AND (SELECT holds FROM fresh)
     ), ",
    conversations: "conversations_made AS (
         INSERT INTO conversations (account_id, id, life, answer, last_seq, last_message_id, last_author, last_author_name,
                last_author_user, last_text, last_time, client_read_seq, close_time, closed_by, closed_user, version,
                update_time, number, chat_id, connection_id, connector_key, thread, title, create_time, contact_id, contact_owner,
                is_group)
         SELECT n.account_id, n.id, life, answer, n.last_seq, last_message_id, last_author, last_author_name,
                last_author_user, last_text, last_time, client_read_seq, close_time, closed_by, closed_user, n.version,
                update_time, number, chat_id, n.connection_id, connector_key, thread, title, n.create_time, h.contact_id,
                k.responsible, n.is_group
           FROM conversation n
           -- As the lock found them: contacts may have been merged meanwhile.
           LEFT JOIN chats_changed h ON h.account_id = n.account_id AND h.id = n.chat_id
           LEFT JOIN cards k ON k.account_id = h.account_id AND k.id = h.contact_id AND NOT k.deleted
          -- First what closes, then what opens: a thread has one open conversation.
          WHERE stored_version IS NULL AND (SELECT holds FROM fresh)
            AND (SELECT count(*) FROM conversations_changed) >= 0
         RETURNING id, ctid
     ), ",
    reads: "messages_read AS (
         UPDATE messages m SET status = $51
           FROM unnest($52::uuid[], $53::uuid[], $54::bigint[], $55::smallint[]) AS r (account_id, conversation_id, seq, stored)
          WHERE m.account_id = r.account_id AND m.conversation_id = r.conversation_id AND m.seq = r.seq AND m.status = r.stored
            AND (SELECT holds FROM fresh)
         RETURNING 1
     ), ",
    before: "numbers_changed",
    changed: " + (SELECT count(*) FROM numbers_changed) + (SELECT count(*) FROM messages_read)",
    places: " UNION ALL SELECT id, ctid FROM chats_made UNION ALL SELECT id, ctid FROM conversations_made"
);

/// Where the written rows stand, by their ids.
#[derive(Debug, Default)]
pub struct Places(HashMap<Uuid, String>);

impl Places {
    /// A row as it will be read, if it was written.
    pub fn of(&self, id: Uuid, version: i64) -> Option<AsRead> {
        let place = self.0.get(&id)?.clone();
        Some(AsRead { version, place })
    }

    /// `None` when nothing was written.
    fn from_rows(rows: &[PgRow]) -> Result<Option<Self>, Error> {
        let mut places = HashMap::with_capacity(rows.len());
        for row in rows {
            if !row.try_get("holds")? {
                return Ok(None);
            }
            if let Some(id) = row.try_get("id")? {
                places.insert(id, row.try_get("place")?);
            }
        }
        Ok(Some(Self(places)))
    }
}

/// Writes what was decided; `None` when something had changed since it was read, and nothing is written.
///
/// # Errors
/// `Serialization` or a conflict when something changed at the same moment.
pub async fn write(
    connection: &mut PgConnection,
    plan: &Plan,
    marked: &[Marked],
) -> Result<Option<Places>, Error> {
    let chats: Vec<&ChangedChat> = plan.chats().collect();
    let numbers: Vec<_> = plan.numbers().collect();
    let works: Vec<&Work> = plan.works().collect();
    let conversations: Vec<&Conversation> = works.iter().map(|work| &work.conversation).collect();
    let messages: Vec<(&Conversation, &Message)> = plan
        .messages
        .iter()
        .map(|(work, message)| (plan.conversation(*work), message))
        .collect();
    let events: Vec<NewEvent> = plan.changes.iter().map(Change::event).collect();
    let appends = marked.is_empty()
        && numbers.is_empty()
        && chats.iter().all(|chat| chat.stored.is_some())
        && works.iter().all(|work| work.stored.is_some());
    let statement = sqlx::query(if appends { APPEND } else { WRITE });
    let statement = bind_chats(statement, &chats);
    let statement = statement
        .bind(column(&numbers, |(account, _)| account.uuid()))
        .bind(column(&numbers, |(_, numbers)| numbers.last))
        .bind(column(&numbers, |(_, numbers)| numbers.stored));
    let statement = Columns::of(&conversations).bind(statement);
    let statement = statement
        .bind(column(&works, |work| {
            work.stored.as_ref().map(|row| row.version)
        }))
        .bind(column(&works, |work| {
            work.stored.as_ref().map(|row| &row.place[..])
        }));
    let statement = bind_messages(statement, &messages);
    let statement = bind_marked(statement, marked);
    let read = works.iter().filter(|it| it.stored.is_some()).count();
    let expected = read
        + chats.iter().filter(|it| it.stored.is_some()).count()
        + numbers.iter().filter(|(_, it)| it.stored.is_some()).count()
        + marked.len();
    let columns = events::Columns::of(&events);
    let rows = statement
        .bind(i64::try_from(expected).unwrap_or(i64::MAX))
        .bind(columns.shards)
        .bind(columns.accounts)
        .bind(columns.aggregates)
        .bind(columns.kinds)
        .bind(columns.payloads)
        .bind(kit::telemetry::trace_parent())
        .bind(i64::try_from(read).unwrap_or(i64::MAX))
        .bind(column(&chats, |chat| chat.chat.group))
        .bind(column(&chats, |chat| chat.chat.client_time))
        .bind(column(&conversations, |conversation| conversation.group))
        .bind(column(&messages, |(_, message)| message.is_rich()))
        .bind(column(&chats, |chat| chat.is_heard))
        .fetch_all(connection)
        .await?;
    Places::from_rows(&rows)
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn column<T, C>(rows: &[T], value: impl Fn(&T) -> C) -> Vec<C> {
    rows.iter().map(value).collect()
}

fn bind_chats<'q>(statement: Statement<'q>, chats: &[&'q ChangedChat]) -> Statement<'q> {
    statement
        .bind(column(chats, |chat| chat.account.uuid()))
        .bind(column(chats, |chat| chat.chat.id.uuid()))
        .bind(column(chats, |chat| chat.connection.uuid()))
        .bind(column(chats, |chat| &chat.external_id[..]))
        .bind(column(chats, |chat| &chat.chat.client_name[..]))
        .bind(column(chats, |chat| chat.chat.last_seq))
        .bind(column(chats, |chat| {
            chat.stored.as_ref().map(|row| row.version)
        }))
        .bind(column(chats, |chat| {
            chat.stored.as_ref().map(|row| &row.place[..])
        }))
}

fn bind_messages<'q>(
    statement: Statement<'q>,
    messages: &[(&'q Conversation, &'q Message)],
) -> Statement<'q> {
    statement
        .bind(column(messages, |(it, _)| it.account.uuid()))
        .bind(column(messages, |(it, _)| it.id.uuid()))
        .bind(column(messages, |(_, it)| it.seq))
        .bind(column(messages, |(_, it)| it.id.uuid()))
        .bind(column(messages, |(_, it)| of_author(it.author.kind)))
        .bind(column(messages, |(_, it)| &it.author.name[..]))
        .bind(column(messages, |(_, it)| &it.text[..]))
        .bind(column(messages, |(_, it)| &it.unsupported_kind[..]))
        .bind(column(messages, |(_, it)| &it.external_event_id[..]))
        .bind(column(messages, |(_, it)| it.sent_time))
        .bind(column(messages, |(_, it)| it.create_time))
        .bind(column(messages, |(it, _)| it.connection.uuid()))
        .bind(column(messages, |(it, _)| it.number))
}

fn bind_marked<'q>(statement: Statement<'q>, marked: &[Marked]) -> Statement<'q> {
    statement
        .bind(of_status(Some(Status::Read)))
        .bind(column(marked, |it| it.account.uuid()))
        .bind(column(marked, |it| it.conversation.uuid()))
        .bind(column(marked, |it| it.seq))
        .bind(column(marked, |it| of_status(it.stored)))
}
