//! Telephone numbers in their international form (E.164).

use phonenumber::{Mode, PhoneNumber, country};

/// A number as the database keeps it: "+" and digits. `None` for a text that is no international number.
///
/// The metadata of numbering plans only help to read what people write; a number that no plan knows is kept as it is, as long
/// as it has 8 to 15 digits: new ranges open faster than metadata are updated.
///
/// Without a plus, eleven digits that are a Russian number in its national form ("8 916 …") are that number: most who write so mean it.
#[must_use]
pub fn normalised(text: &str) -> Option<String> {
    let text = text.trim();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_digit() || " ()-.+\u{a0}\u{2011}".contains(c));
    let pluses = text.matches('+').count();
    if !is_plain || pluses > 1 || (pluses == 1 && !text.starts_with('+')) {
        return None;
    }
    if !(8..=15).contains(&digits.len()) {
        return None;
    }
    let e164 = |number: PhoneNumber| number.format().mode(Mode::E164).to_string();
    if pluses == 0 && digits.len() == 11 && digits.starts_with('8') {
        let russian = phonenumber::parse(Some(country::RU), &digits).ok();
        if let Some(number) = russian.filter(PhoneNumber::is_valid) {
            return Some(e164(number));
        }
    }
    let international = format!("+{digits}");
    let known = phonenumber::parse(None, &international);
    Some(known.map_or(international, e164))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_becomes_one_form() {
        for text in [
            "+7 (495) 123-45-67",
            "+74951234567",
            "7 495 123 45 67",
            " +7.495.123.4567 ",
        ] {
            assert_eq!(normalised(text).as_deref(), Some("+74951234567"), "{text}");
        }
    }

    #[test]
    fn a_russian_number_may_have_its_national_form() {
        for text in ["8 916 123-45-67", "89161234567", "8 (916) 123.45.67"] {
            assert_eq!(normalised(text).as_deref(), Some("+79161234567"), "{text}");
        }
        // With a plus it is another country's, and so is what is no Russian number.
        for (text, other) in [
            ("+89161234567", "+89161234567"),
            ("+84 24 3825 2916", "+842438252916"),
            ("81 3 1234 5678", "+81312345678"),
        ] {
            assert_eq!(normalised(text).as_deref(), Some(other), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "1234567",
            "+1234567890123456",
            "12345678a",
            "++4951234567",
            "7+4951234567",
            "позвоните",
        ] {
            assert_eq!(normalised(text), None, "{text}");
        }
    }
}
