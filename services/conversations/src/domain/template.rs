//! Templates of messages that are kept at a channel's provider (CHW-25, WA-04).

use serde::{Deserialize, Serialize};

/// The longest value of a parameter, in characters.
pub const LONGEST_VALUE: usize = 1_024;

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// The provider does not say.
    Unknown,
    /// Advertising.
    Marketing,
    /// About something the client has ordered or asked for.
    Utility,
    /// Codes.
    Authentication,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    /// The provider's id of it.
    pub key: String,
    /// Language of its text.
    pub language: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub category: Category,
    /// Its text, with `{{name}}` where a parameter belongs.
    pub body: String,
    /// Names of the parameters, in their order.
    pub parameters: Vec<String>,
    /// Does the provider let it be sent?
    pub approved: bool,
    /// Is sending it paid?
    pub paid: bool,
}

/// What stands in the place of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name of the parameter.
    pub name: String,
    /// What stands there.
    pub value: String,
}

/// A template with what belongs into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// The provider's id of it.
    pub key: String,
    /// Its language.
    pub language: String,
    /// Its name.
    pub name: String,
    /// All of its parameters, in their order.
    pub parameters: Vec<Parameter>,
}

/// Values do not fit a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// A parameter has no value.
    Missing(String),
    /// There is no such parameter, or it has two values.
    Surplus(String),
}

impl Template {
    /// The template with these values.
    ///
    /// # Errors
    /// When not every parameter has exactly one.
    pub fn filled(&self, values: &[Parameter]) -> Result<Filled, Unfit> {
        let mut rest: Vec<&Parameter> = values.iter().collect();
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for name in &self.parameters {
            let place = rest.iter().position(|it| it.name == *name);
            let place = place.ok_or_else(|| Unfit::Missing(name.clone()))?;
            parameters.push(rest.swap_remove(place).clone());
        }
        match rest.first() {
            Some(surplus) => Err(Unfit::Surplus(surplus.name.clone())),
            None => Ok(Filled {
                key: self.key.clone(),
                language: self.language.clone(),
                name: self.name.clone(),
                parameters,
            }),
        }
    }

    /// How it reads.
    #[must_use]
    pub fn text(&self, filled: &Filled) -> String {
        let mut text = String::with_capacity(self.body.len());
        let mut rest = &self.body[..];
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, behind)) = after.split_once("}}") else {
                break;
            };
            text.push_str(before);
            let value = filled.parameters.iter().find(|it| it.name == name.trim());
            match value {
                Some(value) => text.push_str(&value.value),
                None => text.push_str(&rest[before.len()..rest.len() - behind.len()]),
            }
            rest = behind;
        }
        text + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(body: &str, parameters: &[&str]) -> Template {
        Template {
            key: "hello".to_owned(),
            language: "ru".to_owned(),
            name: "hello".to_owned(),
            category: Category::Utility,
            body: body.to_owned(),
            parameters: parameters.iter().map(|it| (*it).to_owned()).collect(),
            approved: true,
            paid: true,
        }
    }

    fn value(name: &str, value: &str) -> Parameter {
        Parameter {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn each_parameter_has_one_value() {
        let hello = template("{{name}}, {{ 2 }}: {{name}}! {{other}} {{", &["name", "2"]);
        let filled = hello.filled(&[value("2", "{{name}}"), value("name", "Анна")]);
        let filled = filled.unwrap();
        assert_eq!(filled.parameters[0], value("name", "Анна"));
        assert_eq!(hello.text(&filled), "Анна, {{name}}: Анна! {{other}} {{");
        let missing = hello.filled(&[value("name", "Анна")]);
        assert_eq!(missing, Err(Unfit::Missing("2".to_owned())));
        let twice = [value("2", "x"), value("2", "y"), value("name", "z")];
        assert_eq!(hello.filled(&twice), Err(Unfit::Surplus("2".to_owned())));
    }

    proptest! {
        /// Nothing of a text without parameters is lost or changed.
        #[test]
        fn a_text_without_parameters_stays_as_it_is(body in "[a-z{} ]{0,30}") {
            let plain = template(&body, &[]);
            prop_assert_eq!(plain.text(&plain.filled(&[]).unwrap()), body);
        }
    }
}
