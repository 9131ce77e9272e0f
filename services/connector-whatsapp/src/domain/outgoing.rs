//! How a message of an employee is put for the Cloud API: each file is a message of its own.

use serde_json::{Value, json};

/// The longest caption, in characters.
const LONGEST_CAPTION: usize = 1_024;

/// A message for the Cloud API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A text.
    Text(String),
    /// The file at this place, with words below it.
    File {
        /// Its place among the files.
        place: usize,
        /// As what it is sent.
        kind: MediaKind,
        /// What stands below it; empty for nothing.
        caption: String,
    },
}

/// As what a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound, recorded voice among it.
    Audio,
    /// A sticker.
    Sticker,
    /// Anything else.
    Document,
}

impl MediaKind {
    /// WhatsApp's word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Sticker => "sticker",
            Self::Document => "document",
        }
    }

    fn takes_caption(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Document)
    }
}

/// The messages of a text and files: a text that fits stands below the first file, every other one before it.
#[must_use]
pub fn parts(text: &str, files: &[MediaKind]) -> Vec<Part> {
    let fits = text.chars().count() <= LONGEST_CAPTION;
    let below = files
        .first()
        .is_some_and(|kind| kind.takes_caption() && fits);
    let mut parts = Vec::new();
    if !text.is_empty() && !below {
        parts.push(Part::Text(text.to_owned()));
    }
    for (place, kind) in files.iter().enumerate() {
        let caption = match below && place == 0 {
            true => text.to_owned(),
            false => String::new(),
        };
        parts.push(Part::File {
            place,
            kind: *kind,
            caption,
        });
    }
    parts
}

/// A message to somebody; `data` is repeated by every status of it. People are named by the digits of their number, or by their own
/// id, in which there is a dot.
#[must_use]
pub fn message(chat: &str, data: &str, kind: &str, content: &Value) -> Value {
    let mut message = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "type": kind, "biz_opaque_callback_data": data,
    });
    let address = if chat.contains('.') {
        "recipient"
    } else {
        "to"
    };
    message[address] = json!(chat);
    message[kind] = content.clone();
    message
}

/// What a message is known by in its statuses: the delivery, and, in those before the last one, which part of it.
#[must_use]
pub fn data(delivery: &str, part: usize, parts: usize) -> String {
    match part + 1 == parts {
        true => delivery.to_owned(),
        false => format!("{delivery}#{part}"),
    }
}

/// The delivery of a status, and whether the message was the last one of it.
#[must_use]
pub fn delivery(data: &str) -> Option<(&str, bool)> {
    let (id, is_last) = match data.split_once('#') {
        Some((id, _)) => (id, false),
        None => (data, true),
    };
    id.starts_with("dlv_").then_some((id, is_last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_stands_below_the_first_file_that_takes_one() {
        let file = |place, kind, caption: &str| Part::File {
            place,
            kind,
            caption: caption.to_owned(),
        };
        assert_eq!(parts("hi", &[]), [Part::Text("hi".to_owned())]);
        assert_eq!(
            parts("hi", &[MediaKind::Image, MediaKind::Audio]),
            [
                file(0, MediaKind::Image, "hi"),
                file(1, MediaKind::Audio, "")
            ]
        );
        assert_eq!(
            parts("hi", &[MediaKind::Audio]),
            [Part::Text("hi".to_owned()), file(0, MediaKind::Audio, "")]
        );
        let long = "я".repeat(LONGEST_CAPTION + 1);
        assert_eq!(parts(&long, &[MediaKind::Image]).len(), 2);
        assert!(parts("", &[]).is_empty());
    }

    #[test]
    fn people_are_named_by_number_or_id() {
        let to = message("79991234567", "dlv_1", "text", &json!({"body": "hi"}));
        assert_eq!(
            (&to["to"], &to["recipient"]),
            (&json!("79991234567"), &Value::Null)
        );
        let to = message(
            "US.13491208655302741918",
            "dlv_1",
            "text",
            &json!({"body": "hi"}),
        );
        assert_eq!(
            (&to["to"], &to["recipient"]),
            (&Value::Null, &json!("US.13491208655302741918"))
        );
    }

    proptest! {
        /// Nothing of what an employee wrote gets lost, and every file goes once.
        #[test]
        fn all_of_it_is_sent(text in ".{0,40}", count in 0usize..10, is_audio: bool) {
            let kind = if is_audio { MediaKind::Audio } else { MediaKind::Document };
            let parts = parts(&text, &vec![kind; count]);
            let words: String = parts.iter().map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::File { caption, .. } => caption.clone(),
            }).collect();
            prop_assert_eq!(words, text);
            let places: Vec<usize> = parts.iter().filter_map(|part| match part {
                Part::File { place, .. } => Some(*place),
                Part::Text(_) => None,
            }).collect();
            prop_assert_eq!(places, (0..count).collect::<Vec<_>>());
        }

        #[test]
        fn what_statuses_repeat_names_the_delivery(part in 0usize..5, more in 1usize..5) {
            let parts = part + more;
            let data = data("dlv_01h455vb4pex5vsknk084sn02q", part, parts);
            prop_assert_eq!(delivery(&data), Some(("dlv_01h455vb4pex5vsknk084sn02q", more == 1)));
        }
    }
}
