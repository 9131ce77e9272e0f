//! Finds a person's values in texts, and takes them out.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use serde_json::Value as Json;

use crate::digest::{Digest, Salt};
use crate::person::{Kind, Value, phone_key, words_key};
use crate::words::{Word, digits, is_gap, words};

/// What stands in the place of a value that was taken out.
pub const MASK: &str = "***";

/// Groups of digits that a telephone number is written in at most.
const GROUPS: usize = 8;

/// Digits of a telephone number.
const NUMBER: std::ops::RangeInclusive<usize> = 4..=15;

/// Which values were found, by their places.
pub type Found = BTreeSet<u32>;

/// The values to look for, as themselves or as salted digests.
#[derive(Debug)]
pub struct Sieve {
    keys: HashMap<Vec<u8>, (u32, bool)>,
    lengths: BTreeSet<usize>,
    kinds: Vec<Kind>,
    salt: Option<Salt>,
}

impl Sieve {
    /// Looks for values.
    #[must_use]
    pub fn of_values(values: &[Value]) -> Self {
        let forms = values.iter().map(Value::form).zip(0..);
        let forms = forms.filter_map(|(form, at)| Some((form?, at)));
        let mut sieve = Self {
            keys: HashMap::new(),
            lengths: BTreeSet::new(),
            kinds: values.iter().map(|value| value.kind).collect(),
            salt: None,
        };
        for (form, at) in forms {
            sieve.lengths.insert(form.words);
            let key = form.key.into_bytes();
            sieve.keys.entry(key).or_insert((at, form.within));
        }
        sieve
    }

    /// Looks for values of which only the digests are left.
    #[must_use]
    pub fn of_digests(digests: &[Digest], salt: Salt) -> Self {
        let keys = digests.iter().zip(0..);
        Self {
            keys: keys
                .map(|(it, at)| (it.digest.clone(), (at, it.within)))
                .collect(),
            lengths: digests.iter().map(|it| it.words as usize).collect(),
            kinds: digests.iter().map(|it| it.kind).collect(),
            salt: Some(salt),
        }
    }

    /// Is there nothing to look for?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Is one of the values that were found a telephone number or an e-mail, which nobody else has?
    #[must_use]
    pub fn tells_who(&self, found: &Found) -> bool {
        let kinds = found.iter().filter_map(|at| self.kinds.get(*at as usize));
        kinds
            .into_iter()
            .any(|kind| matches!(kind, Kind::Phone | Kind::Email))
    }

    /// Which values a text contains.
    #[must_use]
    pub fn find(&self, text: &str) -> Found {
        self.hits(text)
            .into_iter()
            .map(|(_, value)| value)
            .collect()
    }

    /// The text without the values; `None` when it contains none. Adds those to `found`.
    #[must_use]
    pub fn clean(&self, text: &str, found: &mut Found) -> Option<String> {
        let mut hits = self.hits(text);
        if hits.is_empty() {
            return None;
        }
        found.extend(hits.iter().map(|(_, value)| *value));
        hits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut clean = String::with_capacity(text.len());
        let mut at = 0;
        for (range, _) in hits {
            if range.start >= at {
                clean.push_str(&text[at..range.start]);
                clean.push_str(MASK);
            }
            at = at.max(range.end);
        }
        clean.push_str(&text[at..]);
        Some(clean)
    }

    /// Takes the values out of all texts of a JSON value. True when there was one.
    pub fn clean_json(&self, json: &mut Json, found: &mut Found) -> bool {
        match json {
            Json::String(text) => match self.clean(text, found) {
                Some(clean) => {
                    *text = clean;
                    true
                }
                None => false,
            },
            Json::Array(items) => items
                .iter_mut()
                .fold(false, |any, item| self.clean_json(item, found) | any),
            Json::Object(fields) => fields
                .values_mut()
                .fold(false, |any, item| self.clean_json(item, found) | any),
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
        }
    }

    fn hits(&self, text: &str) -> Vec<(Range<usize>, u32)> {
        if text.is_empty() || self.keys.is_empty() {
            return Vec::new();
        }
        let mut hits = Vec::new();
        if self.lengths.iter().any(|length| *length > 0) {
            self.find_words(&words(text), &mut hits);
        }
        if self.lengths.contains(&0) {
            self.find_numbers(text, &mut hits);
        }
        hits
    }

    fn find_words(&self, words: &[Word], hits: &mut Vec<(Range<usize>, u32)>) {
        for length in self.lengths.iter().filter(|length| **length > 0) {
            for window in words.windows(*length) {
                let normals: Vec<&str> = window.iter().map(|word| &word.normal[..]).collect();
                let range = window[0].range.start..window[length - 1].range.end;
                hits.extend(self.known(&words_key(&normals), *length == words.len(), range));
            }
        }
    }

    /// Numbers as they are written, in groups or in one; what stands before the national number goes with it.
    fn find_numbers(&self, text: &str, hits: &mut Vec<(Range<usize>, u32)>) {
        let groups = digits(text);
        for (first, begin) in groups.iter().enumerate() {
            let mut number = String::new();
            let mut end = begin.start;
            for group in groups[first..].iter().take(GROUPS) {
                let joined = number.is_empty() || is_gap(&text[end..group.start]);
                if !joined || number.len() + group.len() > *NUMBER.end() {
                    break;
                }
                number.push_str(&text[group.clone()]);
                end = group.end;
                if NUMBER.contains(&number.len()) {
                    let whole = groups.len() == 1;
                    hits.extend(self.known(&phone_key(&number), whole, begin.start..end));
                }
            }
        }
    }

    fn known(&self, key: &str, whole: bool, range: Range<usize>) -> Option<(Range<usize>, u32)> {
        let found = match &self.salt {
            Some(salt) => self.keys.get(&salt.digest(key)),
            None => self.keys.get(key.as_bytes()),
        };
        let (value, within) = found?;
        (*within || whole).then_some((range, *value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::person::Kind;

    fn values() -> Vec<Value> {
        let value = |kind, text: &str| Value {
            kind,
            text: text.to_owned(),
        };
        vec![
            value(Kind::Name, "Алёна Иванова"),
            value(Kind::Phone, "+79161234567"),
            value(Kind::Email, "alena@example.com"),
            value(Kind::Address, "Москва, ул. Мира, 5"),
            value(Kind::Name, "Ян"),
        ]
    }

    fn both() -> [Sieve; 2] {
        let salt = Salt::new(b"salt");
        let digests: Vec<_> = values()
            .iter()
            .filter_map(|value| Digest::of(value, &salt))
            .collect();
        [
            Sieve::of_values(&values()),
            Sieve::of_digests(&digests, salt),
        ]
    }

    #[test]
    fn values_are_taken_out_however_they_are_written() {
        let cases = [
            ("Это АЛЕНА  Иванова!", "Это ***!"),
            ("Заказ: Иванова Алена", "Заказ: ***"),
            ("звоните 8 (916) 123-45-67 днём", "звоните *** днём"),
            ("tel:+79161234567, 916-123-45-67", "tel:+***, ***"),
            ("пишите: Alena@Example.COM.", "пишите: ***."),
            ("Привезите в г. Москва, ул. Мира, 5", "Привезите в г. ***"),
            ("Ян", "***"),
        ];
        for sieve in both() {
            for (text, clean) in cases {
                let cleaned = sieve.clean(text, &mut Found::new());
                assert_eq!(cleaned.as_deref(), Some(clean), "{text}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_value_stays() {
        let texts = [
            "Алёна Петрова",
            "Ивановатая Алёна",
            "заказ 9161234568",
            "12.34.2026",
            "bob@example.com",
            "ул. Мира, 5",
            "Ян пришёл",
            "",
        ];
        for sieve in both() {
            for text in texts {
                assert_eq!(sieve.clean(text, &mut Found::new()), None, "{text}");
            }
        }
    }

    #[test]
    fn json_is_cleaned_all_through() {
        let mut json = serde_json::json!([{"value": "+7 916 123 45 67", "label": "мой"}, 5, null]);
        let mut found = Found::new();
        assert!(both()[0].clean_json(&mut json, &mut found));
        assert_eq!(json[0]["value"], "+***");
        assert_eq!(found, Found::from([1]));
    }

    proptest! {
        /// Whatever stands around a value, it is gone afterwards, and what is clean is not changed again.
        #[test]
        fn nothing_is_left(before in "[а-яё ,.]{0,20}", at in 0usize..3, after in "[ ,.!][а-яё ,.]{0,20}") {
            let values = values();
            let text = format!("{before} {}{after}", values[at].text);
            for sieve in both() {
                let clean = sieve.clean(&text, &mut Found::new());
                let clean = clean.expect("it is found");
                prop_assert!(!clean.contains(&values[at].text));
                prop_assert!(sieve.find(&clean).is_empty());
            }
        }
    }
}
