//! «Внешний ID»: the site's own ids of its clients, by which a visitor is the same one on every device (ONL-21 … ONL-24).

use types::FieldId;

/// The longest external ID, in characters.
pub const MAX_LENGTH: usize = 200;
/// More digits than these a number field does not tell apart: two clients would become one.
const MAX_DIGITS: usize = 15;

/// The field of crm in which the external IDs stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Which field.
    pub id: FieldId,
    /// Of type NUMBER; else TEXT (ONL-22).
    pub numeric: bool,
}

/// An external ID as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum ExternalId {
    /// A text, trimmed.
    Text(String),
    /// A number.
    Number(f64),
}

impl Field {
    /// What an external ID means in this field; the text for a person when it means nothing there.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub fn read(self, text: &str) -> Result<ExternalId, String> {
        let text = text.trim();
        let length = text.chars().count();
        if !(1..=MAX_LENGTH).contains(&length) {
            return Err(format!(
                "must have 1 to {MAX_LENGTH} characters, has {length}"
            ));
        }
        if text.chars().any(char::is_control) {
            return Err("must not contain control characters".to_owned());
        }
        if !self.numeric {
            return Ok(ExternalId::Text(text.to_owned()));
        }
        number(text).map(ExternalId::Number).ok_or_else(|| {
            format!(
                "must be a number of at most {MAX_DIGITS} digits, since the field holds numbers"
            )
        })
    }
}

/// A plain decimal number that no other one within the limit is confused with.
fn number(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || c == '.';
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = unsigned.trim_start_matches('0').chars();
    let digits = digits.filter(char::is_ascii_digit).count();
    if !unsigned.chars().all(plain) || digits > MAX_DIGITS {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

impl ExternalId {
    /// The one form in which it is kept and compared.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            // Zero has a sign, which no person means.
            Self::Number(number) if *number == 0.0 => "0".to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(numeric: bool) -> Field {
        Field {
            id: FieldId::generate(),
            numeric,
        }
    }

    fn key(numeric: bool, text: &str) -> Option<String> {
        field(numeric).read(text).ok().map(|id| id.key())
    }

    #[test]
    fn a_text_compares_exactly_after_trimming_a_27() {
        assert_eq!(key(false, " Ab-1\n").as_deref(), Some("Ab-1"));
        assert_ne!(key(false, "Ab-1"), key(false, "ab-1"));
        assert_ne!(key(false, "007"), key(false, "7"));
        for bad in ["", "   ", "a\u{0}b", &"я".repeat(201)] {
            assert_eq!(key(false, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_number_compares_as_a_number_a_27() {
        for seven in ["7", "007", "7.0", "+7", " 7.000 "] {
            assert_eq!(key(true, seven).as_deref(), Some("7"), "{seven}");
        }
        assert_eq!(key(true, "-0.0").as_deref(), Some("0"));
        assert_eq!(key(true, "-7.25").as_deref(), Some("-7.25"));
        for bad in [
            "",
            "seven",
            "7e3",
            "inf",
            "NaN",
            "--7",
            ".",
            "1 000",
            "9007199254740993",
        ] {
            assert_eq!(key(true, bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn different_numbers_are_different_clients(one in 0..1_000_000_000_000_000_u64, two in 0..1_000_000_000_000_000_u64) {
            let same = key(true, &one.to_string()) == key(true, &two.to_string());
            prop_assert_eq!(same, one == two);
        }
    }
}
