//! Clients who have not written yet (decision table 2.3).

use types::phone;

/// By what a channel addresses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAddress {
    /// The digits of a telephone number.
    Phone,
    /// The channel's id of the person.
    MessengerId,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    /// Whoever has this number; digits only.
    Phone(String),
    /// Whoever the channel knows by this id.
    MessengerId(String),
}

/// What a channel says of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// Nothing.
    Unknown,
    /// Somebody is registered, and the channel's id of the chat with them is this.
    Registered(String),
    /// Nobody is (CHW-41).
    Nobody,
    /// It refuses the connection's credentials (CHW-39).
    CredentialsRefused,
}

/// Why somebody cannot be written to first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unaddressable {
    /// The number has not 8 to 15 digits.
    Number,
    /// The channel takes telephone numbers only (TG-02).
    PhonesOnly,
    /// In this channel clients write first.
    Nobody,
}

impl Client {
    /// The digits of a number as people write them: spaces, brackets, hyphens and a leading + are left out. A Russian number in its
    /// national form is the same number as in its international one.
    ///
    /// # Errors
    /// When something else stands in it, or there are not 8 to 15 digits.
    pub fn of_phone(text: &str) -> Result<Self, Unaddressable> {
        let is_filling = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '-');
        let number: String = text.chars().filter(|c| !is_filling(*c)).collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        let fits = (8..=15).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
        let known = phone::normalised(&number).filter(|_| fits);
        let known = known.ok_or(Unaddressable::Number)?;
        Ok(Self::Phone(known.trim_start_matches('+').to_owned()))
    }

    /// The channel's id of the chat with them, as far as that is known without asking anybody.
    ///
    /// # Errors
    /// When the channel cannot address them.
    pub fn chat(&self, address: Option<ClientAddress>) -> Result<Option<&str>, Unaddressable> {
        match (self, address) {
            (Self::Phone(digits), Some(ClientAddress::Phone)) => Ok(Some(digits)),
            (Self::Phone(_), Some(ClientAddress::MessengerId)) => Ok(None),
            (Self::MessengerId(id), Some(ClientAddress::MessengerId)) => Ok(Some(id)),
            (Self::MessengerId(_), Some(ClientAddress::Phone)) => Err(Unaddressable::PhonesOnly),
            (_, None) => Err(Unaddressable::Nobody),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_eight_to_fifteen_digits_however_it_is_written() {
        let digits = |text: &str| match Client::of_phone(text) {
            Ok(Client::Phone(digits)) => Some(digits),
            _ => None,
        };
        assert_eq!(
            digits(" +7 (999) 123-45-67 ").as_deref(),
            Some("79991234567")
        );
        assert_eq!(digits("12345678").as_deref(), Some("12345678"));
        assert_eq!(digits("8 (999) 123-45-67"), digits("+79991234567"));
        for wrong in [
            "",
            "1234567",
            "1234567890123456",
            "7999123456a",
            "++79991234567",
            "7.9991234567",
        ] {
            assert_eq!(digits(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_channel_of_phones_takes_no_id() {
        let (phone, id) = (
            Client::Phone("12345678".into()),
            Client::MessengerId("42".into()),
        );
        use ClientAddress::{MessengerId, Phone};
        assert_eq!(id.chat(Some(Phone)), Err(Unaddressable::PhonesOnly));
        assert_eq!(id.chat(Some(MessengerId)), Ok(Some("42")));
        assert_eq!(phone.chat(Some(Phone)), Ok(Some("12345678")));
        assert_eq!(phone.chat(Some(MessengerId)), Ok(None));
        assert_eq!(phone.chat(None), Err(Unaddressable::Nobody));
    }
}
