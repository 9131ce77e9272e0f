//! Texts as words in one normal form: whatever the case, the accents and what stands between.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// In small letters, without accents.
    pub normal: String,
}

/// Letters that stand between digits of a telephone number at most.
const GAP: usize = 3;

/// The words of a text: what letters and digits stand together.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let belongs = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    runs(text, belongs)
        .map(|range| Word {
            normal: normal(&text[range.clone()]),
            range,
        })
        .collect()
}

/// The groups of digits of a text.
#[must_use]
pub fn digits(text: &str) -> Vec<Range<usize>> {
    runs(text, |c| c.is_ascii_digit()).collect()
}

/// May what stands between two groups of digits stand within a telephone number?
#[must_use]
pub fn is_gap(between: &str) -> bool {
    between.chars().count() <= GAP
        && between
            .chars()
            .all(|c| c.is_whitespace() || "-().+/".contains(c))
}

fn normal(word: &str) -> String {
    word.nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

fn runs(text: &str, belongs: impl Fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, _) = chars.by_ref().find(|(_, c)| belongs(*c))?;
        let mut end = text.len();
        while let Some((at, c)) = chars.peek() {
            if !belongs(*c) {
                end = *at;
                break;
            }
            chars.next();
        }
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normals(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.normal).collect()
    }

    #[test]
    fn words_have_one_form() {
        assert_eq!(
            normals("Алёна Йо́, a.b@Example.com"),
            ["алена", "ио", "a", "b", "example", "com"]
        );
        assert_eq!(words("  Иван!")[0].range, 2..10);
        assert!(words("… — !").is_empty());
    }
}
