//! Telephone calls with clients.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::{ContactId, DealId};

/// The largest recording, in bytes: an hour of speech as telephony keeps it.
pub const MAX_RECORDING: usize = 20 << 20;

/// A call lasts a day at most, in seconds.
pub const MAX_DURATION: i32 = 24 * 60 * 60;

/// A call, as the timeline tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// With whom.
    #[serde(rename = "contact_id")]
    pub contact: ContactId,
    /// About which deal.
    #[serde(rename = "deal_id", skip_serializing_if = "Option::is_none", default)]
    pub deal: Option<DealId>,
    /// Who called.
    pub direction: Direction,
    /// The client's number, E.164; empty when it is not known, was hidden or erased.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub phone: String,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub start_time: OffsetDateTime,
    /// How long they talked; 0: nobody answered.
    pub duration_seconds: i32,
    /// The recording.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recording: Option<Recording>,
}

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// The client.
    Incoming,
    /// An employee.
    Outgoing,
}

/// What is known of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Its type by its contents.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
}

impl Call {
    /// Takes away what the client's erasure takes: number and recording. Was there something?
    pub fn forget(&mut self) -> bool {
        let had = !self.phone.is_empty() || self.recording.is_some();
        self.phone.clear();
        self.recording = None;
        had
    }
}

/// The type of a recording by its first bytes; `None` for what is no sound that browsers or telephony know.
#[must_use]
pub fn media_type(contents: &[u8]) -> Option<&'static str> {
    Some(match infer::get(contents)?.mime_type() {
        "audio/mpeg" => "audio/mpeg",
        "audio/m4a" | "video/mp4" => "audio/mp4",
        "audio/ogg" | "audio/opus" | "application/ogg" => "audio/ogg",
        "audio/x-wav" => "audio/wav",
        "audio/x-flac" => "audio/flac",
        "audio/amr" => "audio/amr",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_known_by_its_contents() {
        assert_eq!(media_type(b"ID3\x04\0\0\0\0\0\0"), Some("audio/mpeg"));
        assert_eq!(media_type(b"RIFF\x24\0\0\0WAVEfmt "), Some("audio/wav"));
        assert_eq!(media_type(b"OggS\0\x02\0\0\0\0"), Some("audio/ogg"));
        assert_eq!(media_type(b"<html><script>"), None);
        assert_eq!(media_type(b"MZ\x90\0"), None);
        assert_eq!(media_type(b""), None);
    }

    #[test]
    fn an_erased_call_keeps_when_and_how_long() {
        let mut call = Call {
            contact: ContactId::generate(),
            deal: None,
            direction: Direction::Incoming,
            phone: "+79990000001".to_owned(),
            start_time: OffsetDateTime::UNIX_EPOCH,
            duration_seconds: 63,
            recording: None,
        };
        assert!(call.forget());
        assert!(!call.forget(), "once");
        let json = serde_json::to_value(&call).expect("it encodes");
        assert_eq!(json.get("phone"), None);
        assert_eq!(json["duration_seconds"], 63);
        assert_eq!(serde_json::from_value::<Call>(json).ok(), Some(call));
    }
}
