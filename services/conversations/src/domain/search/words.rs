//! Words and their stems.

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::fold;

/// Characters of a word that count; what is longer is no word that somebody looks for.
const LONGEST: usize = 64;

/// The last place that PostgreSQL keeps.
const LAST_PLACE: usize = 16_383;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its first character.
    pub start: usize,
    /// How many characters.
    pub length: usize,
    /// Its stems: a letter for the language, and the stem. Words are forms of one when they share a stem.
    pub stems: Vec<String>,
}

/// The words of a text, in order.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (place, c) in text.chars().enumerate() {
        let belongs = c.is_alphanumeric() || (inside && is_combining_mark(c));
        if belongs && !inside {
            found.push((place, String::new()));
        }
        if let (true, Some((_, word))) = (belongs, found.last_mut()) {
            word.push(c);
        }
        inside = belongs;
    }
    let word = |(start, word): (usize, String)| Word {
        start,
        length: word.chars().count(),
        stems: stems(&word),
    };
    found.into_iter().map(word).collect()
}

/// Russian has an alphabet of its own; a word in Latin letters may be English or Spanish and has both stems.
fn stems(word: &str) -> Vec<String> {
    let small: String = word
        .chars()
        .take(LONGEST)
        .flat_map(char::to_lowercase)
        .nfc()
        .map(|c| if c == 'ё' { 'е' } else { c })
        .collect();
    let stem = |language: char, algorithm| {
        let stem = Stemmer::create(algorithm).stem(&small).into_owned();
        format!("{language}{}", fold(&stem).text)
    };
    if small.chars().any(|c| matches!(c, '\u{400}'..='\u{4ff}')) {
        vec![stem('r', Algorithm::Russian)]
    } else if small.chars().any(char::is_alphabetic) {
        vec![stem('e', Algorithm::English), stem('s', Algorithm::Spanish)]
    } else {
        vec![format!("x{}", fold(&small).text)]
    }
}

/// The words of a text as PostgreSQL's `tsvector`: each stem with its places.
#[must_use]
pub fn vector(text: &str) -> String {
    let mut vector = String::new();
    for (place, word) in words(text).iter().take(LAST_PLACE).enumerate() {
        for stem in &word.stems {
            vector.push_str(&format!("{}:{} ", quoted(stem), place + 1));
        }
    }
    vector
}

/// A stem as PostgreSQL reads it, whatever it holds.
#[must_use]
pub fn quoted(stem: &str) -> String {
    format!("'{}'", stem.replace('\\', r"\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for (one, other) in [
            ("скидка", "скидкой"),
            ("доставка", "ДОСТАВКУ"),
            ("счёт", "счета"),
            ("deliveries", "delivery"),
            ("promised", "promise"),
            ("gatos", "gato"),
            ("envíos", "envío"),
            ("camión", "camion"),
        ] {
            let (one, other) = (words(one), words(other));
            assert!(
                one[0]
                    .stems
                    .iter()
                    .any(|stem| other[0].stems.contains(stem)),
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn words_know_their_place() {
        let found = words("¿Да, 15%? re\u{301}sume");
        let places: Vec<_> = found.iter().map(|word| (word.start, word.length)).collect();
        assert_eq!(places, [(1, 2), (5, 2), (10, 7)]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text: String) {
            let _ = vector(&text);
        }
    }
}
