//! Laws that hold for all settings, requests and states.

use proptest::prelude::*;
use rules::filter::{Condition, MAX_DEPTH, MAX_NODES, Node, Operator, Problem, Value};
use rules::template::Template;
use rules::{
    Assignment, Known, Method, Occasion, OpenDeal, Parameter, PipelineRule, Plan, Request,
    Settings, Tasks,
};

use crate::world::{after, client, planned, request, settings};

const FACTS: [Parameter; 4] = [
    Parameter::Site,
    Parameter::UtmCampaign,
    Parameter::Referrer,
    Parameter::RequestKind,
];

fn condition() -> impl Strategy<Value = Node> {
    let values = prop::collection::vec("[ab]{1,2}", 1..3);
    (0..FACTS.len(), 0..Operator::ALL.len(), values).prop_map(|(fact, operator, values)| {
        let operator = Operator::ALL[operator];
        let values = values.into_iter().map(Value::from);
        Node::Is(Condition {
            parameter: FACTS[fact],
            operator,
            values: if operator.takes_values() {
                values.collect()
            } else {
                Vec::new()
            },
        })
    })
}

fn tree() -> impl Strategy<Value = Node> {
    condition().prop_recursive(4, 24, 4, |inner| {
        let nodes = prop::collection::vec(inner, 1..4);
        prop_oneof![nodes.clone().prop_map(Node::All), nodes.prop_map(Node::Any)]
    })
}

prop_compose! {
    fn any_request()(
        occasion in prop_oneof![Just(Occasion::New), Just(Occasion::Closed), Just(Occasion::Active)],
        facts in prop::collection::vec((0..3usize, "[aAbB]{0,3}"), 0..4),
    ) -> Request {
        let facts: Vec<_> = facts.iter().map(|(fact, text)| (FACTS[*fact], &text[..])).collect();
        request(occasion, &facts)
    }
}

prop_compose! {
    fn any_known()(
        is_known in any::<bool>(),
        deals in prop::collection::vec(prop_oneof![Just("p1"), Just("p2"), Just("p3")], 0..3),
        open_task in any::<bool>(),
        conducted in prop_oneof![Just(None), Just(Some("d0")), Just(Some("else")), Just(Some("cust_1"))],
        record in any::<bool>(),
    ) -> Known {
        let mut known = if is_known { client() } else { Known::default() };
        let deals = deals.into_iter().enumerate().filter(|_| is_known);
        known.open_deals = deals
            .map(|(place, pipeline)| OpenDeal { id: format!("d{place}"), pipeline: pipeline.into() })
            .collect();
        known.open_task = open_task && is_known;
        known.chat_card = conducted.map(Into::into);
        known.record_deal = record.then(|| "accepted".into());
        known
    }
}

prop_compose! {
    fn any_settings()(
        cards in any::<bool>(),
        filter in prop::option::of(tree()),
        tasks in prop::option::of(any::<bool>()),
        rules in prop::collection::vec((tree(), prop_oneof![Just("p1"), Just("p2"), Just("gone")]), 0..3),
        responsible in prop_oneof![Just("anna"), Just("gone"), Just("")],
    ) -> Settings {
        let method = if cards { Method::ContactAndDeal } else { Method::Unsorted };
        let rule = |(condition, pipeline): (Node, &str)| PipelineRule {
            condition,
            pipeline: pipeline.into(),
            stage: String::new(),
        };
        Settings {
            filter,
            tasks: tasks.map(|of_contact| Tasks {
                term: 60,
                assignment: if of_contact { Assignment::FromContact } else { Assignment::FromSettings },
            }),
            pipeline_rules: rules.into_iter().map(rule).collect(),
            responsible: responsible.into(),
            ..settings(method)
        }
    }
}

fn takes(filter: Node, request: &Request, known: &Known) -> bool {
    let mut settings = settings(Method::ContactAndDeal);
    settings.filter = Some(filter);
    planned(&settings, request, known).takes
}

proptest! {
    #[test]
    fn equal_arguments_give_equal_plans(settings in any_settings(), request in any_request(), known in any_known()) {
        let first = planned(&settings, &request, &known);
        prop_assert_eq!(&first, &planned(&settings, &request, &known));
        // Nor does it matter that they were stored meanwhile.
        let stored = serde_json::to_string(&(&settings, &request, &known)).expect("stored");
        let (settings, request, known): (Settings, Request, Known) = serde_json::from_str(&stored).expect("read");
        prop_assert_eq!(&first, &planned(&settings, &request, &known));
        let stored = serde_json::to_string(&first).expect("stored");
        prop_assert_eq!(first, serde_json::from_str::<Plan>(&stored).expect("read"));
    }

    #[test]
    fn a_plan_for_the_state_after_a_plan_is_empty(settings in any_settings(), request in any_request(), known in any_known()) {
        let first = planned(&settings, &request, &known);
        // Who is known after the plan may be treated otherwise: the law is about the same filter outcome.
        let then = after(&known, &first);
        let second = planned(&settings, &request, &then);
        let by_kind = known.contact.is_none() && then.contact.is_some();
        if !by_kind || !names_kind(&settings) {
            prop_assert!(second.changes.is_empty(), "{:#?}\n{:#?}", first, second);
        }
    }

    #[test]
    fn no_task_is_made_while_one_is_open(settings in any_settings(), request in any_request(), known in any_known()) {
        let known = Known { open_task: true, ..known };
        prop_assert!(planned(&settings, &request, &known).task().is_none());
    }

    #[test]
    fn a_request_that_is_not_taken_changes_nothing(settings in any_settings(), request in any_request(), known in any_known()) {
        let plan = planned(&settings, &request, &known);
        prop_assert!(plan.takes || plan.changes.is_empty());
        prop_assert!(!plan.decisions.is_empty());
    }

    #[test]
    fn and_needs_all_and_or_needs_one(a in tree(), b in tree(), request in any_request(), known in any_known()) {
        let (one, other) = (takes(a.clone(), &request, &known), takes(b.clone(), &request, &known));
        let all = |nodes: Vec<Node>| takes(Node::All(nodes), &request, &known);
        let any = |nodes: Vec<Node>| takes(Node::Any(nodes), &request, &known);
        prop_assert_eq!(all(vec![a.clone(), b.clone()]), one && other);
        prop_assert_eq!(any(vec![a.clone(), b.clone()]), one || other);
        prop_assert_eq!(all(vec![b.clone(), a.clone()]), one && other);
        prop_assert_eq!(any(vec![b, a.clone()]), one || other);
        // With one condition both buttons mean the same.
        prop_assert_eq!(all(vec![a.clone()]), one);
        prop_assert_eq!(any(vec![a]), one);
    }

    #[test]
    fn negations_hold_exactly_when_nothing_fits(node in condition(), request in any_request()) {
        let Node::Is(condition) = node else { return Ok(()) };
        let with = |operator| {
            let values = match operator {
                Operator::Known | Operator::Unknown => Vec::new(),
                _ => vec![Value::from("a".to_owned())],
            };
            takes(Node::Is(Condition { operator, values, ..condition.clone() }), &request, &Known::default())
        };
        prop_assert_ne!(with(Operator::Equals), with(Operator::NotEquals));
        prop_assert_ne!(with(Operator::Contains), with(Operator::NotContains));
        prop_assert_ne!(with(Operator::Known), with(Operator::Unknown));
    }

    #[test]
    fn a_template_is_kept_as_it_was_written(source in "[a-z {}|_]{1,40}") {
        if let Ok(template) = Template::try_from(source.clone()) {
            prop_assert_eq!(template.source(), source);
        }
    }
}

/// Does a condition ask whether the request is the first?
fn names_kind(settings: &Settings) -> bool {
    let rules = settings.pipeline_rules.iter().map(|rule| &rule.condition);
    let mut nodes: Vec<&Node> = rules.chain(&settings.filter).collect();
    while let Some(node) = nodes.pop() {
        match node {
            Node::All(inner) | Node::Any(inner) => nodes.extend(inner),
            Node::Is(condition) if condition.parameter == Parameter::RequestKind => return true,
            Node::Is(_) => {}
        }
    }
    false
}

fn nested(levels: usize) -> Node {
    let leaf = crate::world::is(Parameter::Site, Operator::Known, &[]);
    (1..levels).fold(leaf, |inner, _| Node::All(vec![inner]))
}

#[test]
fn trees_have_the_documented_limits() {
    assert!(nested(MAX_DEPTH).problems("filter").is_empty());
    assert_eq!(nested(MAX_DEPTH + 1).problems("filter"), [Problem::TooDeep]);
    let wide = |nodes: usize| Node::Any(vec![nested(1); nodes]);
    assert!(wide(MAX_NODES - 1).problems("filter").is_empty());
    assert_eq!(wide(MAX_NODES).problems("filter"), [Problem::TooLarge]);
    let empty = Node::All(vec![Node::Any(Vec::new())]);
    let path = "filter.all.nodes[0].any.nodes".to_owned();
    assert_eq!(empty.problems("filter"), [Problem::Empty(path)]);
}

#[test]
fn values_are_checked_where_they_stand() {
    let site = |operator, values: &[&str]| crate::world::is(Parameter::Site, operator, values);
    let wrong = [
        site(Operator::Equals, &[]),
        site(Operator::Known, &["a"]),
        site(Operator::Contains, &[" "]),
        site(Operator::Equals, &[&"a".repeat(501)]),
        site(Operator::Equals, &["a"; 51]),
    ];
    for node in wrong {
        let problems = Node::All(vec![node]).problems("filter");
        let place = "filter.all.nodes[0].condition.values";
        assert!(
            matches!(&problems[..], [Problem::Values(at, _)] if at == place),
            "{problems:?}"
        );
    }
}
