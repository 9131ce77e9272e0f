//! The kinds of messages.

use serde_json::Value;

use super::{Content, cart, first_error, shortened};
use crate::domain::payload::{list, text};

/// A file that is still at WhatsApp.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// Under which it is asked for.
    pub id: String,
    /// What it is.
    pub kind: FileKind,
    /// Its name; empty when WhatsApp does not say.
    pub name: String,
}

/// What a file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileKind {
    /// A picture, a film or music: its contents say it.
    #[default]
    Shown,
    /// A recorded voice.
    Voice,
    /// Anything else.
    Document,
    /// A sticker.
    Sticker,
}

/// What a message of any kind says.
pub fn content(given: &Value) -> Content {
    let kind = text(given, "type");
    let value = given.get(&kind[..]).unwrap_or(&Value::Null);
    let known = match &kind[..] {
        "text" => words(text(value, "body")),
        "image" | "video" | "audio" | "document" | "sticker" => file(&kind, value),
        "location" => words(location(value)),
        "contacts" => words(cards(given)),
        "interactive" => words(pressed(value)),
        "button" => words(text(value, "text")),
        "reaction" => words(text(value, "emoji")),
        "order" => cart::content(value),
        "edit" => edited(value),
        "system" => words(text(value, "body")),
        _ => None,
    };
    known.unwrap_or_else(|| Content {
        unknown: unknown(given, &kind),
        ..Content::default()
    })
}

/// Something to read; nothing where there is nothing.
fn words(text: String) -> Option<Content> {
    let has_words = text.chars().any(|c| !c.is_whitespace() && !c.is_control());
    has_words.then(|| Content {
        text,
        ..Content::default()
    })
}

fn unknown(given: &Value, kind: &str) -> String {
    let word = match kind {
        "" => "empty".to_owned(),
        "reaction" => "has taken back a reaction".to_owned(),
        "revoke" => "has deleted a message".to_owned(),
        "unsupported" => first_error(given).unwrap_or_else(|| "unsupported".to_owned()),
        other => other.replace('_', " "),
    };
    shortened(&word)
}

fn file(kind: &str, value: &Value) -> Option<Content> {
    let id = text(value, "id");
    if id.is_empty() {
        return None;
    }
    let is_voice = value.get("voice").and_then(Value::as_bool) == Some(true);
    let file = File {
        id,
        kind: match kind {
            "audio" if is_voice => FileKind::Voice,
            "document" => FileKind::Document,
            "sticker" => FileKind::Sticker,
            _ => FileKind::Shown,
        },
        name: text(value, "filename"),
    };
    Some(Content {
        text: text(value, "caption"),
        file: Some(file),
        ..Content::default()
    })
}

fn location(value: &Value) -> String {
    let (latitude, longitude) = (text(value, "latitude"), text(value, "longitude"));
    if latitude.is_empty() || longitude.is_empty() {
        return String::new();
    }
    let named = [text(value, "name"), text(value, "address")];
    let named: String = named
        .into_iter()
        .filter(|it| !it.is_empty())
        .map(|it| it + "\n")
        .collect();
    format!(
        "{named}📍 {latitude}, {longitude}\nhttps://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}"
    )
}

/// Cards of people that were passed on.
fn cards(given: &Value) -> String {
    let cards = list(given, "contacts").iter().map(|card| {
        let name = card.get("name").map(|it| text(it, "formatted_name"));
        let phones = list(card, "phones").iter().map(|it| text(it, "phone"));
        let phones = phones.collect::<Vec<_>>().join(", ");
        format!("👤 {} {phones}", name.unwrap_or_default())
            .trim_end()
            .to_owned()
    });
    cards.collect::<Vec<_>>().join("\n")
}

/// A button, a row of a list, or a form.
fn pressed(value: &Value) -> String {
    let of = |name: &str| value.get(name).unwrap_or(&Value::Null);
    let form = of("nfm_reply");
    let said = [
        text(of("button_reply"), "title"),
        text(of("list_reply"), "title"),
        text(form, "response_json"),
        text(form, "body"),
    ];
    said.into_iter()
        .find(|it| !it.is_empty())
        .unwrap_or_default()
}

/// What a message says now.
fn edited(value: &Value) -> Option<Content> {
    let inner = value.get("message")?;
    let said = content(inner);
    Some(Content {
        text: format!("✏️ {}", said.text).trim_end().to_owned(),
        ..said
    })
}
