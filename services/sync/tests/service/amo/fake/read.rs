//! What amoCRM tells.

use serde_json::{Value, json};

use super::{Said, State, problem};

/// What a question is made of.
struct Asked(Vec<(String, String)>);

impl Asked {
    fn all(&self, name: &str) -> Vec<&str> {
        let fit = self.0.iter().filter(|(own, _)| own == name);
        fit.map(|(_, value)| &value[..]).collect()
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    fn ids(&self, name: &str) -> Vec<i64> {
        let all = self.all(name).into_iter();
        all.filter_map(|id| id.parse().ok()).collect()
    }
}

/// What may be asked in a question of a list; `None`: there is no such address.
fn known(path: &str) -> Option<&'static [&'static str]> {
    const PAGE: &[&str] = &["limit", "page"];
    const TASKS: &[&str] = &[
        "limit",
        "page",
        "filter[id][]",
        "filter[entity_type]",
        "filter[entity_id][]",
        "filter[is_completed]",
        "order[created_at]",
    ];
    const RECORDS: &[&str] = &["limit", "page", "filter[category][]", "order[created_at]"];
    const NOTES: &[&str] = &["limit", "page", "filter[note_type][]", "order[updated_at]"];
    Some(match path {
        "/api/v4/account" => &[],
        "/api/v4/users" | "/api/v4/leads/pipelines" => PAGE,
        "/api/v4/contacts/custom_fields" | "/api/v4/leads/custom_fields" => PAGE,
        "/api/v4/contacts" => &["limit", "page", "with", "query", "filter[id][]"],
        "/api/v4/leads" => &["limit", "page", "with", "query", "filter[id][]"],
        "/api/v4/tasks" => TASKS,
        "/api/v4/leads/unsorted" => RECORDS,
        path if path.ends_with("/notes") => NOTES,
        path if path.starts_with("/api/v4/leads/unsorted/") => &[],
        _ => return None,
    })
}

impl State {
    pub fn read(&mut self, path: &str, query: &str) -> Said {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned()));
        let asked = Asked(pairs.collect());
        let Some(known) = known(path) else {
            self.wrong.push(format!("there is no {path}"));
            return problem(404, "Not Found", &[]);
        };
        let is_wrong = |(name, value): &&(String, String)| {
            let is_long = name == "limit" && value.parse::<u32>().is_ok_and(|it| it > 250);
            is_long || !known.contains(&&name[..])
        };
        if let Some((name, value)) = asked.0.iter().find(is_wrong) {
            self.wrong
                .push(format!("{path} does not know {name}={value}"));
            return problem(400, "Bad Request", &[]);
        }
        if asked.one("filter[entity_id][]").is_some() && asked.one("filter[entity_type]").is_none()
        {
            self.wrong
                .push(format!("{path}: entity_id needs entity_type"));
        }
        self.told(path, &asked)
    }

    fn told(&self, path: &str, asked: &Asked) -> Said {
        let list = |kind: &str| self.fields[kind].clone();
        match path {
            "/api/v4/account" => {
                let account =
                    json!({"id": 777, "name": "Окна", "subdomain": "okna", "_embedded": []});
                (200, account)
            }
            "/api/v4/users" => page("users", self.users.clone(), asked),
            "/api/v4/leads/pipelines" => page("pipelines", self.pipelines.clone(), asked),
            "/api/v4/contacts/custom_fields" => page("custom_fields", list("contacts"), asked),
            "/api/v4/leads/custom_fields" => page("custom_fields", list("leads"), asked),
            "/api/v4/contacts" => page("contacts", found(self.contacts.values(), asked), asked),
            "/api/v4/leads" => page("leads", found(self.leads.values(), asked), asked),
            "/api/v4/tasks" => {
                let leads = asked.ids("filter[entity_id][]");
                let lead = |task: &Value| task["entity_id"].as_i64().unwrap_or_default();
                let mut tasks = found(self.tasks.values(), asked);
                tasks.retain(|task| leads.is_empty() || leads.contains(&lead(task)));
                page("tasks", tasks, asked)
            }
            "/api/v4/leads/unsorted" => {
                let all = self.unsorted.values().cloned().collect();
                page("unsorted", all, asked)
            }
            _ => self.one(path),
        }
    }

    fn one(&self, path: &str) -> Said {
        let id = path.rsplit('/').next().unwrap_or_default();
        if let Some(lead) = path.strip_suffix("/notes") {
            let lead = lead.rsplit('/').next().and_then(|id| id.parse().ok());
            let notes = lead.and_then(|lead: i64| self.notes.get(&lead).cloned());
            return page("notes", notes.unwrap_or_default(), &Asked(Vec::new()));
        }
        let found = self.unsorted.get(id);
        found.map_or((204, Value::Null), |it| (200, it.clone()))
    }
}

/// Those with the wanted ids, or with the text somewhere in them.
fn found<'a>(all: impl Iterator<Item = &'a Value>, asked: &Asked) -> Vec<Value> {
    let ids = asked.ids("filter[id][]");
    let wanted = asked.one("query").unwrap_or_default();
    let fits = |it: &&Value| {
        let id = it["id"].as_i64().unwrap_or_default();
        (ids.is_empty() || ids.contains(&id))
            && (wanted.is_empty() || it.to_string().contains(wanted))
    };
    all.filter(fits).cloned().collect()
}

/// A page, of which there are more where there is more; nothing is 204.
fn page(kind: &str, all: Vec<Value>, asked: &Asked) -> Said {
    let number = |name: &str, usual: usize| {
        let given = asked.one(name).and_then(|it| it.parse().ok());
        given.unwrap_or(usual)
    };
    let (size, place) = (number("limit", 50), number("page", 1));
    let rest: Vec<Value> = all.into_iter().skip((place - 1) * size).collect();
    if rest.is_empty() {
        return (204, Value::Null);
    }
    let mut links = json!({"self": {"href": "https://okna.amocrm.ru/"}});
    if rest.len() > size {
        links["next"] = json!({"href": "https://okna.amocrm.ru/"});
    }
    let shown: Vec<Value> = rest.into_iter().take(size).collect();
    let told = json!({"_page": place, "_links": links, "_embedded": {kind: shown}});
    (200, told)
}
