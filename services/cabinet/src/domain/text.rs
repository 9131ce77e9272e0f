//! Texts of SMS with a code (SMS-03, SMS-04, A-19, A-20).

use types::Language;

/// Stands where the code goes.
pub const MARKER: &str = "{{code}}";

/// Digits of a code.
pub const CODE_DIGITS: usize = 6;

/// The longest text, before and after the code is filled in. So many UTF-16 units are one SMS in every alphabet.
pub const LONGEST: usize = 70;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To log in (SMS-01).
    LogIn,
    /// To confirm the deletion of personal data (SMS-02).
    Erasure,
}

/// Why a text cannot be an SMS with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The client could not go on without the code.
    #[error("must contain {MARKER}")]
    NoMarker,
    /// It would be more than one SMS.
    #[error(
        "must have at most {LONGEST} characters both as it stands and with the code in place of {MARKER}, has {0} (an emoji counts twice)"
    )]
    TooLong(usize),
    /// Nobody can see it.
    #[error("must not contain control characters")]
    Control,
}

/// Checks a text that an administrator has written.
///
/// # Errors
/// When it cannot be an SMS with a code.
pub fn check(text: &str) -> Result<(), Error> {
    if !text.contains(MARKER) {
        return Err(Error::NoMarker);
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Error::Control);
    }
    let filled = fill(text, &"0".repeat(CODE_DIGITS));
    let longest = length(text).max(length(&filled));
    if longest > LONGEST {
        return Err(Error::TooLong(longest));
    }
    Ok(())
}

/// The text with the code.
#[must_use]
pub fn fill(text: &str, code: &str) -> String {
    text.replace(MARKER, code)
}

/// Characters as an SMS counts them: UTF-16 units. An emoji has two.
#[must_use]
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text where an administrator has written none.
#[must_use]
pub fn usual(purpose: Purpose, language: Language) -> &'static str {
    match (purpose, language) {
        (Purpose::LogIn, Language::Ru) => "{{code}} - код для входа в личный кабинет",
        (Purpose::LogIn, Language::Es) => "{{code}} es su código para entrar",
        (Purpose::LogIn, Language::En) => "{{code}} is your code to log in",
        (Purpose::Erasure, Language::Ru) => "{{code}} - код для удаления ваших данных",
        (Purpose::Erasure, Language::Es) => "{{code}} es el código para borrar sus datos",
        (Purpose::Erasure, Language::En) => "{{code}} is the code to delete your data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventy_characters_hold_before_and_after_the_code_is_filled_in_a_19() {
        let text = |letters: usize| format!("{}{MARKER}", "я".repeat(letters));
        // The marker has eight characters, the code six: as it stands is the longer one.
        assert_eq!(check(&text(62)), Ok(()));
        assert_eq!(check(&text(63)), Err(Error::TooLong(71)));
        assert_eq!(length(&fill(&text(62), "123456")), 68);
    }

    #[test]
    fn an_emoji_counts_twice_as_in_an_sms() {
        assert_eq!(check(&format!("{}{MARKER}", "😀".repeat(31))), Ok(()));
        assert_eq!(
            check(&format!("{}{MARKER}", "😀".repeat(32))),
            Err(Error::TooLong(72))
        );
    }

    #[test]
    fn a_text_without_the_code_is_refused_a_20() {
        for text in ["", "код", "{{Code}}", "{code}", "{{ code }}"] {
            assert_eq!(check(text), Err(Error::NoMarker), "{text}");
        }
        assert_eq!(check("{{code}}\u{7}"), Err(Error::Control));
    }

    #[test]
    fn every_marker_is_filled() {
        assert_eq!(fill("{{code}} {{code}}", "123456"), "123456 123456");
    }

    #[test]
    fn the_usual_texts_can_be_sent() {
        for language in [Language::Ru, Language::Es, Language::En] {
            for purpose in [Purpose::LogIn, Purpose::Erasure] {
                assert_eq!(check(usual(purpose, language)), Ok(()));
            }
        }
    }
}
