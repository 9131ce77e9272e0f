//! The facts of a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::Parameter;

/// The longest value of a fact, in characters: longer ones are cut.
const MAX_VALUE: usize = 2_000;

/// Into what the client writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A new conversation: the first request, or one after the last was closed.
    New,
    /// A conversation that was closed and is open again.
    Closed,
    /// An open conversation.
    Active,
}

/// A message of a client, as rules see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Request {
    facts: BTreeMap<Parameter, Fact>,
    /// Into what the client writes.
    pub occasion: Occasion,
    /// Is it a group, in which several people write?
    pub group: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    text: String,
    lower: String,
}

impl Request {
    /// A request with these facts. Empty ones are unknown, control characters are left out, long ones are cut to 2,000 characters. The
    /// site is taken from the address of the page where it is not given.
    #[must_use]
    pub fn new(
        facts: impl IntoIterator<Item = (Parameter, String)>,
        occasion: Occasion,
        group: bool,
    ) -> Self {
        let facts = facts.into_iter().map(|(name, text)| (name, clean(&text)));
        let mut known: BTreeMap<Parameter, String> =
            facts.filter(|(_, text)| !text.is_empty()).collect();
        if let Some(site) = known.get(&Parameter::PageUrl).and_then(|url| host(url)) {
            known.entry(Parameter::Site).or_insert(site);
        }
        let fact = |(name, text): (Parameter, String)| {
            let lower = match name {
                Parameter::Site => site(&text),
                _ => text.to_lowercase(),
            };
            (name, Fact { text, lower })
        };
        Self {
            facts: known.into_iter().map(fact).collect(),
            occasion,
            group,
        }
    }

    /// A fact; `None` for one that is not known.
    #[must_use]
    pub fn fact(&self, parameter: Parameter) -> Option<&str> {
        self.facts.get(&parameter).map(|fact| &fact.text[..])
    }

    /// The same in small letters; a site as [`site`] compares it.
    pub(crate) fn lower(&self, parameter: Parameter) -> Option<&str> {
        self.facts.get(&parameter).map(|fact| &fact.lower[..])
    }

    /// All that is known.
    pub fn facts(&self) -> impl Iterator<Item = (Parameter, &str)> {
        self.facts
            .iter()
            .map(|(name, fact)| (*name, &fact.text[..]))
    }
}

fn clean(text: &str) -> String {
    let space = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.trim().chars().map(space).take(MAX_VALUE).collect();
    text.trim_end().to_owned()
}

/// The site of an address.
fn host(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    Some(site(url.host_str()?))
}

/// The name of a site as people write it, in small letters, without "www." before and a dot behind it.
pub(crate) fn site(name: &str) -> String {
    let name = name.to_lowercase();
    let name = name.strip_prefix("www.").unwrap_or(&name);
    let name = name.strip_suffix('.').unwrap_or(name);
    match name.contains("xn--") {
        true => idna::domain_to_unicode(name).0,
        false => name.to_owned(),
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    facts: BTreeMap<Parameter, String>,
    occasion: Occasion,
    #[serde(default)]
    group: bool,
}

impl From<Stored> for Request {
    fn from(stored: Stored) -> Self {
        Self::new(stored.facts, stored.occasion, stored.group)
    }
}

impl From<Request> for Stored {
    fn from(request: Request) -> Self {
        let facts = request.facts.into_iter();
        Self {
            facts: facts.map(|(name, fact)| (name, fact.text)).collect(),
            occasion: request.occasion,
            group: request.group,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(facts: &[(Parameter, &str)]) -> Request {
        let facts = facts.iter().map(|(name, text)| (*name, (*text).to_owned()));
        Request::new(facts, Occasion::New, false)
    }

    #[test]
    fn the_site_comes_from_the_page_unless_it_is_given() {
        let page = (
            Parameter::PageUrl,
            "https://WWW.Okna.example:8443/a?utm_source=x",
        );
        assert_eq!(request(&[page]).fact(Parameter::Site), Some("okna.example"));
        let given = (Parameter::Site, "Other.example");
        assert_eq!(
            request(&[page, given]).fact(Parameter::Site),
            Some("Other.example")
        );
        let cyrillic = (Parameter::PageUrl, "https://www.xn--e1afmkfd.xn--p1ai./a");
        assert_eq!(
            request(&[cyrillic]).fact(Parameter::Site),
            Some("пример.рф")
        );
        let none = (Parameter::PageUrl, "not an address");
        assert_eq!(request(&[none]).fact(Parameter::Site), None);
    }

    #[test]
    fn long_values_are_cut_and_empty_ones_unknown() {
        let campaign = "ё".repeat(10_000);
        let request = request(&[
            (Parameter::UtmCampaign, &campaign),
            (Parameter::Referrer, " \u{7}\n "),
        ]);
        let kept = request.fact(Parameter::UtmCampaign).expect("known");
        assert_eq!(kept.chars().count(), MAX_VALUE);
        assert_eq!(request.fact(Parameter::Referrer), None);
    }
}
