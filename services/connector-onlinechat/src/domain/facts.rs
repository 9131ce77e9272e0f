//! Facts of a visitor's request, which travel with the messages for rules: page, referrer, language, utm marks.

use std::collections::HashMap;

use url::Url;

/// The most marks that are taken from an address.
const MAX_MARKS: usize = 20;
/// The longest value of a fact, in characters.
const MAX_VALUE: usize = 2000;
/// The longest name of a mark, in characters.
const MAX_NAME: usize = 60;

/// The page that shows the button, as the browser told it. Empty texts are unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Where the visitor came from.
    pub referrer: String,
    /// BCP 47 language of the visitor's device.
    pub language: String,
}

impl Page {
    /// As a message carries them: `page_url`, `page_title`, `referrer`, `language` and every `utm_…` mark of the address.
    #[must_use]
    pub fn facts(&self) -> HashMap<String, String> {
        let known = [
            ("page_url", &self.url),
            ("page_title", &self.title),
            ("referrer", &self.referrer),
            ("language", &self.language),
        ];
        let mut facts = utm_marks(&self.url);
        facts.extend(
            known
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_owned(), value.clone())),
        );
        facts
    }
}

/// The `utm_…` parameters of an address; the first of a name counts.
fn utm_marks(address: &str) -> HashMap<String, String> {
    let mut marks = HashMap::new();
    let Ok(url) = Url::parse(address) else {
        return marks;
    };
    for (name, value) in url.query_pairs() {
        let name = name.to_lowercase();
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !name.starts_with("utm_") || !plain || name.len() > MAX_NAME || value.is_empty() {
            continue;
        }
        if marks.len() == MAX_MARKS {
            break;
        }
        let value = value
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_VALUE)
            .collect();
        marks.entry(name).or_insert(value);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn utm_marks_are_taken_from_the_address() {
        let page = Page {
            url: "https://shop.example/?utm_source=Яндекс&UTM_Medium=cpc&x=1&utm_source=later&utm_term=".to_owned(),
            language: "ru-RU".to_owned(),
            ..Page::default()
        };
        let mut facts: Vec<_> = page.facts().into_iter().collect();
        facts.sort();
        let names: Vec<_> = facts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["language", "page_url", "utm_medium", "utm_source"]);
        assert_eq!(facts[3].1, "Яндекс");
    }

    proptest! {
        #[test]
        fn facts_stay_within_what_the_hub_takes(query in "(utm_[a-z]{1,3}=[a-z%0]{0,5}&){0,60}\\PC{0,50}") {
            let page = Page { url: format!("https://example.com/?{query}"), ..Page::default() };
            let facts = page.facts();
            prop_assert!(facts.len() <= 30);
            prop_assert!(facts.values().all(|value| value.chars().count() <= MAX_VALUE + 100));
        }
    }
}
