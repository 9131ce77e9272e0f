//! Texts as Telegram counts them: in UTF-16 code units.

use serde::Deserialize;

/// A part of a text that means something.
#[derive(Debug, Clone, Deserialize)]
pub struct Entity {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
    /// Where a `text_link` leads.
    pub url: Option<String>,
}

/// The text with the addresses that hide behind words, each after its words.
#[must_use]
pub fn with_links(text: &str, entities: &[Entity]) -> String {
    let mut links: Vec<(usize, &str)> = entities
        .iter()
        .filter(|entity| entity.kind == "text_link")
        .filter_map(|entity| {
            let end = entity.offset.checked_add(entity.length)?;
            Some((end, entity.url.as_deref()?))
        })
        .collect();
    links.sort_by_key(|(end, _)| *end);
    let mut shown = String::with_capacity(text.len());
    let (mut links, mut at) = (links.into_iter().peekable(), 0);
    for c in text.chars() {
        while let Some((_, url)) = links.next_if(|(end, _)| *end <= at) {
            append(&mut shown, url);
        }
        shown.push(c);
        at += c.len_utf16();
    }
    links.for_each(|(_, url)| append(&mut shown, url));
    shown
}

fn append(shown: &mut String, url: &str) {
    if !shown.ends_with(url) {
        shown.push_str(&format!(" ({url})"));
    }
}

/// Length as Telegram counts.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The text in pieces of at most `most`, cut where a line or a word ends if there is such a place in the second half.
#[must_use]
pub fn pieces(text: &str, most: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while length(rest) > most {
        let end = end_within(rest, most);
        let (piece, after) = rest.split_at(end);
        pieces.push(piece.trim_end().to_owned());
        rest = after.trim_start();
    }
    if !rest.trim().is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// How many bytes of the text fit.
fn end_within(text: &str, most: usize) -> usize {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > most
    });
    let end = end.map_or(text.len(), |(at, _)| at);
    let fitting = &text[..end];
    let half = fitting.len() / 2;
    let cut = fitting.rfind('\n').or_else(|| fitting.rfind(' '));
    cut.filter(|at| *at > half).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn link(offset: usize, length: usize) -> Entity {
        Entity {
            kind: "text_link".to_owned(),
            offset,
            length,
            url: Some("https://a.example".to_owned()),
        }
    }

    #[test]
    fn a_hidden_address_stands_after_its_words() {
        // The emoji is two units long.
        let shown = with_links("😀 price list, please", &[link(3, 10)]);
        assert_eq!(shown, "😀 price list (https://a.example), please");
        assert_eq!(
            with_links("here", &[link(0, 4)]),
            "here (https://a.example)"
        );
        assert_eq!(with_links("x", &[link(usize::MAX, 2)]), "x");
        let itself = "https://a.example";
        assert_eq!(with_links(itself, &[link(0, itself.len())]), itself);
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(pieces("one two three", 8), ["one two", "three"]);
        assert_eq!(pieces("один два", 100), ["один два"]);
        assert_eq!(pieces("abcdef", 4), ["abcd", "ef"]);
        assert!(pieces(" \n ", 4).is_empty());
    }

    proptest! {
        #[test]
        fn no_piece_is_too_long_and_no_letter_is_lost(text in "[a-я😀 \n]{0,200}", most in 2usize..50) {
            let pieces = pieces(&text, most);
            prop_assert!(pieces.iter().all(|piece| length(piece) <= most && !piece.trim().is_empty()));
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&pieces.concat()), letters(&text));
        }
    }
}
