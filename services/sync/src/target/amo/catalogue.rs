//! What a portal has that settings can name: pipelines, additional fields, employees.

use rules::{Catalogue, Employee, Field, FieldCard, Pipeline, Stage};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::shared::Place;
use super::wire::{self, FINAL, INCOMING, MARK};
use super::{Failure, Portal};

/// How many entries a page has, as amoCRM allows.
const PAGE: usize = 250;
/// How many pages are read.
const PAGES: usize = 40;

/// Under which name amoCRM lists the fields of cards.
const FIELDS: &str = "custom_fields";
/// Where they are.
const CARDS: [(FieldCard, Place); 2] = [
    (
        FieldCard::Contact,
        Place {
            path: "/api/v4/contacts/custom_fields",
            kind: FIELDS,
        },
    ),
    (
        FieldCard::Deal,
        Place {
            path: "/api/v4/leads/custom_fields",
            kind: FIELDS,
        },
    ),
];

impl Portal {
    pub(super) async fn read_catalogue(&self) -> Result<Catalogue, Failure> {
        let mut pipelines: Vec<wire::Pipeline> =
            self.all("/api/v4/leads/pipelines", "pipelines").await?;
        pipelines.retain(|pipeline| !pipeline.is_archive);
        pipelines.sort_by_key(|pipeline| (pipeline.sort, pipeline.id));
        let mut fields = Vec::new();
        for (card, at) in CARDS {
            let all: Vec<wire::Field> = self.all(at.path, at.kind).await?;
            let is_mark = |it: &wire::Field| it.code.as_deref() == Some(MARK);
            if !all.iter().any(is_mark) {
                self.add_mark(at).await?;
            }
            let others = all.into_iter().filter(|it| !is_mark(it));
            fields.extend(others.map(|it| field(card, it)));
        }
        let employees: Vec<wire::User> = self.all("/api/v4/users", "users").await?;
        Ok(Catalogue {
            pipelines: pipelines.into_iter().map(pipeline).collect(),
            fields,
            employees: employees.into_iter().map(employee).collect(),
        })
    }

    /// The field by which cards are known again. Whose answer was lost finds it at the next look.
    async fn add_mark(&self, at: Place) -> Result<(), Failure> {
        let field = json!({"name": "Beseda", "type": "text", "code": MARK, "is_api_only": true});
        match self.add(at, field).await {
            // Another replica was faster.
            Ok(_) | Err(Failure::Refused(_)) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// All pages of a list.
    async fn all<T: DeserializeOwned>(&self, path: &str, kind: &str) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let query = [("limit", PAGE.to_string()), ("page", page.to_string())];
            let Some(answer) = self.get(path, &query).await? else {
                break;
            };
            all.extend(wire::listed(Some(&answer), kind));
            if !wire::has_next(&answer) {
                break;
            }
        }
        Ok(all)
    }
}

fn pipeline(it: wire::Pipeline) -> Pipeline {
    let mut stages = it.statuses();
    // Where unsorted records are no deal can be made.
    stages.retain(|stage| stage.kind != INCOMING);
    stages.sort_by_key(|stage| stage.sort);
    let stage = |it: wire::Status| Stage {
        id: it.id.to_string(),
        is_final: FINAL.contains(&it.id),
        name: it.name,
    };
    Pipeline {
        id: it.id.to_string(),
        stages: stages.into_iter().map(stage).collect(),
        name: it.name,
    }
}

fn field(card: FieldCard, it: wire::Field) -> Field {
    Field {
        id: it.id.to_string(),
        name: it.name,
        card,
        is_text: it.kind == "text",
    }
}

fn employee(it: wire::User) -> Employee {
    Employee {
        id: it.id.to_string(),
        name: it.name,
        is_active: it.rights.is_some_and(|rights| rights.is_active),
    }
}
