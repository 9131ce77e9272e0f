//! Request fields: every problem is found before the first one is reported.

use std::ops::RangeInclusive;
use std::str::FromStr;

use types::InvalidId;

use crate::refusal::{FieldViolation, Refusal};

/// Collects what is wrong with a request. Texts are checked as they will be stored: trimmed where the name says so.
#[derive(Debug, Default)]
pub struct Fields {
    violations: Vec<FieldViolation>,
}

impl Fields {
    /// Nothing found yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a problem.
    pub fn reject(&mut self, field: &str, description: impl Into<String>) {
        self.violations.push(FieldViolation {
            field: field.to_owned(),
            description: description.into(),
        });
    }

    /// A text whose number of characters lies in `length`. Characters that a person cannot see or PostgreSQL cannot
    /// keep (NUL) are refused; line breaks and tabs are allowed.
    pub fn text(&mut self, field: &str, value: &str, length: RangeInclusive<usize>) -> String {
        let count = value.chars().count();
        if *length.start() > 0 && !value.chars().any(is_visible) {
            self.reject(field, "must not be empty");
        } else if !length.contains(&count) {
            self.reject(
                field,
                format!(
                    "must have {} to {} characters, has {count}",
                    length.start(),
                    length.end()
                ),
            );
        } else if value
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            self.reject(field, "must not contain control characters");
        }
        value.to_owned()
    }

    /// A text on one line, trimmed.
    pub fn line(&mut self, field: &str, value: &str, length: RangeInclusive<usize>) -> String {
        let trimmed = value.trim();
        if trimmed.contains(['\n', '\r', '\t']) {
            self.reject(field, "must be one line");
        }
        self.text(field, trimmed, length)
    }

    /// An identifier of somebody else's: its number of bytes lies in `length`.
    pub fn key(&mut self, field: &str, value: &str, length: RangeInclusive<usize>) -> String {
        if value.is_empty() && *length.start() > 0 {
            self.reject(field, "must not be empty");
        } else if !length.contains(&value.len()) {
            self.reject(
                field,
                format!(
                    "must have {} to {} bytes, has {}",
                    length.start(),
                    length.end(),
                    value.len()
                ),
            );
        } else if value.chars().any(char::is_control) {
            self.reject(field, "must not contain control characters");
        }
        value.to_owned()
    }

    /// A required id.
    pub fn id<T: FromStr<Err = InvalidId>>(&mut self, field: &str, value: &str) -> Option<T> {
        match value.parse() {
            Ok(id) => Some(id),
            Err(error) => {
                self.reject(field, format!("is {error}"));
                None
            }
        }
    }

    /// An id that may be left out.
    pub fn optional_id<T: FromStr<Err = InvalidId>>(
        &mut self,
        field: &str,
        value: &str,
    ) -> Option<T> {
        if value.is_empty() {
            None
        } else {
            self.id(field, value)
        }
    }

    /// A UUID that may be left out, such as `request_id`.
    pub fn optional_uuid(&mut self, field: &str, value: &str) -> Option<uuid::Uuid> {
        if value.is_empty() {
            return None;
        }
        let uuid = value.parse().ok();
        if uuid.is_none() {
            self.reject(field, "is not a UUID");
        }
        uuid
    }

    /// A UUID.
    pub fn uuid(&mut self, field: &str, value: &str) -> Option<uuid::Uuid> {
        if value.is_empty() {
            self.reject(field, "must not be empty");
        }
        self.optional_uuid(field, value)
    }

    /// An enum value that this version knows.
    pub fn known<T: TryFrom<i32>>(&mut self, field: &str, value: i32) -> Option<T> {
        let known = T::try_from(value).ok();
        if known.is_none() {
            self.reject(field, format!("has no value {value}"));
        }
        known
    }

    /// Refuses when something was wrong.
    ///
    /// # Errors
    /// FIELD_INVALID with every violation.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(Refusal::fields(self.violations))
        }
    }
}

/// Does a reader see that something stands there? Spaces are not seen, nor are characters that only shape, join or turn their neighbours,
/// and fillers.
fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ConversationId;

    #[test]
    fn characters_are_counted_not_bytes() {
        let mut fields = Fields::new();
        fields.text("text", &"я".repeat(4096), 1..=4096);
        assert!(fields.finish().is_ok());
    }

    #[test]
    fn a_text_that_nobody_sees_is_empty() {
        for text in ["\u{200b}", " \u{2060}\u{feff} ", "\u{3164}", "\u{2800}\n"] {
            let mut fields = Fields::new();
            fields.line("name", text, 1..=10);
            assert!(fields.finish().is_err(), "{text:?}");
        }
        let mut fields = Fields::new();
        fields.line("name", "a\u{200d}b", 1..=10);
        fields.line("comment", "", 0..=10);
        assert!(fields.finish().is_ok());
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let mut fields = Fields::new();
        fields.text("text", " \n", 1..=10);
        fields.text("name", "a\0b", 1..=10);
        fields.line("title", "a\nb", 1..=10);
        assert!(
            fields
                .id::<ConversationId>("conversation_id", "chat_1")
                .is_none()
        );
        assert!(fields.optional_uuid("request_id", "1").is_none());
        assert!(
            fields
                .known::<api::identity::v1::Role>("role", 77)
                .is_none()
        );
        assert_eq!(fields.violations.len(), 6);
    }
}
