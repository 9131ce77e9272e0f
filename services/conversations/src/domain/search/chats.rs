//! Whose chat somebody looks for (CHW-15 to CHW-18).

use super::fold::fold;
use super::query::{Problem, Query};

/// Characters that count, or digits of a number.
const SHORTEST: usize = 4;

/// Digits of a Russian number with the prefix of calls within the country.
const WITH_PREFIX: usize = 11;

/// A part of a name or number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatQuery {
    /// As it was asked for, trimmed.
    pub text: String,
    /// Folded, as names are compared.
    pub folded: String,
    /// Its digits, when it is written as a telephone number.
    pub digits: Option<String>,
}

impl ChatQuery {
    /// Reads it: what is written as a number is compared by its digits.
    ///
    /// # Errors
    /// When it is too short.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = text
            .chars()
            .all(|c| c.is_ascii_digit() || " ()-.+\u{a0}\u{2011}".contains(c));
        let folded = fold(text).text;
        let counted = match is_number {
            true => digits.len(),
            // Accents that stand alone are no characters that could be compared.
            false => text.chars().count().min(folded.chars().count()),
        };
        if counted < SHORTEST {
            return Err(Problem::TooShort(SHORTEST));
        }
        Ok(Self {
            text: text.to_owned(),
            folded,
            digits: is_number.then(|| without_prefix(digits)),
        })
    }

    /// As a pattern of LIKE, for names.
    #[must_use]
    pub fn pattern(&self) -> String {
        Query::Part(self.folded.clone()).pattern()
    }

    /// Does it stand in one of these names?
    #[must_use]
    pub fn is_in(&self, names: &[&str]) -> bool {
        names
            .iter()
            .any(|name| fold(name).text.contains(&self.folded))
    }
}

/// Within Russia a number is dialled with 8, where its international form has the country's code.
fn without_prefix(digits: String) -> String {
    match digits.strip_prefix('8') {
        Some(rest) if digits.len() == WITH_PREFIX => rest.to_owned(),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Option<String> {
        ChatQuery::new(text).expect("long enough").digits
    }

    #[test]
    fn numbers_are_compared_by_their_digits() {
        assert_eq!(digits("+7 (495) 1").as_deref(), Some("74951"));
        assert_eq!(digits("8 (495) 123-45-67").as_deref(), Some("4951234567"));
        assert_eq!(digits("8495").as_deref(), Some("8495"));
        assert_eq!(digits("дом 4951"), None);
    }

    #[test]
    fn four_characters_are_needed_and_spaces_are_none() {
        for short in ["", "Аня", " Аня ", "+7 (49)", "ё\u{301}\u{301}\u{301}"] {
            assert_eq!(ChatQuery::new(short), Err(Problem::TooShort(4)), "{short}");
        }
        for enough in ["Анна", "@ann", "Niño", "7 495"] {
            assert!(ChatQuery::new(enough).is_ok(), "{enough}");
        }
    }

    #[test]
    fn a_part_of_any_of_the_names_is_enough() {
        let query = ChatQuery::new("ЛЁНА").expect("long enough");
        assert!(query.is_in(&["", "Милена", "Алена П"]));
        assert!(!query.is_in(&["Ле", "на"]));
    }
}
