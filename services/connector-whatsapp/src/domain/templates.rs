//! Templates as the business account keeps them, and as they are sent.

use serde_json::{Value, json};

use super::payload::{list, text};

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// WhatsApp does not say.
    Unknown,
    /// Advertising.
    Marketing,
    /// About something the client has ordered or asked for.
    Utility,
    /// Codes.
    Authentication,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name, by which it is sent.
    pub name: String,
    /// Language of its text, as WhatsApp writes it.
    pub language: String,
    /// What it is for.
    pub category: Category,
    /// Its text.
    pub body: String,
    /// Names of the values in its text, in the order in which the values are sent.
    pub parameters: Vec<String>,
    /// Does WhatsApp let it be sent, and can it be sent from here?
    pub is_approved: bool,
}

/// A template of the list; nothing where it has no name, language or text.
#[must_use]
pub fn read(given: &Value) -> Option<Template> {
    let components = list(given, "components");
    let of = |kind: &'static str| move |it: &&Value| text(it, "type").eq_ignore_ascii_case(kind);
    let body = text(components.iter().find(of("BODY"))?, "text");
    let (name, language) = (text(given, "name"), text(given, "language"));
    let fits = !name.is_empty()
        && name.len() <= 200
        && (1..=20).contains(&language.len())
        && body.chars().count() <= 4_096;
    let parameters = parameters(&body);
    let is_sendable = components.iter().all(is_of_body_alone)
        && parameters.len() <= 100
        && parameters.iter().all(|it| it.len() <= 100);
    fits.then(|| Template {
        name,
        language,
        category: category(&text(given, "category")),
        body,
        parameters: if is_sendable { parameters } else { Vec::new() },
        is_approved: is_sendable && text(given, "status").eq_ignore_ascii_case("APPROVED"),
    })
}

fn category(word: &str) -> Category {
    match word {
        "MARKETING" => Category::Marketing,
        "UTILITY" => Category::Utility,
        "AUTHENTICATION" => Category::Authentication,
        _ => Category::Unknown,
    }
}

/// Needs nothing but the body values? Files in the head, and values in head or buttons, are not sent from here.
fn is_of_body_alone(component: &Value) -> bool {
    let kind = text(component, "type").to_ascii_uppercase();
    match &kind[..] {
        "BODY" | "FOOTER" => true,
        "HEADER" => {
            text(component, "format").eq_ignore_ascii_case("TEXT")
                && parameters(&text(component, "text")).is_empty()
        }
        "BUTTONS" => list(component, "buttons").iter().all(|button| {
            let kind = text(button, "type").to_ascii_uppercase();
            matches!(&kind[..], "QUICK_REPLY" | "PHONE_NUMBER" | "URL")
                && parameters(&text(button, "url")).is_empty()
        }),
        _ => false,
    }
}

/// The names between double braces, each once: numbers by their size, as the Cloud API takes the values, other names in the order of
/// the text.
#[must_use]
pub fn parameters(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            break;
        };
        let name = name.trim().to_owned();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = behind;
    }
    let numbers = names.iter().map(|name| name.parse().ok());
    if let Some(numbers) = numbers.collect::<Option<Vec<u32>>>() {
        let mut numbered: Vec<_> = numbers.into_iter().zip(names).collect();
        numbered.sort();
        return numbered.into_iter().map(|(_, name)| name).collect();
    }
    names
}

/// As the Cloud API takes it, with a value for each name.
#[must_use]
pub fn body(name: &str, language: &str, values: &[(String, String)]) -> Value {
    let given = values.iter().map(|(name, value)| {
        let is_counted = name.bytes().all(|c| c.is_ascii_digit());
        match is_counted {
            true => json!({"type": "text", "text": value}),
            false => json!({"type": "text", "parameter_name": name, "text": value}),
        }
    });
    let given: Vec<Value> = given.collect();
    let components = match given.is_empty() {
        true => json!([]),
        false => json!([{"type": "body", "parameters": given}]),
    };
    json!({"name": name, "language": {"code": language}, "components": components})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_in_their_order() {
        assert_eq!(
            parameters("Hi {{ name }}, {{2}} and {{name}} {{"),
            ["name", "2"]
        );
        assert_eq!(
            parameters("Order {{2}} of {{10}} for {{1}}"),
            ["1", "2", "10"]
        );
    }

    #[test]
    fn what_needs_more_than_the_body_is_shown_and_not_sent() {
        let plain = json!({"name": "hello", "language": "ru", "status": "APPROVED", "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Привет, {{1}}"}, {"type": "FOOTER", "text": "-"}]});
        let template = read(&plain).unwrap();
        assert!(template.is_approved);
        assert_eq!(template.parameters, ["1"]);
        let mut with_picture = plain.clone();
        with_picture["components"][1] = json!({"type": "HEADER", "format": "IMAGE"});
        assert!(!read(&with_picture).unwrap().is_approved);
        let mut paused = plain;
        paused["status"] = json!("PAUSED");
        assert!(!read(&paused).unwrap().is_approved);
        assert!(read(&json!({"name": "x"})).is_none());
    }
}
