//! Letters without what search does not look at.

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// A text in small letters and without accents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// The text.
    pub text: String,
    /// Of each of its characters: the place of the original's character that it came from.
    pub origin: Vec<usize>,
}

/// Folds a text. Two letters keep their mark, because without it they are others: "й" and "ñ".
#[must_use]
pub fn fold(text: &str) -> Folded {
    let mut folded = Folded::default();
    for (place, original) in text.chars().enumerate() {
        for small in original.to_lowercase() {
            decompose_canonical(small, |part| folded.push(part, place));
        }
    }
    folded
}

impl Folded {
    fn push(&mut self, part: char, place: usize) {
        if !is_combining_mark(part) {
            self.text.push(part);
            self.origin.push(place);
            return;
        }
        let whole = match (self.text.chars().next_back(), part) {
            (Some('и'), '\u{306}') => 'й',
            (Some('n'), '\u{303}') => 'ñ',
            _ => return,
        };
        self.text.pop();
        self.text.push(whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn capitals_and_accents_make_no_difference() {
        assert_eq!(fold("ЁЖ Ещё Acción").text, "еж еще accion");
        assert_eq!(fold("Йод, NIÑO").text, "йод, niño");
        assert_eq!(fold("и\u{306}").text, "й");
    }

    proptest! {
        /// What stands in a text also stands in it folded, so that nothing is missed.
        #[test]
        fn a_part_of_a_text_is_a_part_of_it_folded(before in "[а-яёА-ЯЁa-zA-Zéñ ,.!0-9]{0,20}", part in "[а-яёА-ЯЁa-zA-Zéñ ,.!0-9]{0,20}", after: String) {
            let whole = fold(&format!("{before}{part}{after}"));
            prop_assert!(whole.text.contains(&fold(&part).text) || after.starts_with(is_combining_mark));
            prop_assert_eq!(whole.text.chars().count(), whole.origin.len());
        }
    }
}
