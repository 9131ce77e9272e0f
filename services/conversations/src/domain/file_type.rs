//! What a file is, by its first bytes. The name and what the sender says decide nothing, except between kinds of text.

use types::file::PROGRAMS;

use super::attachment::Kind;

/// How many of the first bytes tell it.
pub const FIRST_BYTES: usize = 8_192;

/// A type that is not known.
pub const UNKNOWN: &str = "application/octet-stream";

/// A file that is not taken; its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAllowed(pub &'static str);

/// The type of a file by its first bytes and name.
///
/// # Errors
/// [`NotAllowed`] for programs and scripts, by contents or by name.
pub fn recognise(first: &[u8], name: &str) -> Result<&'static str, NotAllowed> {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase());
    let found = infer::get(first);
    let is_program = found.is_some_and(|kind| {
        // A certificate counts among programs there.
        let is_app = kind.matcher_type() == infer::MatcherType::App;
        is_app && kind.mime_type() != "application/x-x509-ca-cert"
            || kind.mime_type() == "text/x-shellscript"
    });
    let named_program = ending.as_deref().is_some_and(|it| PROGRAMS.contains(&it));
    let media_type = match found {
        Some(kind) => kind.mime_type(),
        None if is_text(first) => text_type(ending.as_deref()),
        None => UNKNOWN,
    };
    if is_program || named_program {
        return Err(NotAllowed(media_type));
    }
    // What a browser would run is told as what it looks like in an editor.
    Ok(match media_type {
        "text/html" | "text/xml" | "application/xml" | "image/svg+xml" => "text/plain",
        "application/x-matroska" => "video/x-matroska",
        other => other,
    })
}

fn text_type(ending: Option<&str>) -> &'static str {
    match ending {
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        _ => "text/plain",
    }
}

/// Is it text? The end may be cut within a character.
fn is_text(first: &[u8]) -> bool {
    let text = match std::str::from_utf8(first) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || c.is_whitespace())
}

/// What a file of a type is to a person. The sender may say that a sound is a voice, that a picture is a sticker, and that
/// anything is to be treated as a document.
#[must_use]
pub fn kind(media_type: &str, said: Option<Kind>) -> Kind {
    let by_contents = match media_type {
        "image/jpeg" | "image/png" | "image/gif" | "image/webp" => Kind::Image,
        _ if media_type.starts_with("video/") => Kind::Video,
        _ if media_type.starts_with("audio/") => Kind::Audio,
        _ => Kind::Document,
    };
    match (by_contents, said) {
        (_, Some(Kind::Document)) => Kind::Document,
        (Kind::Image, Some(Kind::Sticker)) => Kind::Sticker,
        // The containers of recorders look the same with and without pictures.
        (Kind::Audio | Kind::Video, Some(Kind::Voice)) => Kind::Voice,
        (by_contents, _) => by_contents,
    }
}

/// The type of a sound whose container looks like that of a film.
#[must_use]
pub fn of_kind(media_type: &'static str, kind: Kind) -> &'static str {
    match (kind, media_type) {
        (Kind::Voice, "video/webm") => "audio/webm",
        (Kind::Voice, "video/mp4") => "audio/mp4",
        (_, other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";

    #[test]
    fn contents_decide_not_the_name() {
        assert_eq!(recognise(PNG, "letter.pdf"), Ok("image/png"));
        assert_eq!(recognise(b"hello", "photo.png"), Ok("text/plain"));
        assert_eq!(recognise(b"\0\x01\x02\x03", "photo.png"), Ok(UNKNOWN));
        assert_eq!(recognise("a;б".as_bytes(), "table.csv"), Ok("text/csv"));
        assert_eq!(recognise(&"яяя".as_bytes()[..5], "a"), Ok("text/plain"));
    }

    #[test]
    fn programs_are_not_taken_by_contents_or_name() {
        assert!(recognise(EXE, "photo.png").is_err());
        assert!(recognise(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "x").is_err());
        assert!(recognise(b"#!/bin/sh\nrm", "notes.txt").is_err());
        assert!(recognise(b"hello", "Setup.EXE").is_err());
    }

    #[test]
    fn a_page_of_a_browser_is_plain_text_here() {
        assert_eq!(
            recognise(b"<!DOCTYPE html><script>alert(1)</script>", "x.html"),
            Ok("text/plain")
        );
        assert_eq!(
            recognise(
                b"<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>",
                "x.xml"
            ),
            Ok("text/plain")
        );
    }

    #[test]
    fn the_sender_chooses_between_kinds_of_the_same_contents() {
        assert_eq!(kind("image/png", None), Kind::Image);
        assert_eq!(kind("image/png", Some(Kind::Sticker)), Kind::Sticker);
        assert_eq!(kind("image/png", Some(Kind::Voice)), Kind::Image);
        assert_eq!(kind("image/png", Some(Kind::Document)), Kind::Document);
        assert_eq!(kind("video/webm", Some(Kind::Voice)), Kind::Voice);
        assert_eq!(kind("application/pdf", Some(Kind::Image)), Kind::Document);
    }
}
