//! What of a client's cards the client sees: fields that are switched on and not empty, statuses, events.

use serde_json::Value;

use super::settings::{CardKind, Field, Settings, ShownField, ShownStatus, Standard};

/// A value of a field, ready to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Text; several are joined by commas.
    Text(String),
    /// A date: "2026-11-22".
    Date(String),
    /// Yes or no.
    Checked(bool),
    /// An amount in the smallest unit, and its currency.
    Money(i64, String),
}

impl Shown {
    /// A text, if there is any.
    #[must_use]
    pub fn text(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }

    /// Several texts, if there is any.
    pub fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let all: Vec<_> = texts.map(str::trim).filter(|it| !it.is_empty()).collect();
        Self::text(&all.join(", "))
    }
}

/// A value of an event, as crm tells it in JSON: empty where there is nothing to show.
#[must_use]
pub fn event_value(json: &str) -> String {
    match serde_json::from_str::<Value>(json) {
        Ok(Value::String(text)) => text,
        Ok(Value::Number(number)) => number.to_string(),
        Ok(Value::Bool(is)) => if is { "✓" } else { "✗" }.to_owned(),
        Ok(Value::Object(money)) => {
            let minor = money.get("amount_minor").and_then(Value::as_i64);
            let currency = money.get("currency").and_then(Value::as_str);
            minor
                .zip(currency)
                .map(|(minor, currency)| amount(minor, currency))
                .unwrap_or_default()
        }
        Ok(Value::Null | Value::Array(_)) | Err(_) => String::new(),
    }
}

/// An amount for people: "1234.50 RUB".
#[must_use]
pub fn amount(minor: i64, currency: &str) -> String {
    format!("{}.{:02} {currency}", minor / 100, minor.rem_euclid(100))
}

/// The status of an event's stage: `None` where clients see none.
#[must_use]
pub fn status_of<'a>(settings: &'a Settings, json: &str) -> Option<&'a ShownStatus> {
    let stage: String = serde_json::from_str(json).ok()?;
    settings.status(stage.parse().ok()?)
}

/// The field of a deal that an event names, if clients see it.
#[must_use]
pub fn event_field<'a>(settings: &'a Settings, name: &str) -> Option<&'a ShownField> {
    settings.field(CardKind::Deal, &Field::read(CardKind::Deal, name)?)
}

/// Names of the deal's fields that clients see, as crm's events name them.
#[must_use]
pub fn deal_fields(settings: &Settings) -> Vec<String> {
    let of_deal = settings
        .shown_fields
        .iter()
        .filter(|it| it.card == CardKind::Deal);
    of_deal.map(|it| it.field.name()).collect()
}

/// Name of a standard field; empty for the account's own.
#[must_use]
pub fn standard(field: &Field) -> &'static str {
    match field {
        Field::Standard(field) => Standard::name(*field),
        Field::Own(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_an_event_is_shown_as_people_read_it() {
        for (json, text) in [
            ("\"Сделка\"", "Сделка"),
            ("12.5", "12.5"),
            ("true", "✓"),
            (r#"{"amount_minor":123450,"currency":"RUB"}"#, "1234.50 RUB"),
            ("null", ""),
            ("", ""),
            ("[1]", ""),
        ] {
            assert_eq!(event_value(json), text, "{json}");
        }
    }

    #[test]
    fn what_is_empty_is_not_shown_cab_18() {
        assert_eq!(Shown::text("  "), None);
        assert_eq!(Shown::texts(["", " "].into_iter()), None);
        assert_eq!(
            Shown::texts(["a", "", "b"].into_iter()),
            Some(Shown::Text("a, b".to_owned()))
        );
    }
}
