//! What amoCRM takes, field by field.

use serde_json::Value;

use super::{Said, State, problem};

/// What is wrong with a request: a place, and how amoCRM names it. `true`: nobody should ever send it; `false`: what it names is gone.
pub type Wrong = (String, &'static str, bool);

const LEAD: &[&str] = &[
    "name",
    "price",
    "status_id",
    "pipeline_id",
    "created_at",
    "responsible_user_id",
    "custom_fields_values",
    "request_id",
    "_embedded",
];
const CONTACT: &[&str] = &[
    "name",
    "first_name",
    "last_name",
    "responsible_user_id",
    "created_at",
    "custom_fields_values",
    "request_id",
    "_embedded",
];

/// Notes what is wrong and answers it; nothing of the call is done. `curt`: without saying which of its things it is.
pub fn refusal(state: &mut State, path: &str, wrong: &[(String, Vec<Wrong>)]) -> Said {
    for (thing, wrong) in wrong {
        if wrong.iter().any(|(_, _, never)| *never) {
            state.wrong.push(format!("{path}: {wrong:?} in {thing}"));
        }
    }
    match state.is_curt {
        true => problem(400, "Bad Request", &[]),
        false => problem(400, "Bad Request", wrong),
    }
}

/// Only these fields.
pub fn only(it: &Value, known: &[&str], at: &str, wrong: &mut Vec<Wrong>) {
    let Some(object) = it.as_object() else {
        wrong.push((at.to_owned(), "InvalidType", true));
        return;
    };
    for name in object.keys() {
        if !known.contains(&&name[..]) {
            wrong.push((format!("{at}{name}"), "FieldMissing", true));
        }
    }
}

/// A text that is there.
pub fn text(it: &Value, name: &str, longest: usize, wrong: &mut Vec<Wrong>) {
    let is_right = |text: &str| !text.is_empty() && text.chars().count() <= longest;
    if !it[name].as_str().is_some_and(is_right) {
        wrong.push((name.to_owned(), "InvalidValue", true));
    }
}

/// A number that is there.
pub fn number(it: &Value, name: &str, wrong: &mut Vec<Wrong>) {
    if !it[name].is_i64() {
        wrong.push((name.to_owned(), "InvalidType", true));
    }
}

/// Something that is there no more.
fn gone(path: &str) -> Wrong {
    (path.to_owned(), "NotSupportedChoice", false)
}

impl State {
    pub fn user(&self, it: &Value, wrong: &mut Vec<Wrong>) {
        number(it, "responsible_user_id", wrong);
        let id = &it["responsible_user_id"];
        let is_there = |user: &&Value| user["id"] == *id && user["rights"]["is_active"] == true;
        if !self.users.iter().any(|user| is_there(&user)) {
            wrong.push(gone("responsible_user_id"));
        }
    }

    pub fn place(&self, it: &Value, wrong: &mut Vec<Wrong>) {
        number(it, "pipeline_id", wrong);
        number(it, "status_id", wrong);
        let mut pipelines = self.pipelines.iter();
        let Some(pipeline) = pipelines.find(|pipeline| pipeline["id"] == it["pipeline_id"]) else {
            return wrong.push(gone("pipeline_id"));
        };
        let statuses = pipeline["_embedded"]["statuses"].as_array();
        let mut statuses = statuses.into_iter().flatten();
        match statuses.find(|status| status["id"] == it["status_id"]) {
            None => wrong.push(gone("status_id")),
            Some(status) if status["type"] == 1 => {
                wrong.push(("status_id".to_owned(), "NotSupportedChoice", true));
            }
            Some(_) => {}
        }
    }

    /// A field by its code or its id.
    pub fn field_of(&self, kind: &str, field: &Value) -> Option<&Value> {
        let is_it = |known: &&Value| match &field["field_code"] {
            Value::Null => known["id"] == field["field_id"],
            code => known["code"] == *code,
        };
        self.fields[kind].iter().find(is_it)
    }

    /// Values of fields that there are, in the form that their types have.
    pub fn values(&self, it: &Value, kind: &str, wrong: &mut Vec<Wrong>) {
        let names = ["field_id", "field_code", "values"];
        let all = it["custom_fields_values"].as_array();
        for field in all.into_iter().flatten() {
            only(field, &names, "custom_fields_values.", wrong);
            let Some(known) = self.field_of(kind, field) else {
                wrong.push(gone("custom_fields_values.0.field_id"));
                continue;
            };
            for value in field["values"].as_array().into_iter().flatten() {
                of_type(&known["type"], value, wrong);
            }
        }
    }

    fn tags(it: &Value, wrong: &mut Vec<Wrong>) {
        let tags = it["_embedded"]["tags"].as_array();
        for tag in tags.into_iter().flatten() {
            only(tag, &["name"], "_embedded.tags.", wrong);
            text(tag, "name", 255, wrong);
        }
    }

    pub fn contact(&self, it: &Value, wrong: &mut Vec<Wrong>) {
        only(it, CONTACT, "", wrong);
        text(it, "name", 255, wrong);
        self.user(it, wrong);
        self.values(it, "contacts", wrong);
        Self::tags(it, wrong);
    }

    /// A deal; its contacts are looked at by whoever knows whether they may be new.
    pub fn lead(&self, it: &Value, wrong: &mut Vec<Wrong>) {
        only(it, LEAD, "", wrong);
        only(&it["_embedded"], &["tags", "contacts"], "_embedded.", wrong);
        text(it, "name", 255, wrong);
        self.place(it, wrong);
        self.user(it, wrong);
        self.values(it, "leads", wrong);
        Self::tags(it, wrong);
    }
}

fn of_type(kind: &Value, value: &Value, wrong: &mut Vec<Wrong>) {
    let is_many = *kind == "multitext";
    let names: &[&str] = match is_many {
        true => &["value", "enum_code"],
        false => &["value"],
    };
    only(value, names, "custom_fields_values.values.", wrong);
    text(value, "value", 255, wrong);
    if (is_many && value["enum_code"] != "WORK") || !(is_many || *kind == "text") {
        wrong.push((
            "custom_fields_values.0.values".to_owned(),
            "InvalidValue",
            true,
        ));
    }
}
