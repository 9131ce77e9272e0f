//! Rules know by which link a client came.

use connector_telegram::domain::update;
use rules::filter::{Condition, Node, Operator, Value};
use rules::{
    Before, Catalogue, Known, Method, Names, Occasion, Parameter, Request, Settings, plan,
};
use serde_json::json;
use types::Language;

/// What a rule that asks for this fact makes of a message with these facts.
fn is_taken(facts: &[(&'static str, String)], name: &str, value: &str) -> bool {
    let known = facts
        .iter()
        .filter_map(|(name, text)| Some((Parameter::of_name(name)?, text.clone())));
    let channel = (Parameter::Channel, "telegram".to_owned());
    let request = Request::new(known.chain([channel]), Occasion::New, false);
    let wanted = Condition {
        parameter: Parameter::of_name(name).expect("a fact that rules know"),
        operator: Operator::Equals,
        values: vec![Value::from(value.to_owned())],
    };
    let settings = Settings {
        name: "Advertisements".to_owned(),
        enabled: true,
        exclusive: true,
        channels: vec!["telegram".to_owned()],
        method: Method::Unsorted,
        filter: Some(Node::Is(wanted)),
        tasks: None,
        tags: Vec::new(),
        names: Names::default(),
        pipeline: String::new(),
        stage: String::new(),
        pipeline_rules: Vec::new(),
        responsible: String::new(),
        fields: Vec::new(),
    };
    let (known, catalogue) = (Known::default(), Catalogue::default());
    plan(
        &settings,
        &request,
        &known,
        &catalogue,
        Before::default(),
        Language::En,
    )
    .takes
}

#[test]
fn a_rule_asks_for_what_the_link_to_the_bot_brought() {
    let told = |text: &str| {
        let message = json!({"message_id": 1, "date": 1_800_000_000, "text": text,
            "from": {"id": 42, "first_name": "Anna"}, "chat": {"id": 42, "type": "private", "first_name": "Anna"}});
        update::read(&json!({"update_id": 1, "message": message})).expect("a message")
    };
    let by_link = told("/start spring-7");
    assert!(is_taken(&by_link.facts, "referral", "spring-7"));
    assert!(!is_taken(&by_link.facts, "referral", "autumn-7"));
    assert!(!is_taken(&told("/start").facts, "referral", "spring-7"));
}
