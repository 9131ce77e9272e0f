//! Crockford's base32 as TypeID uses it: 128 bits in 26 lower-case letters, the first of them at most '7'.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LETTERS: usize = 26;

pub(crate) fn encode(value: u128) -> [u8; LETTERS] {
    let mut text = [0; LETTERS];
    for (place, letter) in text.iter_mut().enumerate() {
        let shift = 5 * (LETTERS - 1 - place);
        *letter = ALPHABET[((value >> shift) & 31) as usize];
    }
    text
}

pub(crate) fn decode(text: &str) -> Option<u128> {
    let letters = text.as_bytes();
    if letters.len() != LETTERS || letters[0] > b'7' {
        return None;
    }
    letters.iter().try_fold(0u128, |value, letter| {
        let digit = ALPHABET.iter().position(|known| known == letter)?;
        Some((value << 5) | digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_encoded_decodes(value: u128) {
            let text = encode(value);
            prop_assert_eq!(decode(std::str::from_utf8(&text).expect("ASCII")), Some(value));
        }
    }

    /// Vectors of the TypeID specification 0.3 (`valid.yml`).
    #[test]
    fn specified_vectors_hold() {
        for (uuid, text) in [
            (
                "00000000-0000-0000-0000-000000000000",
                "00000000000000000000000000",
            ),
            (
                "00000000-0000-0000-0000-000000000020",
                "00000000000000000000000010",
            ),
            (
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "7zzzzzzzzzzzzzzzzzzzzzzzzz",
            ),
            (
                "01890a5d-ac96-774b-bcce-b302099a8057",
                "01h455vb4pex5vsknk084sn02q",
            ),
        ] {
            let value = uuid.parse::<uuid::Uuid>().expect("a UUID").as_u128();
            assert_eq!(std::str::from_utf8(&encode(value)).expect("ASCII"), text);
            assert_eq!(decode(text), Some(value));
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "01H455VB4PEX5VSKNK084SN02Q",
            "01h455vb4pex5vsknk084sn02",
            "01h455vb4pex5vsknk084sn02u",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
