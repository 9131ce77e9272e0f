//! Fields that an account has added to its cards, and what they hold.

use serde_json::{Value as Json, json};
use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime};
use types::FieldId;

use super::ids::Kind;

/// How many fields a kind of card may have.
pub const MAX_FIELDS: usize = 100;
/// How many options a field may have.
pub const MAX_OPTIONS: usize = 100;
/// The longest text, in characters.
pub const MAX_TEXT: usize = 4_000;

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its id.
    pub id: FieldId,
    /// On which cards.
    pub kind: Kind,
    /// What it holds.
    pub type_: Type,
    /// Name.
    pub name: String,
    /// What can be chosen.
    pub options: Vec<String>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A date.
    Date,
    /// One of several options.
    Select,
    /// Yes or no.
    Checkbox,
}

/// What a field of a card holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// A date.
    Date(Date),
    /// The chosen option.
    Option(String),
    /// Yes or no.
    Checked(bool),
}

impl Field {
    /// What is wrong with a value of this field.
    #[must_use]
    pub fn problem(&self, value: &Value) -> Option<String> {
        match (self.type_, value) {
            (Type::Text, Value::Text(_))
            | (Type::Number, Value::Number(_))
            | (Type::Date, Value::Date(_))
            | (Type::Checkbox, Value::Checked(_)) => None,
            (Type::Select, Value::Option(option)) => {
                let known = self.options.contains(option);
                (!known).then(|| format!("has no option \"{option}\" to choose"))
            }
            (type_, _) => Some(format!("has to be {}", type_.asks_for())),
        }
    }

    /// A stored value; `None` for what no version of this program wrote.
    #[must_use]
    pub fn read(type_: Type, json: &Json) -> Option<Value> {
        match type_ {
            Type::Text => json.as_str().map(|text| Value::Text(text.to_owned())),
            Type::Number => json.as_f64().map(Value::Number),
            Type::Date => date(json.as_str()?).map(Value::Date),
            Type::Select => json.as_str().map(|text| Value::Option(text.to_owned())),
            Type::Checkbox => json.as_bool().map(Value::Checked),
        }
    }
}

impl Type {
    fn asks_for(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Date => "a date",
            Self::Select => "an option",
            Self::Checkbox => "checked or not",
        }
    }
}

impl Value {
    /// As it is stored and told.
    #[must_use]
    pub fn json(&self) -> Json {
        match self {
            Self::Text(text) | Self::Option(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Date(date) => json!(date_text(*date)),
            Self::Checked(checked) => json!(checked),
        }
    }
}

/// A date as text: "2026-11-22".
#[must_use]
pub fn date(text: &str) -> Option<Date> {
    Date::parse(text, &Iso8601::DATE).ok()
}

/// The text of a date.
#[must_use]
pub fn date_text(date: Date) -> String {
    date.format(&Iso8601::DATE).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(type_: Type) -> Field {
        Field {
            id: FieldId::generate(),
            kind: Kind::Deal,
            type_,
            name: "Поле".to_owned(),
            options: vec!["да".to_owned()],
            version: 1,
            create_time: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_field_takes_only_what_it_is_for() {
        let day = date("2026-11-22").expect("a date");
        let values = [
            (Type::Text, Value::Text("т".to_owned())),
            (Type::Number, Value::Number(1.5)),
            (Type::Date, Value::Date(day)),
            (Type::Select, Value::Option("да".to_owned())),
            (Type::Checkbox, Value::Checked(true)),
        ];
        for (type_, _) in &values {
            for (of, value) in &values {
                let fits = field(*type_).problem(value).is_none();
                assert_eq!(fits, type_ == of, "{type_:?} {value:?}");
            }
        }
        let unknown = Value::Option("нет".to_owned());
        assert!(field(Type::Select).problem(&unknown).is_some());
    }

    #[test]
    fn a_value_survives_being_stored() {
        let day = date("2026-11-22").expect("a date");
        for (type_, value) in [
            (Type::Text, Value::Text(String::new())),
            (Type::Number, Value::Number(-0.25)),
            (Type::Date, Value::Date(day)),
            (Type::Checkbox, Value::Checked(false)),
        ] {
            assert_eq!(Field::read(type_, &value.json()), Some(value));
        }
        assert_eq!(Field::read(Type::Number, &json!("x")), None);
    }
}
