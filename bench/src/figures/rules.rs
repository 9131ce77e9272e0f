//! rules: how many plans one core makes in a second, of 1,000 integrations with 20 conditions each (SYN-18, SYN-31).

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rules::filter::{Condition, Node, Operator, Value};
use rules::{
    Before, Catalogue, Employee, Known, Method, Names, Occasion, Parameter, Pipeline, PipelineRule,
    Request, Settings, Stage, Tag, plan,
};
use types::Language;

use crate::Options;
use crate::report::{Goal, Report};

const INTEGRATIONS: usize = 1_000;
/// Conditions of an integration: half of them in the filter, half on pipelines.
const CONDITIONS: usize = 20;

/// Measures it on this thread; nothing else has to run.
pub fn measure(options: &Options, report: &mut Report) -> Result<()> {
    let (integrations, catalogue, request) = (integrations(), catalogue(), request());
    let taken = integrations
        .iter()
        .filter(|it| planned(it, &request, &catalogue) > 0);
    ensure!(
        taken.count() == INTEGRATIONS,
        "every integration takes the request and has something to do"
    );
    let time = Duration::from_secs(options.seconds);
    let mut rates = Vec::new();
    for _ in 0..options.runs {
        let (begin, mut count) = (Instant::now(), 0_usize);
        while begin.elapsed() < time {
            for integration in &integrations {
                black_box(planned(black_box(integration), &request, &catalogue));
            }
            count += INTEGRATIONS;
        }
        rates.push(count as f64 / begin.elapsed().as_secs_f64() / 1e3);
    }
    let goal = Goal {
        id: "rules",
        floor: "–",
        target: "–",
    };
    report.add(
        goal,
        "plans of 1,000 integrations with 20 conditions, one core",
        "k/s",
        &rates,
    );
    Ok(())
}

/// How many changes an integration plans for a first request.
fn planned(settings: &Settings, request: &Request, catalogue: &Catalogue) -> usize {
    let (known, before) = (Known::default(), Before::default());
    let plan = plan(settings, request, &known, catalogue, before, Language::Ru);
    plan.changes.len()
}

fn condition(parameter: Parameter, operator: Operator, text: &str) -> Node {
    Node::Is(Condition {
        parameter,
        operator,
        values: vec![Value::from(text.to_owned())],
    })
}

/// Every filter is looked at to its end, and the last rule of pipelines is the one that holds.
fn integrations() -> Vec<Settings> {
    let half = CONDITIONS / 2;
    let filter = (0..half).map(|n| {
        let no = condition(
            Parameter::UtmCampaign,
            Operator::Contains,
            &format!("none-{n}"),
        );
        let yes = condition(Parameter::Site, Operator::EndsWith, "example");
        if n % 2 == 0 {
            yes
        } else {
            Node::Any(vec![
                no,
                condition(Parameter::Channel, Operator::Equals, "onlinechat"),
            ])
        }
    });
    let filter = Node::All(filter.collect());
    let rule = |n: usize| PipelineRule {
        condition: condition(
            Parameter::UtmCampaign,
            Operator::Equals,
            &if n + 1 == half {
                "spring".to_owned()
            } else {
                format!("campaign-{n}")
            },
        ),
        pipeline: "p".to_owned(),
        stage: String::new(),
    };
    let settings = |n: usize| Settings {
        name: format!("Integration {n}"),
        enabled: true,
        exclusive: false,
        channels: vec!["onlinechat".to_owned()],
        method: Method::ContactAndDeal,
        filter: Some(filter.clone()),
        tasks: None,
        tags: vec![Tag::Channel, Tag::Site],
        names: Names::default(),
        pipeline: String::new(),
        stage: String::new(),
        pipeline_rules: (0..half).map(rule).collect(),
        responsible: "u".to_owned(),
        fields: Vec::new(),
    };
    (0..INTEGRATIONS).map(settings).collect()
}

fn catalogue() -> Catalogue {
    Catalogue {
        pipelines: vec![Pipeline {
            id: "p".to_owned(),
            name: "Sales".to_owned(),
            stages: vec![Stage {
                id: "s".to_owned(),
                name: "First".to_owned(),
                is_final: false,
            }],
        }],
        fields: Vec::new(),
        employees: vec![Employee {
            id: "u".to_owned(),
            name: "Anna".to_owned(),
            is_active: true,
        }],
    }
}

fn request() -> Request {
    let facts = [
        (Parameter::Channel, "onlinechat"),
        (Parameter::ClientName, "Ivan"),
        (Parameter::ConversationNumber, "1"),
        (Parameter::PageUrl, "https://okna.example/dacha"),
        (Parameter::UtmCampaign, "spring"),
    ];
    let facts = facts.map(|(name, text)| (name, text.to_owned()));
    Request::new(facts, Occasion::New, false)
}
