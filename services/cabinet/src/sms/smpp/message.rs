//! SMS and delivery receipts as SMPP has them.

use rusmpp::pdus::{DeliverSm, SubmitSm};
use rusmpp::tlvs::TlvValue;
use rusmpp::types::{COctetString, OctetString};
use rusmpp::values::{
    DataCoding, EsmClass, MessageState, MessageType, Npi, RegisteredDelivery, Ton,
};

use crate::sms::Sms;

/// The default alphabet of GSM 03.38, each letter at its number.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Letters that take two places: an escape and this.
const EXTENDED: [(char, u8); 9] = [
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];

const ESCAPE: u8 = 0x1b;

/// A text in the default alphabet, a letter to a byte; in UCS-2 where a letter is not in it. Texts of codes have 70 units at most, which
/// fits one SMS either way.
#[must_use]
pub fn encode(text: &str) -> (DataCoding, Vec<u8>) {
    let mut gsm = Vec::with_capacity(text.len());
    for letter in text.chars() {
        if let Some((_, code)) = EXTENDED.iter().find(|(known, _)| *known == letter) {
            gsm.extend([ESCAPE, *code]);
            continue;
        }
        let place = GSM.chars().position(|known| known == letter);
        match place.and_then(|place| u8::try_from(place).ok()) {
            Some(code) if code != ESCAPE => gsm.push(code),
            _ => return (DataCoding::Ucs2, ucs2(text)),
        }
    }
    (DataCoding::McSpecific, gsm)
}

fn ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// The SMS as it is submitted. Of the fields the library's own beginnings are not all those of the standard: `esm_class` says nothing.
///
/// # Errors
/// A text that says which field does not fit.
pub fn submit(sms: &Sms, sender: &str) -> Result<SubmitSm, String> {
    let (data_coding, text) = encode(&sms.text);
    let digits = sms.phone.trim_start_matches('+').as_bytes();
    let (ton, npi) = origin(sender);
    let sender = sender.trim_start_matches('+');
    Ok(SubmitSm::builder()
        .source_addr_ton(ton)
        .source_addr_npi(npi)
        .source_addr(c_string(sender.as_bytes(), "sender")?)
        .dest_addr_ton(Ton::International)
        .dest_addr_npi(Npi::Isdn)
        .destination_addr(c_string(digits, "number")?)
        .esm_class(EsmClass::from(0))
        .registered_delivery(RegisteredDelivery::from(1))
        .data_coding(data_coding)
        .short_message(OctetString::from_vec(text).map_err(|_| "the text is too long".to_owned())?)
        .build())
}

/// What kind of address a sender is.
fn origin(sender: &str) -> (Ton, Npi) {
    let is_number = sender
        .trim_start_matches('+')
        .bytes()
        .all(|it| it.is_ascii_digit());
    match sender.len() {
        0 => (Ton::Unknown, Npi::Unknown),
        // A short number is no international one.
        1..=7 if is_number => (Ton::NetworkSpecific, Npi::Isdn),
        _ if is_number => (Ton::International, Npi::Isdn),
        _ => (Ton::Alphanumeric, Npi::Unknown),
    }
}

/// A text that ends with a zero.
///
/// # Errors
/// A text that says that it does not fit.
pub fn c_string<const MIN: usize, const MAX: usize>(
    text: &[u8],
    name: &str,
) -> Result<COctetString<MIN, MAX>, String> {
    let ended: Vec<u8> = text.iter().copied().chain([0]).collect();
    COctetString::from_vec(ended)
        .map_err(|_| format!("{name} must be ASCII and at most {} characters", MAX - 1))
}

/// What became of an SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The centre's id of the SMS.
    pub id: String,
    /// It has arrived, or it never will.
    pub delivered: bool,
}

impl Receipt {
    /// The id, and the same number written in the other way.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let mut ids = vec![self.id.clone()];
        if let Ok(number) = self.id.parse::<u64>() {
            ids.extend([
                format!("{number:x}"),
                format!("{number:X}"),
                number.to_string(),
            ]);
        }
        if let Ok(number) = u64::from_str_radix(&self.id, 16) {
            ids.push(number.to_string());
        }
        ids.dedup();
        ids
    }
}

/// What a message of the centre says of an SMS; `None` for one that is no receipt, or says that it is still on its way.
#[must_use]
pub fn receipt(message: &DeliverSm) -> Option<Receipt> {
    let is_receipt =
        message.esm_class.message_type == MessageType::ShortMessageContainsMCDeliveryReceipt;
    if !is_receipt {
        return None;
    }
    let (mut id, mut state) = (None, None);
    for tlv in message.tlvs() {
        match tlv.value() {
            Some(TlvValue::ReceiptedMessageId(value)) => id = Some(value.as_str().to_owned()),
            Some(TlvValue::MessageState(value)) => state = Some(*value),
            _ => {}
        }
    }
    let text = String::from_utf8_lossy(message.short_message().as_ref()).into_owned();
    let id = id.or_else(|| field(&text, "id:"))?;
    let delivered = match state {
        Some(MessageState::Delivered) => true,
        Some(MessageState::Enroute | MessageState::Accepted | MessageState::Scheduled) => {
            return None;
        }
        Some(_) => false,
        None => match &field(&text, "stat:")?[..] {
            "DELIVRD" => true,
            "EXPIRED" | "DELETED" | "UNDELIV" | "REJECTD" | "UNKNOWN" => false,
            // Still on its way: ENROUTE, ACCEPTD.
            _ => return None,
        },
    };
    Some(Receipt { id, delivered })
}

/// A field of a receipt's text: "id:123 sub:001 … stat:DELIVRD err:000".
fn field(text: &str, name: &str) -> Option<String> {
    let mut words = text.split_ascii_whitespace();
    let value = words.find_map(|word| word.strip_prefix(name))?;
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_one_sms_stay_one_sms_in_either_alphabet() {
        let units = |text: &str| encode(text).1.len();
        assert_eq!(
            encode("Code 123"),
            (DataCoding::McSpecific, b"Code 123".to_vec())
        );
        assert_eq!(encode("ñ"), (DataCoding::McSpecific, vec![0x7d]));
        assert_eq!(encode("@_"), (DataCoding::McSpecific, vec![0x00, 0x11]));
        assert_eq!(encode("€"), (DataCoding::McSpecific, vec![0x1b, 0x65]));
        assert_eq!(encode("á").0, DataCoding::Ucs2);
        assert_eq!(encode("Я"), (DataCoding::Ucs2, vec![0x04, 0x2f]));
        assert_eq!(
            encode("\u{1b}").0,
            DataCoding::Ucs2,
            "an escape is no letter"
        );
        assert_eq!(units(&"я".repeat(70)), 140);
        assert_eq!(units(&"😀".repeat(35)), 140, "two units each");
        assert_eq!(units(&"€".repeat(70)), 140);
    }

    #[test]
    fn a_sender_is_a_name_a_short_or_a_long_number() {
        assert_eq!(origin("Okna"), (Ton::Alphanumeric, Npi::Unknown));
        assert_eq!(origin("3131"), (Ton::NetworkSpecific, Npi::Isdn));
        assert_eq!(origin("+79990000001"), (Ton::International, Npi::Isdn));
        assert_eq!(origin(""), (Ton::Unknown, Npi::Unknown));
    }

    #[test]
    fn an_id_is_known_in_decimal_and_hexadecimal() {
        let ids = |id: &str| {
            let receipt = Receipt {
                id: id.to_owned(),
                delivered: true,
            };
            receipt.ids()
        };
        assert!(ids("0000000255").contains(&"ff".to_owned()));
        assert!(ids("0000000255").contains(&"FF".to_owned()));
        assert!(ids("ff").contains(&"255".to_owned()));
        assert_eq!(ids("a-b"), ["a-b"]);
    }

    fn told(esm_class: u8, text: &str) -> Option<Receipt> {
        let message = DeliverSm::builder()
            .esm_class(EsmClass::from(esm_class))
            .short_message(OctetString::from_slice(text.as_bytes()).expect("short"))
            .build();
        receipt(&message)
    }

    #[test]
    fn a_receipt_says_of_which_sms_and_what() {
        let text = |stat: &str| {
            format!(
                "id:7 sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:{stat} err:000 text:x"
            )
        };
        let of = |delivered| {
            let id = "7".to_owned();
            Some(Receipt { id, delivered })
        };
        assert_eq!(told(4, &text("DELIVRD")), of(true));
        assert_eq!(told(4, &text("UNDELIV")), of(false));
        assert_eq!(told(4, &text("ENROUTE")), None);
        assert_eq!(
            told(0, &text("DELIVRD")),
            None,
            "what a person writes is no receipt"
        );
        assert_eq!(told(4, "hello"), None);
    }
}
