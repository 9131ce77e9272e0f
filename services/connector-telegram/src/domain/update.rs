//! What an update tells. One that cannot be read must not lose its neighbours: each is read by itself, and what is not known
//! is told as such, so that an employee sees that there was something.

use serde::Deserialize;
use serde_json::Value;

use super::message::{AnyFile, Chat, FileKind, Message, User};

/// Kinds of updates that are asked for.
pub const KINDS: [&str; 6] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
];

/// The longest word for what is not known, in characters.
const LONGEST_KIND: usize = 100;

/// Something that happened in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Unique within the bot for ever, and the same whenever Telegram tells it again.
    pub event_id: String,
    /// The chat.
    pub chat: i64,
    /// Do several people write there?
    pub is_group: bool,
    /// When, in seconds; 0 when Telegram does not say.
    pub time: i64,
    /// Who.
    pub sender: String,
    /// Facts for rules.
    pub facts: Vec<(&'static str, String)>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Somebody wrote.
    Written {
        /// What a person reads.
        text: String,
        /// The word for what is not known here; empty otherwise.
        unknown: String,
        /// A file to fetch.
        file: Option<File>,
    },
    /// Somebody changed what they had written.
    Edited {
        /// The event that told the message.
        of: String,
        /// What a person reads now.
        text: String,
    },
    /// The person blocked the bot, or let it write again.
    Reachable(bool),
    /// The bot came into a group, in which nobody has written to it yet.
    Joined,
    /// The group has another name.
    Renamed {
        /// The name.
        title: String,
    },
    /// The group goes on under another id.
    Moved {
        /// The new one.
        to: i64,
    },
}

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Under which the bot fetches it.
    pub id: String,
    /// What it is.
    pub kind: FileKind,
    /// Its name; may be empty.
    pub name: String,
    /// Bytes; 0 when Telegram does not say.
    pub size: u64,
    /// How long it is, in milliseconds.
    pub duration_ms: i64,
}

/// The id of an update, by which it is confirmed.
#[must_use]
pub fn id(update: &Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}

/// What an update tells; nothing when it tells of no chat.
#[must_use]
pub fn read(update: &Value) -> Option<Told> {
    let fields = update.as_object()?;
    let (kind, value) = fields.iter().find(|(name, _)| *name != "update_id")?;
    let known = match kind.as_str() {
        "message" | "channel_post" => message(value).map(|it| written(&it)),
        "edited_message" | "edited_channel_post" => message(value).map(|it| edited(update, &it)),
        "callback_query" => pressed(value),
        "my_chat_member" => membership(update, value),
        _ => None,
    };
    known.or_else(|| unknown(update, kind, value))
}

fn message(value: &Value) -> Option<Message> {
    Message::deserialize(value).ok()
}

fn event_id(chat: i64, message: i64) -> String {
    format!("{chat}:{message}")
}

fn told(message: &Message, event_id: String, what: What) -> Told {
    let sender = match &message.from {
        Some(user) => user.name(),
        None => message.chat.title.clone(),
    };
    Told {
        event_id,
        chat: message.chat.id,
        is_group: message.chat.is_group(),
        time: message.date,
        sender,
        facts: facts(message),
        what,
    }
}

fn facts(message: &Message) -> Vec<(&'static str, String)> {
    let user = message.from.clone().unwrap_or_default();
    let answered = message.reply_to_message.as_ref();
    let answered = answered.map(|it| event_id(message.chat.id, it.message_id));
    let words = message.words();
    let facts = [
        ("user_id", id_text(user.id)),
        ("username", user.username),
        ("language", user.language_code),
        ("telegram_group", message.chat.title.clone()),
        ("telegram_album", message.media_group_id.clone()),
        ("reply_to", answered.unwrap_or_default()),
        ("forwarded", flag(message.is_forwarded())),
        ("referral", start_parameter(&words).to_owned()),
    ];
    facts.into_iter().filter(|(_, it)| !it.is_empty()).collect()
}

/// What the link brought by which somebody came: "/start shop-7", in a group "/start@bot shop-7".
fn start_parameter(words: &str) -> &str {
    let (command, parameter) = words.split_once(' ').unwrap_or_default();
    let is_start = command == "/start" || command.starts_with("/start@");
    if is_start { parameter.trim() } else { "" }
}

fn id_text(id: i64) -> String {
    if id == 0 {
        String::new()
    } else {
        id.to_string()
    }
}

fn flag(holds: bool) -> String {
    if holds { "true" } else { "" }.to_owned()
}

fn written(message: &Message) -> Told {
    // The group says goodbye under its old id and begins under the new one: both tell the same.
    match (message.migrate_to_chat_id, message.migrate_from_chat_id) {
        (Some(to), _) => return moved(message, message.chat.id, to),
        (None, Some(from)) => return moved(message, from, message.chat.id),
        (None, None) => {}
    }
    let id = event_id(message.chat.id, message.message_id);
    let what = if message.new_chat_title.is_empty() {
        What::Written {
            text: message.words(),
            unknown: shortened(&message.unknown_kind()),
            file: message.file().map(|(kind, file)| File::new(kind, file)),
        }
    } else {
        What::Renamed {
            title: message.new_chat_title.clone(),
        }
    };
    told(message, id, what)
}

fn moved(message: &Message, from: i64, to: i64) -> Told {
    Told {
        chat: from,
        ..told(message, format!("{from}:moved:{to}"), What::Moved { to })
    }
}

/// The same message may be changed twice within a second: the id of the update tells both apart.
fn edited(update: &Value, message: &Message) -> Told {
    let of = event_id(message.chat.id, message.message_id);
    let update = id(update).unwrap_or_default();
    let id = format!("{of}:edit:{}:{update}", message.edit_date);
    let text = message.words();
    Told {
        time: message.edit_date.max(message.date),
        ..told(message, id, What::Edited { of, text })
    }
}

#[derive(Deserialize)]
struct Pressed {
    id: String,
    #[serde(default)]
    from: User,
    message: PressedUnder,
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct PressedUnder {
    chat: Chat,
}

/// Somebody pressed a button, which a program other than this one has sent.
fn pressed(value: &Value) -> Option<Told> {
    let pressed = Pressed::deserialize(value).ok()?;
    Some(Told {
        event_id: format!("button:{}", pressed.id),
        chat: pressed.message.chat.id,
        is_group: pressed.message.chat.is_group(),
        time: 0,
        sender: pressed.from.name(),
        facts: vec![("user_id", pressed.from.id.to_string())],
        what: What::Written {
            text: pressed.data,
            unknown: "button".to_owned(),
            file: None,
        },
    })
}

#[derive(Deserialize)]
struct Membership {
    chat: Chat,
    #[serde(default)]
    from: User,
    #[serde(default)]
    date: i64,
    new_chat_member: Member,
}

#[derive(Deserialize)]
struct Member {
    status: String,
}

/// In a private chat this is told exactly when somebody blocks the bot or lets it write again.
fn membership(update: &Value, value: &Value) -> Option<Told> {
    let membership = Membership::deserialize(value).ok()?;
    let update = id(update).unwrap_or_default();
    let status = &membership.new_chat_member.status;
    let is_group = membership.chat.is_group();
    let what = match &status[..] {
        "kicked" | "left" => What::Reachable(false),
        // Whoever writes there says that it can be written to.
        _ if is_group => What::Joined,
        _ => What::Reachable(true),
    };
    Some(Told {
        event_id: format!("{}:member:{}:{update}", membership.chat.id, membership.date),
        chat: membership.chat.id,
        is_group,
        time: membership.date,
        sender: membership.from.name(),
        facts: Vec::new(),
        what,
    })
}

/// Something of a kind that is not known, or that cannot be read: it is told if it says in which chat it was.
fn unknown(update: &Value, kind: &str, value: &Value) -> Option<Told> {
    let chat = value
        .get("chat")
        .or_else(|| value.get("message")?.get("chat"))?;
    let chat = Chat::deserialize(chat).ok()?;
    let time = value.get("date").and_then(Value::as_i64);
    let user = value.get("from").or_else(|| value.get("user"));
    let user = user.and_then(|user| User::deserialize(user).ok());
    let update = id(update)?;
    Some(Told {
        event_id: format!("{}:update:{}:{update}", chat.id, time.unwrap_or_default()),
        chat: chat.id,
        is_group: chat.is_group(),
        time: time.unwrap_or_default(),
        sender: user.map(|user| user.name()).unwrap_or_default(),
        facts: Vec::new(),
        what: What::Written {
            text: String::new(),
            unknown: shortened(&kind.replace('_', " ")),
            file: None,
        },
    })
}

fn shortened(kind: &str) -> String {
    kind.chars().take(LONGEST_KIND).collect()
}

impl File {
    fn new(kind: FileKind, file: &AnyFile) -> Self {
        Self {
            id: file.file_id.clone(),
            kind,
            name: file.file_name.clone(),
            size: file.file_size,
            // What lasts longer than a day is none.
            duration_ms: file.duration.clamp(0, 86_400) * 1_000,
        }
    }
}

#[cfg(test)]
mod tests;
