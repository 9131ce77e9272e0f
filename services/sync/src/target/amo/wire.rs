//! What amoCRM answers, read as leniently as it is written: empty objects may be lists, numbers texts, lists null.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Failure;

/// The field of Beseda's own by which a deal or contact is known again.
pub(super) const MARK: &str = "BESEDA_ID";
/// The stages that every pipeline has for won and lost deals.
pub(super) const FINAL: [i64; 2] = [142, 143];
/// The type of the stage for unsorted records.
pub(super) const INCOMING: i64 = 1;

/// An answer as it should be.
pub(super) fn parse<T: DeserializeOwned>(answer: Value) -> Result<T, Failure> {
    serde_json::from_value(answer)
        .map_err(|error| Failure::Unknown(format!("an answer without sense: {error}")))
}

/// What a list says of one kind of thing; entries that make no sense are left out.
pub(super) fn listed<T: DeserializeOwned>(answer: Option<&Value>, kind: &str) -> Vec<T> {
    let all = answer.and_then(|answer| answer.get("_embedded")?.get(kind)?.as_array());
    all.map(|all| self::all(all.clone())).unwrap_or_default()
}

/// The same of entries.
pub(super) fn all<T: DeserializeOwned>(entries: Vec<Value>) -> Vec<T> {
    let entries = entries.into_iter();
    entries
        .filter_map(|it| serde_json::from_value(it).ok())
        .collect()
}

/// Is there a page after this one?
pub(super) fn has_next(answer: &Value) -> bool {
    answer
        .get("_links")
        .and_then(|links| links.get("next"))
        .is_some()
}

/// The id of something that was made or listed.
pub(super) fn id(it: &Value) -> Option<i64> {
    let id = it.get("id")?;
    id.as_i64().or_else(|| id.as_str()?.parse().ok())
}

/// The name that a part of a call had in it: a text, a number, or a list of one.
pub(super) fn request_id(it: &Value) -> Option<String> {
    let id = it.get("request_id")?;
    let id = id.as_array().map_or(Some(id), |ids| ids.first())?;
    match id {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// A number, also as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = value.as_str().and_then(|text| text.parse().ok());
    let number = value.as_i64().or(text);
    number.ok_or_else(|| serde::de::Error::custom("not a number"))
}

/// A number, or 0 where there is none.
fn maybe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = value.as_str().and_then(|text| text.parse().ok());
    Ok(value.as_i64().or(text).unwrap_or_default())
}

/// A list, also where it is null or missing.
fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let all = value.as_array().cloned().unwrap_or_default().into_iter();
    Ok(all
        .filter_map(|it| serde_json::from_value(it).ok())
        .collect())
}

/// Lists by kind; empty ones may be a list instead of an object.
fn embedded<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Value>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let object = value.as_object().cloned().unwrap_or_default();
    Ok(object.into_iter().collect())
}

#[derive(Deserialize)]
pub(super) struct Account {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default)]
    pub name: String,
}

#[derive(Deserialize)]
pub(super) struct Pipeline {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default)]
    pub name: String,
    #[serde(default, deserialize_with = "maybe")]
    pub sort: i64,
    #[serde(default)]
    pub is_archive: bool,
    #[serde(default, rename = "_embedded", deserialize_with = "embedded")]
    pub embedded: BTreeMap<String, Value>,
}

impl Pipeline {
    pub fn statuses(&self) -> Vec<Status> {
        lists(&self.embedded, "statuses")
    }
}

#[derive(Deserialize)]
pub(super) struct Status {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default)]
    pub name: String,
    #[serde(default, deserialize_with = "maybe")]
    pub sort: i64,
    #[serde(default, rename = "type", deserialize_with = "maybe")]
    pub kind: i64,
}

#[derive(Deserialize)]
pub(super) struct Field {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default)]
    pub name: String,
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct User {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub rights: Option<Rights>,
}

#[derive(Deserialize)]
pub(super) struct Rights {
    #[serde(default)]
    pub is_active: bool,
}

/// A contact or a deal.
#[derive(Deserialize)]
pub(super) struct Card {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default, deserialize_with = "maybe")]
    pub responsible_user_id: i64,
    #[serde(default, deserialize_with = "maybe")]
    pub pipeline_id: i64,
    #[serde(default, deserialize_with = "maybe")]
    pub status_id: i64,
    #[serde(default, deserialize_with = "maybe")]
    pub updated_at: i64,
    #[serde(default)]
    pub is_deleted: bool,
    #[serde(default, deserialize_with = "list")]
    pub custom_fields_values: Vec<Values>,
    #[serde(default, rename = "_embedded", deserialize_with = "embedded")]
    pub embedded: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct Values {
    #[serde(default)]
    pub field_code: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub values: Vec<Of>,
}

#[derive(Deserialize)]
pub(super) struct Of {
    #[serde(default)]
    pub value: Value,
}

impl Card {
    /// The texts of the field with this code.
    pub fn texts(&self, code: &str) -> impl Iterator<Item = &str> {
        let fields = self.custom_fields_values.iter();
        let own = fields.filter(move |field| field.field_code.as_deref() == Some(code));
        own.flat_map(|field| &field.values)
            .filter_map(|it| it.value.as_str())
    }

    /// Does it carry the mark?
    pub fn is_marked(&self, mark: &str) -> bool {
        self.texts(MARK).any(|text| text == mark)
    }

    pub fn contacts(&self) -> Vec<Linked> {
        lists(&self.embedded, "contacts")
    }

    pub fn leads(&self) -> Vec<Linked> {
        lists(&self.embedded, "leads")
    }
}

/// A card that is linked with another.
#[derive(Deserialize)]
pub(super) struct Linked {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default)]
    pub is_main: bool,
}

#[derive(Deserialize)]
pub(super) struct Task {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub is_completed: bool,
    #[serde(default, deserialize_with = "maybe")]
    pub created_at: i64,
}

#[derive(Deserialize)]
pub(super) struct Note {
    #[serde(default)]
    pub params: Value,
}

/// An unsorted record.
#[derive(Deserialize)]
pub(super) struct Record {
    pub uid: String,
    #[serde(default)]
    pub source_uid: Option<String>,
    #[serde(default, rename = "_embedded", deserialize_with = "embedded")]
    pub embedded: BTreeMap<String, Value>,
}

impl Record {
    /// The deal that it becomes when it is accepted.
    pub fn lead(&self) -> Option<i64> {
        let leads: Vec<Linked> = lists(&self.embedded, "leads");
        leads.first().map(|lead| lead.id)
    }
}

/// What was made of a deal with its contact.
#[derive(Deserialize)]
pub(super) struct Made {
    #[serde(deserialize_with = "number")]
    pub id: i64,
    #[serde(default)]
    pub contact_id: Option<i64>,
}

fn lists<T: DeserializeOwned>(embedded: &BTreeMap<String, Value>, kind: &str) -> Vec<T> {
    let all = embedded.get(kind).and_then(Value::as_array);
    let all = all.into_iter().flatten();
    all.filter_map(|it| serde_json::from_value(it.clone()).ok())
        .collect()
}
