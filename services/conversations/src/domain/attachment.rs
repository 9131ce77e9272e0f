//! Files of messages.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::AttachmentId;
pub use types::file::{MAX_DURATION_MS, MAX_NAME, MAX_SIZE, MOST, PART_SIZE};

/// How long a file that was uploaded may wait to be sent.
pub const UNUSED_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What a file is to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A spoken message.
    Voice,
    /// Anything else.
    Document,
    /// A sticker.
    Sticker,
    /// Music and other sound.
    Audio,
}

/// Why a file did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// It is larger than files may be.
    TooLarge,
    /// Files of its type are not taken.
    TypeNotAllowed,
    /// The channel no longer has it.
    Gone,
    /// The address is none of the channel's.
    AddressNotAllowed,
    /// The channel did not give it in many tries.
    Unreachable,
    /// It was deleted with the client's data.
    Erased,
}

/// Is a file here?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It is being fetched from the channel.
    Pending,
    /// It can be fetched.
    Ready,
    /// It will not come.
    Failed(Failure),
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it is to a person.
    pub kind: Kind,
    /// Name to show.
    pub file_name: String,
    /// Its type by its contents; empty while it is not here.
    pub media_type: String,
    /// Bytes; 0 while it is not here.
    pub size: u64,
    /// How long it is, in milliseconds; 0 when nobody said.
    pub duration_ms: i64,
    /// Pixels; 0 when not known.
    pub width: u32,
    /// Pixels; 0 when not known.
    pub height: u32,
    /// Is it here?
    pub state: State,
    /// Is there a small picture of it?
    pub has_preview: bool,
}

impl Attachment {
    /// A file that is still to be fetched.
    #[must_use]
    pub fn pending(kind: Kind, file_name: &str, duration_ms: i64) -> Self {
        Self {
            id: AttachmentId::generate(),
            kind,
            file_name: clean_name(file_name),
            media_type: String::new(),
            size: 0,
            duration_ms,
            width: 0,
            height: 0,
            state: State::Pending,
            has_preview: false,
        }
    }

    /// How a list shows a message that is only this file: no words, so that it reads alike in every language.
    #[must_use]
    pub fn summary(&self) -> String {
        let (sign, about) = match self.kind {
            Kind::Image => ("📷", String::new()),
            Kind::Video => ("🎬", self.length()),
            Kind::Voice => ("🎤", self.length()),
            Kind::Audio => ("🎵", self.file_name.clone()),
            Kind::Document => ("📄", self.file_name.clone()),
            Kind::Sticker => ("💟", String::new()),
        };
        format!("{sign} {about}").trim_end().to_owned()
    }

    fn length(&self) -> String {
        match self.duration_ms / 1_000 {
            0 => String::new(),
            seconds => format!("{}:{:02}", seconds / 60, seconds % 60),
        }
    }
}

/// Which files of a kind a connector can send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRule {
    /// The kind.
    pub kind: Kind,
    /// The largest, in bytes.
    pub max_size: u64,
    /// Types it can send; empty means all.
    pub media_types: Vec<String>,
}

/// Can a connector with these rules send the file?
#[must_use]
pub fn can_carry(rules: &[MediaRule], file: &Attachment) -> bool {
    rules.iter().any(|rule| {
        rule.kind == file.kind
            && file.size <= rule.max_size
            && (rule.media_types.is_empty() || rule.media_types.contains(&file.media_type))
    })
}

/// A name to show: without folders, and without characters that cannot be seen or turn the text around, so that what stands
/// last is the true ending.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_plain = |c: &char| {
        !c.is_control()
            && !matches!(*c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let shown: String = last.chars().filter(is_plain).collect();
    let shown = shown.trim().trim_start_matches('.');
    let count = shown.chars().count();
    if count <= MAX_NAME {
        return shown.to_owned();
    }
    // The ending says what it is: what is cut off is cut from the middle.
    let ending: String = match shown.rsplit_once('.') {
        Some((_, ending)) if ending.chars().count() < 20 => format!(".{ending}"),
        _ => String::new(),
    };
    let kept = MAX_NAME - ending.chars().count();
    shown.chars().take(kept).chain(ending.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_folders_and_what_hides_its_ending() {
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("C:\\docs\\прайс.pdf"), "прайс.pdf");
        assert_eq!(clean_name("invoice\u{202e}fdp.exe"), "invoicefdp.exe");
        assert_eq!(clean_name(".htaccess"), "htaccess");
        let long = clean_name(&format!("{}.pdf", "я".repeat(300)));
        assert_eq!(long.chars().count(), MAX_NAME);
        assert!(long.ends_with("я.pdf"));
    }

    #[test]
    fn a_list_shows_what_a_file_is_without_words() {
        let file = |kind, name, duration_ms| Attachment::pending(kind, name, duration_ms).summary();
        assert_eq!(file(Kind::Image, "x.jpg", 0), "📷");
        assert_eq!(file(Kind::Voice, "", 72_000), "🎤 1:12");
        assert_eq!(file(Kind::Document, "прайс.pdf", 0), "📄 прайс.pdf");
    }

    #[test]
    fn a_channel_carries_what_its_rules_name() {
        let rules = [MediaRule {
            kind: Kind::Image,
            max_size: 10,
            media_types: vec!["image/png".to_owned()],
        }];
        let png = Attachment {
            media_type: "image/png".to_owned(),
            size: 10,
            ..Attachment::pending(Kind::Image, "", 0)
        };
        assert!(can_carry(&rules, &png));
        assert!(!can_carry(
            &rules,
            &Attachment {
                size: 11,
                ..png.clone()
            }
        ));
        assert!(!can_carry(
            &rules,
            &Attachment {
                kind: Kind::Document,
                ..png.clone()
            }
        ));
        let gif = "image/gif".to_owned();
        assert!(!can_carry(
            &rules,
            &Attachment {
                media_type: gif,
                ..png
            }
        ));
    }
}
