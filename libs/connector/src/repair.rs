//! JSON as channels write it: halves of signs, such as an emoji that was cut, and bytes that are no text are replaced, so that they cost
//! nothing of what stands beside them.

/// The sign that stands for what cannot be read.
const UNREADABLE: &str = "\\ufffd";

/// The same JSON without halves of signs. For what could not be read as it came.
#[must_use]
pub fn repaired(json: &[u8]) -> Vec<u8> {
    let json = String::from_utf8_lossy(json);
    let (mut whole, mut rest) = (String::with_capacity(json.len()), &json[..]);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let length = match half(escape) {
            None => escape.chars().take(2).map(char::len_utf8).sum::<usize>(),
            Some(first) if is_high(first) && escape.get(6..).and_then(half).is_some_and(is_low) => {
                12
            }
            Some(first) if is_high(first) || is_low(first) => {
                whole.push_str(UNREADABLE);
                rest = &escape[6..];
                continue;
            }
            Some(_) => 6,
        };
        whole.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    whole.push_str(rest);
    whole.into_bytes()
}

/// The number of an escape at the beginning.
fn half(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

fn is_high(half: u16) -> bool {
    (0xD800..0xDC00).contains(&half)
}

fn is_low(half: u16) -> bool {
    (0xDC00..0xE000).contains(&half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn half_a_sign_costs_nothing_of_what_stands_beside_it() {
        let given = br#"["\ud83d", "\ud83d\ude00", "\ude00x", "\\ud83d", "\ud83d\n", "\u0041", 1]"#;
        assert!(serde_json::from_slice::<Value>(given).is_err());
        let read: Value = serde_json::from_slice(&repaired(given)).unwrap();
        let expected = json!([
            "\u{fffd}",
            "😀",
            "\u{fffd}x",
            "\\ud83d",
            "\u{fffd}\n",
            "A",
            1
        ]);
        assert_eq!(read, expected);
        assert_eq!(repaired(b"\"\\"), b"\"\\", "what is cut stays cut");
        let read: Value = serde_json::from_slice(&repaired(b"\"\xff\"")).unwrap();
        assert_eq!(read, "\u{fffd}");
    }
}
