//! What is asked for, as amoCRM takes it.

use std::time::Duration;

use rules::{FieldText, NewContact, NewDeal, NewTask};
use serde_json::{Value, json};

use super::wire::MARK;
use crate::domain::client::Client;
use crate::domain::run::Run;
use crate::target::Due;

/// The longest text of a field, in characters.
const MAX_TEXT: usize = 255;
/// The longest text of a note, in characters.
const MAX_NOTE: usize = 4_000;
/// «Связаться».
const FOLLOW_UP: i64 = 1;

/// An id of amoCRM's as a number; 0 is nobody's.
fn number(id: &str) -> i64 {
    id.parse().unwrap_or_default()
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// The mark and the additional fields.
fn values(mark: &str, fields: &[FieldText]) -> Vec<Value> {
    let own = json!({"field_code": MARK, "values": [{"value": mark}]});
    let field = |it: &FieldText| json!({"field_id": number(&it.field), "values": [{"value": short(&it.text)}]});
    std::iter::once(own)
        .chain(fields.iter().map(field))
        .collect()
}

/// Telephone number and e-mail.
fn reach(client: &Client) -> impl Iterator<Item = Value> {
    let field = |code: &str, text: &str| {
        (!text.is_empty())
            .then(|| json!({"field_code": code, "values": [{"value": text, "enum_code": "WORK"}]}))
    };
    let both = [field("PHONE", &client.phone), field("EMAIL", &client.email)];
    both.into_iter().flatten()
}

fn tags(tags: &[String]) -> Value {
    tags.iter().map(|tag| json!({"name": tag})).collect()
}

/// A contact.
pub(super) fn contact(client: &Client, it: &NewContact, mark: &str) -> Value {
    let mut fields = values(mark, &it.fields);
    fields.extend(reach(client));
    json!({
        "name": it.name,
        "responsible_user_id": number(&it.responsible),
        "custom_fields_values": fields,
        "_embedded": {"tags": tags(&it.tags)},
    })
}

/// A deal with its contact: a new one, or one that is there.
pub(super) fn lead(it: &NewDeal, mark: &str, contact: &Value) -> Value {
    json!({
        "name": it.name,
        "pipeline_id": number(&it.place.pipeline),
        "status_id": number(&it.place.stage),
        "responsible_user_id": number(&it.responsible),
        "custom_fields_values": values(mark, &it.fields),
        "_embedded": {"tags": tags(&it.tags), "contacts": [contact]},
    })
}

/// The contact of a deal that is there.
pub(super) fn known_contact(id: i64) -> Value {
    json!({"id": id, "is_main": true})
}

/// An unsorted record: of the category «forms», the only one that can be made and is no telephone call.
pub(super) fn record(client: &Client, run: &Run, title: &str, mark: &str, now: i64) -> Value {
    let page = match client.page.is_empty() {
        true => &client.connector,
        false => &client.page,
    };
    let text = match client.message.is_empty() {
        true => run.integration_name.clone(),
        false => format!("{}: {}", run.integration_name, client.message),
    };
    let fields: Vec<Value> = reach(client).collect();
    json!({
        "source_name": run.integration_name,
        "source_uid": mark,
        "created_at": now,
        "metadata": {
            "form_id": run.integration.to_string(),
            "form_name": short(&text),
            "form_page": page,
            "form_sent_at": now,
        },
        "_embedded": {
            "leads": [{"name": title, "custom_fields_values": values(mark, &[])}],
            "contacts": [{"name": name(client, title), "custom_fields_values": fields}],
        },
    })
}

fn name(client: &Client, title: &str) -> String {
    match client.name.is_empty() {
        true => title.to_owned(),
        false => short(&client.name),
    }
}

/// What the note of a conversation says. Its number makes it one of its kind.
pub(super) fn note_text(client: &Client) -> String {
    let mut text = format!("Beseda № {}, {}", client.number, client.connector);
    for line in [&client.page, &client.message] {
        if !line.is_empty() {
            text = format!("{text}\n{line}");
        }
    }
    text.chars().take(MAX_NOTE).collect()
}

/// The note of a conversation in its deal.
pub(super) fn note(lead: i64, text: &str) -> Value {
    json!({"entity_id": lead, "note_type": "common", "params": {"text": text}})
}

/// A task in a deal.
pub(super) fn task(it: &NewTask, lead: i64, due: &Due) -> Value {
    let until = due.message_time + Duration::from_secs(it.term);
    json!({
        "text": it.text,
        "complete_till": until.unix_timestamp(),
        "entity_id": lead,
        "entity_type": "leads",
        "task_type_id": FOLLOW_UP,
        "responsible_user_id": number(&it.responsible),
    })
}
