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
        if value.trim().is_empty() && *length.start() > 0 {
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
