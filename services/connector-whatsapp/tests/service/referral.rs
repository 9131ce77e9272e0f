//! Rules know by which advertisement a client came.

use connector_whatsapp::domain::payload::{self, What};
use rules::filter::{Condition, Node, Operator, Value};
use rules::{
    Before, Catalogue, Known, Method, Names, Occasion, Parameter, Request, Settings, plan,
};
use serde_json::json;
use types::Language;

use crate::world::payload as call_with;

/// What a rule that asks for this fact makes of a message with these facts.
fn is_taken(facts: &[(&'static str, String)], name: &str, value: &str) -> bool {
    let known = facts
        .iter()
        .filter_map(|(name, text)| Some((Parameter::of_name(name)?, text.clone())));
    let channel = (Parameter::Channel, "whatsapp".to_owned());
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
        channels: vec!["whatsapp".to_owned()],
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
fn a_rule_asks_for_the_advertisement_that_led_to_the_chat() {
    let message = json!({"from": "79991112233", "id": "wamid.1", "type": "text", "text": {"body": "how much?"},
        "referral": {"source_url": "https://fb.me/3cr4Wqqkv", "source_type": "ad", "source_id": "120226305854810726",
            "headline": "Oak windows", "body": "Ask us", "media_type": "image", "ctwa_clid": "ARAkLkA8rmlFeiCktEJQ"}});
    let call = call_with(&json!({"messages": [message]}));
    let What::Told(told) = &payload::read(&call)[0].what else {
        panic!("a message")
    };
    for (name, value) in [
        ("referral", "https://fb.me/3cr4Wqqkv"),
        ("referral_type", "AD"),
        ("referral_id", "120226305854810726"),
        ("referral_headline", "oak windows"),
        ("ctwa_clid", "ARAkLkA8rmlFeiCktEJQ"),
    ] {
        assert!(is_taken(&told.facts, name, value), "{name}");
        assert!(!is_taken(&told.facts, name, "another"), "{name}");
    }
}
