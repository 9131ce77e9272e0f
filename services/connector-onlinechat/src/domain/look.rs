//! How the window looks, and what its bot says first.

use std::sync::Arc;

/// The largest avatar, in bytes: a picture of 128 by 128 pixels, small enough to come with every list.
pub const MAX_AVATAR: usize = 16 * 1024;
/// The longest greeting, in characters.
pub const MAX_GREETING: usize = 1_000;
/// The longest name of a bot, in characters.
pub const MAX_BOT_NAME: usize = 100;

/// A picture that browsers show, known by its contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Avatar(Arc<[u8]>);

impl Avatar {
    /// The picture; `None` when it is too large or of no kind that every browser shows. No bytes are no picture.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let known = bytes.is_empty()
            || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
            || bytes.starts_with(b"\xff\xd8\xff")
            || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"));
        (known && bytes.len() <= MAX_AVATAR).then(|| Self(bytes.into()))
    }

    /// Its bytes; none when there is no picture.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A colour as pages write it: "#rrggbb" in small letters; or the usual one, which is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Color(String);

impl Color {
    /// The colour of a text.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let is_color = text.strip_prefix('#').is_some_and(|digits| {
            digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        });
        (text.is_empty() || is_color).then(|| Self(text.to_ascii_lowercase()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// «Приветственное сообщение»: what the bot says to a visitor who has not written yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Greeting {
    /// Is it said?
    pub enabled: bool,
    /// Name of the bot; empty: the title of the window.
    pub name: String,
    /// What it says.
    pub text: String,
}

impl Greeting {
    /// May the bot become `after`? It can be edited only while the greeting is on (ONL-27).
    #[must_use]
    pub fn may_become(&self, after: &Self) -> bool {
        after.enabled || (&self.name, &self.text) == (&after.name, &after.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_contents() {
        for good in [
            &b""[..],
            b"\x89PNG\r\n\x1a\n..",
            b"\xff\xd8\xff\xe0",
            b"RIFF....WEBPVP8 ",
        ] {
            assert!(Avatar::of(good).is_some(), "{good:?}");
        }
        for bad in [
            &b"<svg onload=alert(1)>"[..],
            b"GIF89a",
            b"RIFF....WAVE",
            b"\x89PNG",
        ] {
            assert_eq!(Avatar::of(bad), None, "{bad:?}");
        }
        let mut large = b"\xff\xd8\xff".to_vec();
        large.resize(MAX_AVATAR, 0);
        assert!(Avatar::of(&large).is_some());
        large.push(0);
        assert_eq!(Avatar::of(&large), None);
    }

    #[test]
    fn a_colour_has_one_form() {
        assert_eq!(Color::of("#AaBb09").expect("a colour").as_str(), "#aabb09");
        assert_eq!(Color::of(""), Some(Color::default()));
        for bad in ["#fff", "red", "#12345g", "#1234567", "aabb09", "#ффф"] {
            assert_eq!(Color::of(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_bot_changes_only_while_the_greeting_is_on() {
        let greeting = |enabled, text: &str| Greeting {
            enabled,
            text: text.to_owned(),
            ..Greeting::default()
        };
        let (off, on) = (greeting(false, "а"), greeting(true, "а"));
        assert!(off.may_become(&on) && on.may_become(&off));
        assert!(on.may_become(&greeting(true, "б")) && off.may_become(&greeting(true, "б")));
        assert!(!off.may_become(&greeting(false, "б")) && !on.may_become(&greeting(false, "б")));
    }
}
