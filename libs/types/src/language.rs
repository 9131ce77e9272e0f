//! Languages in which Beseda speaks.

/// A language of texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Russian, the reference of every text.
    Ru,
    /// Spanish.
    Es,
    /// English, and what speakers of every other language get.
    #[default]
    En,
}

impl Language {
    /// The language for a BCP 47 tag: `ru*` Russian, `es*` Spanish, everything else English (CHW-64…CHW-66, A-18).
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        match tag
            .trim()
            .split(['-', '_'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "ru" => Self::Ru,
            "es" => Self::Es,
            _ => Self::En,
        }
    }

    /// The first language of an `Accept-Language` value that Beseda speaks; weights are taken in the order given.
    #[must_use]
    pub fn from_accept_language(value: &str) -> Option<Self> {
        value.split(',').find_map(|range| {
            let tag = range.split(';').next().unwrap_or_default().trim();
            let primary = tag
                .split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            matches!(primary.as_str(), "ru" | "es" | "en").then(|| Self::from_tag(tag))
        })
    }

    /// Its BCP 47 tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::Es => "es",
            Self::En => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_languages_get_english() {
        for (tag, language) in [
            ("ru", Language::Ru),
            ("ru-RU", Language::Ru),
            ("ES_mx", Language::Es),
            ("de", Language::En),
            ("", Language::En),
            ("rus", Language::En),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
    }

    #[test]
    fn the_first_known_language_is_taken() {
        assert_eq!(
            Language::from_accept_language("de-DE, es;q=0.9, ru;q=0.5"),
            Some(Language::Es)
        );
        assert_eq!(Language::from_accept_language("de, fr"), None);
    }
}
