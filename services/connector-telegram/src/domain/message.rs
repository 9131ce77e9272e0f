//! A message of Telegram, read leniently: what a new version adds is kept in `rest`, what is missing is empty.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::text::{Entity, with_links};

/// Files larger than this cannot be fetched from Telegram, in bytes.
pub const LARGEST_FILE: u64 = 20 << 20;

/// Fields that say something about a message and are not what was written.
const ASIDE: [&str; 27] = [
    "author_signature",
    "business_connection_id",
    "direct_messages_topic",
    "effect_id",
    "external_reply",
    "forward_origin",
    "has_media_spoiler",
    "has_protected_content",
    "is_automatic_forward",
    "is_from_offline",
    "is_paid_post",
    "is_topic_message",
    "link_preview_options",
    "message_thread_id",
    "paid_star_count",
    "quote",
    "reply_markup",
    "reply_to_checklist_task_id",
    "reply_to_story",
    "sender_boost_count",
    "sender_business_bot",
    "sender_chat",
    "sender_tag",
    "show_caption_above_media",
    "suggested_post_info",
    "via_bot",
    "reply_to_message",
];

/// Who.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct User {
    /// The id, the same in every chat and for every bot.
    pub id: i64,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Without the @.
    pub username: String,
    /// The language of their Telegram.
    pub language_code: String,
}

/// Where.
#[derive(Debug, Clone, Deserialize)]
pub struct Chat {
    /// The person's own id in a private chat, negative for groups and channels.
    pub id: i64,
    /// "private", "group", "supergroup", "channel".
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Name of a group or channel.
    #[serde(default)]
    pub title: String,
}

impl Chat {
    /// Do several people write there?
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.id < 0
    }
}

/// A file, whatever it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AnyFile {
    /// Under which the bot fetches it.
    pub file_id: String,
    /// Its name.
    pub file_name: String,
    /// Bytes; 0 when Telegram does not say.
    pub file_size: u64,
    /// Seconds; 0 for what has no length.
    pub duration: i64,
    /// Pixels.
    pub width: u64,
    /// Pixels.
    pub height: u64,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A photo, a film or music: its contents say it.
    Shown,
    /// A recorded voice.
    Voice,
    /// Anything else.
    Document,
    /// A sticker.
    Sticker,
}

#[derive(Debug, Clone, Deserialize)]
struct Location {
    latitude: f64,
    longitude: f64,
}

#[derive(Debug, Clone, Deserialize)]
struct Venue {
    location: Location,
    title: String,
    address: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Contact {
    phone_number: String,
    first_name: String,
    last_name: String,
}

#[derive(Debug, Clone, Deserialize)]
struct PollOption {
    text: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Poll {
    question: String,
    #[serde(default)]
    options: Vec<PollOption>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dice {
    emoji: String,
    value: i64,
}

/// A message that another one answers.
#[derive(Debug, Clone, Deserialize)]
pub struct Answered {
    /// Its id.
    pub message_id: i64,
}

/// A message.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    /// Unique within the chat.
    pub message_id: i64,
    /// When, in seconds.
    #[serde(default)]
    pub date: i64,
    /// When it was changed; 0 when it was not.
    #[serde(default)]
    pub edit_date: i64,
    /// Where.
    pub chat: Chat,
    /// Who; nobody in a channel.
    pub from: Option<User>,
    /// The one it answers.
    pub reply_to_message: Option<Box<Answered>>,
    /// The same for all that were sent together.
    #[serde(default)]
    pub media_group_id: String,
    /// The new name of a group.
    #[serde(default)]
    pub new_chat_title: String,
    /// The new id of a group that became a supergroup.
    pub migrate_to_chat_id: Option<i64>,
    /// The old id of it.
    pub migrate_from_chat_id: Option<i64>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    entities: Vec<Entity>,
    #[serde(default)]
    caption: String,
    #[serde(default)]
    caption_entities: Vec<Entity>,
    #[serde(default)]
    photo: Vec<AnyFile>,
    animation: Option<AnyFile>,
    audio: Option<AnyFile>,
    document: Option<AnyFile>,
    sticker: Option<AnyFile>,
    video: Option<AnyFile>,
    video_note: Option<AnyFile>,
    voice: Option<AnyFile>,
    contact: Option<Contact>,
    dice: Option<Dice>,
    location: Option<Location>,
    poll: Option<Poll>,
    venue: Option<Venue>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Message {
    /// What a person reads; empty for a file without words and for what is not known here.
    #[must_use]
    pub fn words(&self) -> String {
        if !self.text.is_empty() {
            return with_links(&self.text, &self.entities);
        }
        if !self.caption.is_empty() {
            return with_links(&self.caption, &self.caption_entities);
        }
        // A venue has a location as well.
        let place = self.venue.as_ref().map(Venue::words);
        place
            .or_else(|| self.location.as_ref().map(Location::words))
            .or_else(|| self.contact.as_ref().map(Contact::words))
            .or_else(|| self.poll.as_ref().map(Poll::words))
            .or_else(|| self.dice.as_ref().map(Dice::words))
            .unwrap_or_default()
    }

    /// Its file. A moving picture is also given as a document, for old programs.
    #[must_use]
    pub fn file(&self) -> Option<(FileKind, &AnyFile)> {
        let largest = self.photo.iter().max_by_key(|it| it.width * it.height);
        let photo = largest.map(|file| (FileKind::Shown, file));
        let given = [
            (FileKind::Shown, &self.animation),
            (FileKind::Shown, &self.video),
            (FileKind::Shown, &self.video_note),
            (FileKind::Voice, &self.voice),
            (FileKind::Shown, &self.audio),
            (FileKind::Sticker, &self.sticker),
            (FileKind::Document, &self.document),
        ];
        let given = given
            .into_iter()
            .find_map(|(kind, file)| Some((kind, file.as_ref()?)));
        photo.or(given)
    }

    /// Telegram's word for contents that are not known here; empty when there are others.
    #[must_use]
    pub fn unknown_kind(&self) -> String {
        if self.file().is_some() || !self.words().is_empty() {
            return String::new();
        }
        let told = |name: &&String| !ASIDE.contains(&name.as_str());
        let kind = self.rest.keys().find(told);
        kind.map_or_else(|| "empty".to_owned(), |name| name.replace('_', " "))
    }

    /// Was it passed on from elsewhere?
    #[must_use]
    pub fn is_forwarded(&self) -> bool {
        self.rest.contains_key("forward_origin")
    }
}

impl Location {
    fn words(&self) -> String {
        let Self {
            latitude,
            longitude,
        } = self;
        format!(
            "📍 {latitude}, {longitude}\nhttps://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}"
        )
    }
}

impl Venue {
    fn words(&self) -> String {
        format!(
            "{}\n{}\n{}",
            self.title,
            self.address,
            self.location.words()
        )
    }
}

impl Contact {
    fn words(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        format!("👤 {} {}", name.trim(), self.phone_number)
    }
}

impl Poll {
    fn words(&self) -> String {
        let options = self.options.iter().map(|it| format!("\n– {}", it.text));
        format!("📊 {}{}", self.question, options.collect::<String>())
    }
}

impl Dice {
    fn words(&self) -> String {
        format!("{} {}", self.emoji, self.value)
    }
}

impl User {
    /// First and last name, else the user name.
    #[must_use]
    pub fn name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.username.clone(),
            name => name.to_owned(),
        }
    }
}
