//! The rows of the tables, as COPY takes them: columns between tabs, `\N` for null.

use std::fmt::Write as _;

use time::OffsetDateTime;

use super::words::Words;
use super::world::{Conversation, Kind, World, channel, pipeline};

/// A table and how its rows are made.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns in the order of the rows.
    pub columns: &'static str,
    /// How many steps [`Table::write`] takes for an account.
    pub steps: fn(&World) -> u64,
    /// Writes the rows of a step.
    pub write: fn(&World, &Words, u64, &mut String),
}

const CARD: &str = "account_id, id, kind, name, responsible, stage_id, followers, deleted, version, pipeline_id, tags";

/// Every table that is filled, in order.
pub const TABLES: [Table; 9] = [
    Table {
        name: "connections",
        columns: "account_id, id, connector_key, external_id, title, conversation_mode, enabled",
        steps: |world| world.connections.len() as u64,
        write: connections,
    },
    Table {
        name: "connection_directory",
        columns: "connection_id, account_id, connector_key",
        steps: |world| world.connections.len() as u64,
        write: directory,
    },
    Table {
        name: "account_numbers",
        columns: "account_id, last_number",
        steps: |_| 1,
        write: |world, _, _, out| {
            let _ = writeln!(out, "{}\t{}", world.account.uuid(), world.conversations);
        },
    },
    Table {
        name: "chats",
        columns: "account_id, id, connection_id, external_id, client_name, last_seq, create_time, contact_id",
        steps: World::chats,
        write: chats,
    },
    Table {
        name: "cards",
        columns: CARD,
        steps: World::chats,
        write: contacts,
    },
    Table {
        name: "cards",
        columns: CARD,
        steps: |world| world.conversations,
        write: deals,
    },
    Table {
        name: "conversations",
        columns: "account_id, id, number, chat_id, connection_id, connector_key, thread, title, life, answer, last_seq, \
                  last_message_id, last_author, last_author_name, last_text, last_time, close_time, closed_by, closed_user, \
                  create_time, update_time, contact_id, contact_owner, card_id, card_owner, stage_id",
        steps: |world| world.conversations,
        write: conversations,
    },
    Table {
        name: "messages",
        columns: "account_id, conversation_id, seq, id, author, author_name, author_user, text, unsupported_kind, \
                  external_event_id, status, create_time",
        steps: |world| world.conversations,
        write: messages,
    },
    Table {
        name: "participants",
        columns: "account_id, conversation_id, user_id",
        steps: |world| world.conversations,
        write: participants,
    },
];

fn connections(world: &World, _: &Words, number: u64, out: &mut String) {
    let place = usize::try_from(number).unwrap_or_default();
    let _ = writeln!(
        out,
        "{}\t{}\t{}\tline {number} of {}\tLine {number}\t1\tt",
        world.account.uuid(),
        world.connections[place].uuid(),
        channel(place),
        world.account,
    );
}

fn directory(world: &World, _: &Words, number: u64, out: &mut String) {
    let place = usize::try_from(number).unwrap_or_default();
    let _ = writeln!(
        out,
        "{}\t{}\t{}",
        world.connections[place].uuid(),
        world.account.uuid(),
        channel(place),
    );
}

fn chats(world: &World, _: &Words, number: u64, out: &mut String) {
    let newest = world.conversation((number * 2 + 1).min(world.conversations - 1));
    let _ = writeln!(
        out,
        "{}\t{}\t{}\tchat {number}\t{}\t{}\t{}\t{}",
        world.account.uuid(),
        world.id(Kind::Chat, number),
        world.connection(number).0.uuid(),
        client(number),
        newest.first_seq + newest.messages - 1,
        timestamp(newest.create),
        world.id(Kind::Contact, number),
    );
}

fn contacts(world: &World, _: &Words, number: u64, out: &mut String) {
    let _ = writeln!(
        out,
        "{}\t{}\t1\t{}\t{}\t\\N\t{{}}\tf\t1\t\\N\t{}",
        world.account.uuid(),
        world.id(Kind::Contact, number),
        client(number),
        world.contact_owner(number).uuid(),
        world.tags(Kind::Contact, number),
    );
}

fn deals(world: &World, _: &Words, number: u64, out: &mut String) {
    if !world.conversation(number).has_deal {
        return;
    }
    let _ = writeln!(
        out,
        "{}\t{}\t3\tDeal {number}\t{}\t{}\t{{}}\tf\t1\t{}\t{}",
        world.account.uuid(),
        world.id(Kind::Deal, number),
        world.deal_owner(number).uuid(),
        world.stage(number).uuid(),
        pipeline().uuid(),
        world.tags(Kind::Deal, number),
    );
}

fn conversations(world: &World, words: &Words, number: u64, out: &mut String) {
    let c = world.conversation(number);
    let (connection, channel) = world.connection(c.chat);
    let last = c.messages - 1;
    let mut preview = text(world, words, &c, last);
    if let Some((cut, _)) = preview.char_indices().nth(200) {
        preview.truncate(cut);
    }
    let (author, name) = author(&c, last);
    let closing = if c.open {
        "\\N\t\\N\t\\N".to_owned()
    } else {
        let by = world.contact_owner(c.chat).uuid();
        format!("{}\t1\t{by}", timestamp(c.update))
    };
    let deal = if c.has_deal {
        let (id, owner) = (world.id(Kind::Deal, number), world.deal_owner(number));
        format!("{id}\t{}\t{}", owner.uuid(), world.stage(number).uuid())
    } else {
        "\\N\t\\N\t\\N".to_owned()
    };
    let _ = writeln!(
        out,
        "{account}\t{id}\t{place}\t{chat}\t{connection}\t{channel}\t\t{client}\t{life}\t{answer}\t{seq}\t{message}\t{author}\t\
         {name}\t{preview}\t{update}\t{closing}\t{create}\t{update}\t{contact}\t{owner}\t{deal}",
        account = world.account.uuid(),
        id = c.id,
        place = number + 1,
        chat = world.id(Kind::Chat, c.chat),
        connection = connection.uuid(),
        client = client(c.chat),
        life = if c.open { 1 } else { 2 },
        answer = if c.requires_answer { 1 } else { 2 },
        seq = c.first_seq + last,
        message = world.message(&c, last),
        create = timestamp(c.create),
        update = timestamp(c.update),
        contact = world.id(Kind::Contact, c.chat),
        owner = world.contact_owner(c.chat).uuid(),
    );
}

fn messages(world: &World, words: &Words, number: u64, out: &mut String) {
    let c = world.conversation(number);
    for place in 0..c.messages {
        let (author, name) = author(&c, place);
        let user = match author {
            2 => world.contact_owner(c.chat).uuid().to_string(),
            _ => "\\N".to_owned(),
        };
        let at = c.create + (c.update - c.create) * (place as i64 + 1) / c.messages as i64;
        let _ = writeln!(
            out,
            "{}\t{}\t{}\t{}\t{author}\t{name}\t{user}\t{}\t\t\t{}\t{}",
            world.account.uuid(),
            c.id,
            c.first_seq + place,
            world.message(&c, place),
            text(world, words, &c, place),
            if author == 2 { 2 } else { 0 },
            timestamp(at),
        );
    }
}

/// Who wrote or closed is the one who is responsible for the contact.
fn participants(world: &World, _: &Words, number: u64, out: &mut String) {
    let c = world.conversation(number);
    if !c.open || (0..c.messages).any(|place| author(&c, place).0 == 2) {
        let user = world.contact_owner(c.chat).uuid();
        let _ = writeln!(out, "{}\t{}\t{user}", world.account.uuid(), c.id);
    }
}

/// Client and employee in turn; the last word says whether an answer is required.
fn author(c: &Conversation, place: u64) -> (u8, String) {
    let from_the_end = c.messages - 1 - place;
    if from_the_end.is_multiple_of(2) == c.requires_answer {
        (1, client(c.chat))
    } else {
        (2, "Employee".to_owned())
    }
}

fn text(world: &World, words: &Words, c: &Conversation, place: u64) -> String {
    words.message(&mut world.dice(Kind::Message, c.number ^ (place << 32) ^ (1 << 52)))
}

fn client(chat: u64) -> String {
    format!("Client {chat}")
}

fn timestamp(seconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, clock) = (time.date(), time.time());
    format!(
        "{date} {:02}:{:02}:{:02}+00",
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}
