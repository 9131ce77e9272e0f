//! Which passwords are good enough.
//!
//! Length is what counts; rules about kinds of characters make passwords worse. What a guesser would try first is refused.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use super::email::Email;

/// How many characters a password has.
pub const LENGTH: RangeInclusive<usize> = 10..=200;

/// Fewer different characters than this are a pattern, not a password.
const DIFFERENT: usize = 5;

/// Beginnings of what is tried first by whoever guesses.
const COMMON: [&str; 8] = [
    "password",
    "qwerty",
    "1234567890",
    "0987654321",
    "iloveyou",
    "administrator",
    "пароль",
    "йцукен",
];

/// Says what is wrong with a password of the user with this address.
///
/// # Errors
/// A text for a person.
pub fn check(password: &str, email: &Email) -> Result<(), String> {
    let count = password.chars().count();
    if !LENGTH.contains(&count) {
        let (least, most) = (LENGTH.start(), LENGTH.end());
        return Err(format!("must have {least} to {most} characters"));
    }
    let lower = password.to_lowercase();
    if lower.chars().collect::<HashSet<_>>().len() < DIFFERENT {
        return Err(format!(
            "must have at least {DIFFERENT} different characters"
        ));
    }
    let address = email.as_str().to_lowercase();
    let guessed = COMMON
        .iter()
        .any(|common| lower.starts_with(common) && count < common.chars().count() + 6);
    if guessed
        || lower == address
        || lower.trim_end_matches(|c: char| c.is_ascii_digit()) == email.local_part().to_lowercase()
    {
        return Err("is easy to guess; take another".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_a_good_password() {
        let email = Email::parse("anna@example.com").expect("an address");
        for password in ["correct horse", "зима наступила", "x7#k2!pq9w"] {
            assert_eq!(check(password, &email), Ok(()), "{password}");
        }
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        let email = Email::parse("anna.smirnova@example.com").expect("an address");
        let long = "a1b2c".repeat(41);
        for password in [
            "short",
            "aaaaaaaaaaaa",
            "1212121212",
            "password123",
            "Qwerty12345",
            "anna.smirnova1990",
            "anna.smirnova@example.com",
            &long,
        ] {
            assert!(check(password, &email).is_err(), "{password}");
        }
    }
}
