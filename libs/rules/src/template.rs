//! Templates of names: text with parameters of the request (SYN-23 … SYN-26).
//!
//! `{{client_name}}` is replaced by the fact; `{{client_name|Client}}` by "Client" while the fact is unknown. What a fact says is never
//! read as a template again.

use serde::{Deserialize, Serialize};

use crate::Parameter;
use crate::engine::View;

/// The longest template, in characters.
pub const MAX_TEMPLATE: usize = 500;

/// A template that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Fact(Parameter, String),
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Longer than it may be.
    #[error("must be at most {MAX_TEMPLATE} characters")]
    TooLong,
    /// Nothing but white space.
    #[error("must not be blank")]
    Blank,
    /// It has a character that is no text.
    #[error("must have no control characters")]
    Control,
    /// It names what no request has.
    #[error("names the parameter \"{0}\", which there is not: see ListParameters")]
    Unknown(String),
    /// The braces at this character are never closed.
    #[error("opens braces at character {0} and does not close them")]
    Open(usize),
}

impl TryFrom<String> for Template {
    type Error = Problem;

    fn try_from(source: String) -> Result<Self, Problem> {
        if source.chars().count() > MAX_TEMPLATE {
            return Err(Problem::TooLong);
        }
        if source.trim().is_empty() {
            return Err(Problem::Blank);
        }
        if source.contains(|c: char| c.is_control() && c != '\n') {
            return Err(Problem::Control);
        }
        let parts = parse(&source)?;
        Ok(Self { source, parts })
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.source
    }
}

fn parse(source: &str) -> Result<Vec<Part>, Problem> {
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((text, inside)) = rest.split_once("{{") {
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        let at = source.len() - inside.len() - "{{".len();
        let open = || Problem::Open(source[..at].chars().count() + 1);
        let (named, after) = inside.split_once("}}").ok_or_else(open)?;
        let (name, instead) = named.split_once('|').unwrap_or((named, ""));
        let name = name.trim();
        let parameter = Parameter::of_name(name);
        let parameter = parameter.ok_or_else(|| Problem::Unknown(shortened(name)))?;
        parts.push(Part::Fact(parameter, instead.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn shortened(name: &str) -> String {
    name.chars().take(50).collect()
}

impl Template {
    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The name, at most `limit` characters, with white space made single; empty where nothing in it is known.
    pub(crate) fn render(&self, view: &View<'_>, limit: usize) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Fact(parameter, instead) => match view.fact(*parameter) {
                    Some(fact) => text.push_str(&fact),
                    None => text.push_str(instead),
                },
            }
        }
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let name: String = words.join(" ").chars().take(limit).collect();
        name.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(source: &str) -> Problem {
        Template::try_from(source.to_owned()).expect_err("wrong")
    }

    #[test]
    fn wrong_templates_say_what_is_wrong() {
        assert_eq!(
            problem("a {{klient}}"),
            Problem::Unknown("klient".to_owned())
        );
        assert_eq!(problem("ёж {{client_name"), Problem::Open(4));
        assert_eq!(problem("{{}}"), Problem::Unknown(String::new()));
        assert_eq!(problem("  "), Problem::Blank);
        assert_eq!(problem(&"a".repeat(501)), Problem::TooLong);
    }

    #[test]
    fn braces_that_are_no_parameter_are_text() {
        for source in ["a {b} c", "}} {", "{ {client_name}", "100%"] {
            let template = Template::try_from(source.to_owned()).expect("fits");
            assert_eq!(template.parts, vec![Part::Text(source.to_owned())]);
        }
    }
}
