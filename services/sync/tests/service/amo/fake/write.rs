//! What amoCRM makes.

use serde_json::{Value, json};

use super::check::{Wrong, number, only, refusal, text};
use super::{Said, State, problem};

impl State {
    pub fn write(&mut self, path: &str, body: &[u8]) -> Said {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some([it]) = body.as_array().map(Vec::as_slice) else {
            self.wrong.push(format!("{path}: {body}"));
            return problem(400, "Bad Request", &[]);
        };
        let it = it.clone();
        let lead = path.strip_prefix("/api/v4/leads/");
        let lead = lead.and_then(|rest| rest.strip_suffix("/notes"));
        match path {
            "/api/v4/leads/complex" => self.complex(path, &it),
            "/api/v4/leads" => self.plain_lead(path, &it),
            "/api/v4/contacts" => self.plain_contact(path, &it),
            "/api/v4/leads/unsorted/forms" => self.form(path, &it),
            "/api/v4/tasks" => self.task(path, &it),
            "/api/v4/contacts/custom_fields" => self.field(path, "contacts", &it),
            "/api/v4/leads/custom_fields" => self.field(path, "leads", &it),
            _ => match lead.and_then(|lead| lead.parse().ok()) {
                Some(lead) => self.note(path, lead, &it),
                None => {
                    self.wrong.push(format!("there is no {path}"));
                    problem(404, "Not Found", &[])
                }
            },
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

    fn complex(&mut self, path: &str, it: &Value) -> Said {
        let mut wrong = Vec::new();
        self.lead(it, &mut wrong);
        let contacts = it["_embedded"]["contacts"].as_array().cloned();
        let contacts = contacts.unwrap_or_default();
        match &contacts[..] {
            [contact] => self.contact(contact, &mut wrong),
            _ => wrong.push(("_embedded.contacts".to_owned(), "InvalidCount", true)),
        }
        if !wrong.is_empty() {
            return refusal(self, path, it, &wrong);
        }
        let contact = self.keep_contact(&contacts[0]);
        let lead = self.keep_lead(it, Some(contact));
        let made = json!([{
            "id": lead,
            "contact_id": contact,
            "company_id": null,
            "request_id": [it["request_id"]],
            "merged": false,
        }]);
        (200, made)
    }

    fn plain_lead(&mut self, path: &str, it: &Value) -> Said {
        let mut wrong = Vec::new();
        self.lead(it, &mut wrong);
        let contacts = it["_embedded"]["contacts"].as_array().cloned();
        let contacts = contacts.unwrap_or_default();
        for contact in &contacts {
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
        if !wrong.is_empty() {
            return refusal(self, path, it, &wrong);
        }
        let contact = contacts.first().and_then(|contact| contact["id"].as_i64());
        let lead = self.keep_lead(it, contact);
        let made = json!({"id": lead, "request_id": it["request_id"]});
        (200, json!({"_embedded": {"leads": [made]}}))
    }

    fn plain_contact(&mut self, path: &str, it: &Value) -> Said {
        let mut wrong = Vec::new();
        self.contact(it, &mut wrong);
        if !wrong.is_empty() {
            return refusal(self, path, it, &wrong);
        }
        let contact = self.keep_contact(it);
        let made = json!({"id": contact, "request_id": "0"});
        (200, json!({"_embedded": {"contacts": [made]}}))
    }

    fn form(&mut self, path: &str, it: &Value) -> Said {
        let wrong = self.form_problems(it);
        if !wrong.is_empty() {
            return refusal(self, path, it, &wrong);
        }
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
        (200, json!({"_embedded": {"unsorted": [made]}}))
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

    fn task(&mut self, path: &str, it: &Value) -> Said {
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
        let lead = it["entity_id"].as_i64().unwrap_or_default();
        if !self.leads.contains_key(&lead) {
            wrong.push(("entity_id".to_owned(), "NotSupportedChoice", false));
        }
        if !wrong.is_empty() {
            return refusal(self, path, it, &wrong);
        }
        let id = self.next_id();
        let mut stored = it.clone();
        stored["id"] = json!(id);
        stored["is_completed"] = json!(false);
        stored["created_at"] = json!(types::Clock::system().now().unix_timestamp());
        self.tasks.insert(id, stored);
        let made = json!({"id": id, "request_id": it["request_id"]});
        (200, json!({"_embedded": {"tasks": [made]}}))
    }

    fn note(&mut self, path: &str, lead: i64, it: &Value) -> Said {
        let mut wrong = Vec::new();
        only(it, &["note_type", "params", "request_id"], "", &mut wrong);
        only(&it["params"], &["text"], "params.", &mut wrong);
        text(&it["params"], "text", 20_000, &mut wrong);
        if it["note_type"] != "common" {
            wrong.push(("note_type".to_owned(), "NotSupportedChoice", true));
        }
        if !wrong.is_empty() {
            return refusal(self, path, it, &wrong);
        }
        if !self.leads.contains_key(&lead) {
            return problem(404, "Not Found", &[]);
        }
        let id = self.next_id();
        let mut stored = it.clone();
        stored["id"] = json!(id);
        self.notes.entry(lead).or_default().push(stored);
        let made = json!({"id": id, "entity_id": lead, "request_id": "0"});
        (200, json!({"_embedded": {"notes": [made]}}))
    }

    fn field(&mut self, path: &str, kind: &'static str, it: &Value) -> Said {
        let mut wrong = Vec::new();
        let known = ["name", "type", "code", "is_api_only", "sort"];
        only(it, &known, "", &mut wrong);
        text(it, "name", 255, &mut wrong);
        let mut fields = self.fields[kind].iter();
        if fields.any(|known| known["code"] == it["code"]) {
            wrong.push(("code".to_owned(), "NotUnique", false));
        }
        if !wrong.is_empty() {
            return refusal(self, path, it, &wrong);
        }
        let mut stored = it.clone();
        stored["id"] = json!(self.next_id());
        let fields = self.fields.get_mut(kind).expect("a kind");
        fields.push(stored.clone());
        (200, json!({"_embedded": {"custom_fields": [stored]}}))
    }
}
