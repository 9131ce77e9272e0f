//! A CRM, settings and requests for the tests.

use rules::filter::{Condition, Node, Operator, Value};
use rules::{
    Before, Catalogue, Change, Contact, Employee, Field, FieldCard, Known, Method, Names, Occasion,
    OpenDeal, Parameter, Pipeline, Plan, Request, Settings, Stage, Target, plan,
};
use types::Language;

/// A CRM with two pipelines, two fields and two employees.
pub fn catalogue() -> Catalogue {
    let stage = |id: &str, is_final| Stage {
        id: id.into(),
        name: id.to_uppercase(),
        is_final,
    };
    let pipeline = |id: &str| Pipeline {
        id: id.into(),
        name: format!("Pipeline {id}"),
        stages: vec![
            stage(&format!("{id}-first"), false),
            stage(&format!("{id}-second"), false),
            stage(&format!("{id}-won"), true),
        ],
    };
    let field = |id: &str, card, is_text| Field {
        id: id.into(),
        name: format!("Field {id}"),
        card,
        is_text,
    };
    let employee = |id: &str, is_active| Employee {
        id: id.into(),
        name: format!("Employee {id}"),
        is_active,
    };
    Catalogue {
        pipelines: vec![pipeline("p1"), pipeline("p2")],
        fields: vec![
            field("campaign", FieldCard::Deal, true),
            field("site", FieldCard::Contact, true),
            field("sum", FieldCard::Deal, false),
        ],
        employees: vec![
            employee("gone", false),
            employee("anna", true),
            employee("boris", true),
        ],
    }
}

/// Settings that take everything of the online chat.
pub fn settings(method: Method) -> Settings {
    Settings {
        name: "Site".into(),
        enabled: true,
        exclusive: true,
        channels: vec!["onlinechat".into()],
        method,
        filter: None,
        tasks: None,
        tags: Vec::new(),
        names: Names::default(),
        pipeline: String::new(),
        stage: String::new(),
        pipeline_rules: Vec::new(),
        responsible: "boris".into(),
        fields: Vec::new(),
    }
}

/// A condition.
pub fn is(parameter: Parameter, operator: Operator, values: &[&str]) -> Node {
    let values = values.iter().map(|text| Value::from((*text).to_owned()));
    Node::Is(Condition {
        parameter,
        operator,
        values: values.collect(),
    })
}

/// A request of the online chat with these facts.
pub fn request(occasion: Occasion, facts: &[(Parameter, &str)]) -> Request {
    let facts = facts.iter().map(|(name, text)| (*name, (*text).to_owned()));
    let usual = [
        (Parameter::Channel, "onlinechat".to_owned()),
        (Parameter::ConversationNumber, "7".to_owned()),
    ];
    Request::new(usual.into_iter().chain(facts), occasion, false)
}

/// A client whose contact is Anna's.
pub fn client() -> Known {
    Known {
        contact: Some(Contact {
            id: "c".into(),
            responsible: "anna".into(),
        }),
        ..Known::default()
    }
}

/// The same with an open deal.
pub fn client_with_deal(pipeline: &str) -> Known {
    Known {
        open_deals: vec![OpenDeal {
            id: "d".into(),
            pipeline: pipeline.into(),
        }],
        ..client()
    }
}

/// The plan in the CRM of the tests.
pub fn planned(settings: &Settings, request: &Request, known: &Known) -> Plan {
    let catalogue = catalogue();
    let before = Before::default();
    plan(settings, request, known, &catalogue, before, Language::Ru)
}

/// What is known after a plan was carried out.
pub fn after(known: &Known, plan: &Plan) -> Known {
    let mut known = known.clone();
    for change in &plan.changes {
        match change {
            Change::Contact(contact) => {
                known.contact = Some(Contact {
                    id: "new-contact".into(),
                    responsible: contact.responsible.clone(),
                });
            }
            Change::Deal(deal) => known.open_deals.insert(
                0,
                OpenDeal {
                    id: "new-deal".into(),
                    pipeline: deal.place.pipeline.clone(),
                },
            ),
            Change::Unsorted(_) => known.has_record = true,
            Change::Attach { contact, deal } => {
                let id = |target: &Target, new: &str| match target {
                    Target::New => new.to_owned(),
                    Target::Known(id) => id.clone(),
                };
                if let Some(contact) = contact {
                    known.chat_contact = Some(id(contact, "new-contact"));
                }
                known.chat_card = Some(id(deal, "new-deal"));
            }
            Change::Task(_) => known.open_task = true,
        }
    }
    known
}
