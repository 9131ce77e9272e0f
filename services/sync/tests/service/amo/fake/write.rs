//! What amoCRM makes.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::check::{Wrong, number, only, refusal, text};
use super::{Said, State, THINGS, problem};

impl State {
    /// Makes all things of a call, or none of them.
    pub fn write(&mut self, path: &str, body: &[u8], now: OffsetDateTime) -> Said {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let things = body.as_array().cloned().unwrap_or_default();
        let kind = match path {
            "/api/v4/leads/complex" | "/api/v4/leads" => "leads",
            "/api/v4/contacts" => "contacts",
            "/api/v4/leads/unsorted/forms" => "unsorted",
            "/api/v4/tasks" => "tasks",
            "/api/v4/leads/notes" => "notes",
            "/api/v4/contacts/custom_fields" | "/api/v4/leads/custom_fields" => "custom_fields",
            _ => "",
        };
        if kind.is_empty() || !(1..=THINGS).contains(&things.len()) {
            self.wrong.push(format!("{path}: {body}"));
            return problem(404, "Not Found", &[]);
        }
        let named = things.iter().enumerate().map(|(place, it)| {
            let name = it["request_id"].as_str().map(str::to_owned);
            (
                name.unwrap_or_else(|| place.to_string()),
                self.problems(path, it),
            )
        });
        let wrong: Vec<_> = named.filter(|(_, wrong)| !wrong.is_empty()).collect();
        if !wrong.is_empty() {
            return refusal(self, path, &wrong);
        }
        // The answers do not keep the order.
        let made = things.iter().rev().map(|it| self.make(path, it, now));
        let made: Vec<Value> = made.collect();
        match path {
            "/api/v4/leads/complex" => (200, Value::Array(made)),
            _ => (200, json!({"_embedded": {kind: made}})),
        }
    }

    /// What is wrong with a thing.
    fn problems(&self, path: &str, it: &Value) -> Vec<Wrong> {
        let mut wrong = match path {
            "/api/v4/leads/complex" => self.complex_problems(it),
            "/api/v4/leads" => self.lead_problems(it),
            "/api/v4/contacts" => {
                let mut wrong = Vec::new();
                self.contact(it, &mut wrong);
                wrong
            }
            "/api/v4/leads/unsorted/forms" => self.form_problems(it),
            "/api/v4/tasks" => self.task_problems(it),
            "/api/v4/leads/notes" => self.note_problems(it),
            "/api/v4/contacts/custom_fields" => self.field_problems("contacts", it),
            _ => self.field_problems("leads", it),
        };
        let unwanted = self
            .unwanted
            .is_some_and(|name| it.to_string().contains(name));
        if unwanted {
            wrong.push(("name".to_owned(), "NotAllowed", false));
        }
        wrong
    }

    fn make(&mut self, path: &str, it: &Value, now: OffsetDateTime) -> Value {
        match path {
            "/api/v4/leads/complex" => self.complex(it),
            "/api/v4/leads" => self.plain_lead(it),
            "/api/v4/contacts" => {
                let contact = self.keep_contact(it);
                json!({"id": contact, "request_id": it["request_id"]})
            }
            "/api/v4/leads/unsorted/forms" => self.form(it),
            "/api/v4/tasks" => self.task(it, now),
            "/api/v4/leads/notes" => self.note(it),
            "/api/v4/contacts/custom_fields" => self.field("contacts", it),
            _ => self.field("leads", it),
        }
    }

    fn keep_contact(&mut self, it: &Value) -> i64 {
        let id = self.next_id();
        let stored = json!({
            "id": id,
            "name": it["name"],
            "responsible_user_id": it["responsible_user_id"],
            "custom_fields_values": self.named(it, "contacts"),
            "_embedded": {"tags": it["_embedded"]["tags"], "leads": []},
        });
        self.contacts.insert(id, stored);
        id
    }

    fn keep_lead(&mut self, it: &Value, contact: Option<i64>) -> i64 {
        let id = self.next_id();
        let contacts = contact.iter();
        let contacts: Vec<Value> = contacts
            .map(|id| json!({"id": id, "is_main": true}))
            .collect();
        let stored = json!({
            "id": id,
            "name": it["name"],
            "responsible_user_id": it["responsible_user_id"],
            "pipeline_id": it["pipeline_id"],
            "status_id": it["status_id"],
            "updated_at": id,
            "custom_fields_values": self.named(it, "leads"),
            "_embedded": {"tags": it["_embedded"]["tags"], "contacts": contacts},
        });
        self.leads.insert(id, stored);
        if let Some(contact) = contact.and_then(|id| self.contacts.get_mut(&id)) {
            let leads = &mut contact["_embedded"]["leads"];
            leads
                .as_array_mut()
                .expect("a list")
                .push(json!({"id": id}));
        }
        id
    }

    /// Values with code and id of their fields, as amoCRM gives them back.
    fn named(&self, it: &Value, kind: &str) -> Value {
        let fields = it["custom_fields_values"].as_array().into_iter().flatten();
        let named = fields.filter_map(|field| {
            let known = self.field_of(kind, field)?;
            Some(json!({
                "field_id": known["id"],
                "field_code": known["code"],
                "field_name": known["name"],
                "values": field["values"],
            }))
        });
        let named: Vec<Value> = named.collect();
        // Nothing is null, not an empty list.
        match named.is_empty() {
            true => Value::Null,
            false => Value::Array(named),
        }
    }

    fn complex_problems(&self, it: &Value) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        self.lead(it, &mut wrong);
        match it["_embedded"]["contacts"].as_array().map(Vec::as_slice) {
            Some([contact]) => self.contact(contact, &mut wrong),
            _ => wrong.push(("_embedded.contacts".to_owned(), "InvalidCount", true)),
        }
        wrong
    }

    fn complex(&mut self, it: &Value) -> Value {
        let contact = self.keep_contact(&it["_embedded"]["contacts"][0]);
        let lead = self.keep_lead(it, Some(contact));
        json!({
            "id": lead,
            "contact_id": contact,
            "company_id": null,
            "request_id": [it["request_id"]],
            "merged": false,
        })
    }

    fn lead_problems(&self, it: &Value) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        self.lead(it, &mut wrong);
        let contacts = it["_embedded"]["contacts"].as_array();
        for contact in contacts.into_iter().flatten() {
            only(
                contact,
                &["id", "is_main"],
                "_embedded.contacts.",
                &mut wrong,
            );
            let id = contact["id"].as_i64().unwrap_or_default();
            if !self.contacts.contains_key(&id) {
                let path = "_embedded.contacts.0.id".to_owned();
                wrong.push((path, "NotSupportedChoice", false));
            }
        }
        wrong
    }

    fn plain_lead(&mut self, it: &Value) -> Value {
        let contact = it["_embedded"]["contacts"][0]["id"].as_i64();
        let lead = self.keep_lead(it, contact);
        json!({"id": lead, "request_id": it["request_id"]})
    }

    fn form(&mut self, it: &Value) -> Value {
        let uid = format!("uid{}", self.next_id());
        // The deal is there only when the record is accepted; its id is known before.
        let (lead, contact) = (self.next_id(), self.next_id());
        let embedded = json!({"leads": [{"id": lead}], "contacts": [{"id": contact}]});
        let record = json!({
            "uid": uid,
            "source_uid": it["source_uid"],
            "source_name": it["source_name"],
            "category": "forms",
            "metadata": it["metadata"],
            "lead": it["_embedded"]["leads"][0],
            "contact": it["_embedded"]["contacts"][0],
            "_embedded": embedded,
        });
        let made = json!({"uid": uid, "request_id": it["request_id"], "_embedded": embedded});
        self.unsorted.insert(uid, record);
        made
    }

    fn form_problems(&self, it: &Value) -> Vec<Wrong> {
        const RECORD: [&str; 7] = [
            "request_id",
            "source_name",
            "source_uid",
            "pipeline_id",
            "created_at",
            "metadata",
            "_embedded",
        ];
        const ABOUT: [&str; 6] = [
            "form_id",
            "form_name",
            "form_page",
            "form_sent_at",
            "ip",
            "referer",
        ];
        let mut wrong: Vec<Wrong> = Vec::new();
        only(it, &RECORD, "", &mut wrong);
        text(it, "source_name", 255, &mut wrong);
        text(it, "source_uid", 255, &mut wrong);
        only(&it["metadata"], &ABOUT, "metadata.", &mut wrong);
        for name in ["form_id", "form_name", "form_page"] {
            text(&it["metadata"], name, 2_000, &mut wrong);
        }
        number(&it["metadata"], "form_sent_at", &mut wrong);
        let embedded = &it["_embedded"];
        only(embedded, &["leads", "contacts"], "_embedded.", &mut wrong);
        let (lead, contact) = (&embedded["leads"][0], &embedded["contacts"][0]);
        let card = ["name", "custom_fields_values"];
        for (card_of, kind) in [(lead, "leads"), (contact, "contacts")] {
            only(card_of, &card, "_embedded.", &mut wrong);
            text(card_of, "name", 255, &mut wrong);
            self.values(card_of, kind, &mut wrong);
        }
        wrong
    }

    /// An employee accepts an unsorted record: its deal is there from now on.
    pub fn accept(&mut self, uid: &str) {
        let record = self.unsorted.remove(uid).expect("a record");
        let id = |kind: &str| record["_embedded"][kind][0]["id"].as_i64().expect("an id");
        let (lead, contact) = (id("leads"), id("contacts"));
        let of_lead = json!({
            "id": lead,
            "name": record["lead"]["name"],
            "pipeline_id": 1,
            "status_id": 11,
            "responsible_user_id": 501,
            "custom_fields_values": self.named(&record["lead"], "leads"),
            "_embedded": {"contacts": [{"id": contact, "is_main": true}]},
        });
        let of_contact = json!({
            "id": contact,
            "name": record["contact"]["name"],
            "responsible_user_id": 502,
            "custom_fields_values": self.named(&record["contact"], "contacts"),
            "_embedded": {"leads": [{"id": lead}]},
        });
        self.leads.insert(lead, of_lead);
        self.contacts.insert(contact, of_contact);
    }

    fn task_problems(&self, it: &Value) -> Vec<Wrong> {
        const TASK: [&str; 7] = [
            "text",
            "complete_till",
            "entity_id",
            "entity_type",
            "task_type_id",
            "responsible_user_id",
            "request_id",
        ];
        let mut wrong = Vec::new();
        only(it, &TASK, "", &mut wrong);
        text(it, "text", 10_000, &mut wrong);
        number(it, "complete_till", &mut wrong);
        self.user(it, &mut wrong);
        let is_kind = [json!(1), json!(2)].contains(&it["task_type_id"]);
        if it["entity_type"] != "leads" || !is_kind {
            wrong.push(("entity_type".to_owned(), "NotSupportedChoice", true));
        }
        self.is_in_lead(it, &mut wrong);
        wrong
    }

    fn is_in_lead(&self, it: &Value, wrong: &mut Vec<Wrong>) {
        let lead = it["entity_id"].as_i64().unwrap_or_default();
        if !self.leads.contains_key(&lead) {
            wrong.push(("entity_id".to_owned(), "NotSupportedChoice", false));
        }
    }

    fn task(&mut self, it: &Value, now: OffsetDateTime) -> Value {
        let id = self.next_id();
        let mut stored = it.clone();
        stored["id"] = json!(id);
        stored["is_completed"] = json!(false);
        stored["created_at"] = json!(now.unix_timestamp());
        self.tasks.insert(id, stored);
        json!({"id": id, "request_id": it["request_id"]})
    }

    fn note_problems(&self, it: &Value) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let known = ["entity_id", "note_type", "params", "request_id"];
        only(it, &known, "", &mut wrong);
        only(&it["params"], &["text"], "params.", &mut wrong);
        text(&it["params"], "text", 20_000, &mut wrong);
        if it["note_type"] != "common" {
            wrong.push(("note_type".to_owned(), "NotSupportedChoice", true));
        }
        self.is_in_lead(it, &mut wrong);
        wrong
    }

    fn note(&mut self, it: &Value) -> Value {
        let id = self.next_id();
        let mut stored = it.clone();
        stored["id"] = json!(id);
        let lead = it["entity_id"].as_i64().unwrap_or_default();
        self.notes.entry(lead).or_default().push(stored);
        json!({"id": id, "entity_id": lead, "request_id": it["request_id"]})
    }

    fn field_problems(&self, kind: &str, it: &Value) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let known = ["name", "type", "code", "is_api_only", "sort", "request_id"];
        only(it, &known, "", &mut wrong);
        text(it, "name", 255, &mut wrong);
        let mut fields = self.fields[kind].iter();
        if fields.any(|known| known["code"] == it["code"]) {
            wrong.push(("code".to_owned(), "NotUnique", false));
        }
        wrong
    }

    fn field(&mut self, kind: &'static str, it: &Value) -> Value {
        let mut stored = it.clone();
        stored["id"] = json!(self.next_id());
        let fields = self.fields.get_mut(kind).expect("a kind");
        fields.push(stored.clone());
        stored
    }
}
