//! Settings as requests carry them.

use std::collections::BTreeMap;

use api::sync::v1 as proto;
use kit::Refusal;
use kit::validate::Fields;
use proto::rule_node::Node as WireNode;
use rules::filter::{Condition, MAX_DEPTH, MAX_NODES, Node, Operator, Problem};
use rules::template::Template;
use rules::{
    Assignment, FieldCard, FieldPair, Method, Names, Parameter, PipelineRule, Settings, Tag, Tasks,
};
use types::PortalId;

/// How many channels, rules, fields and facts there may be.
const CHANNELS: usize = 50;
const RULES: usize = 50;
const FIELDS: usize = 100;
const FACTS: usize = 50;
/// The longest id of a CRM, in bytes.
const ID: usize = 100;
/// The terms of tasks, in seconds.
const TERMS: std::ops::RangeInclusive<i64> = 60..=365 * 24 * 3600;

/// The settings of an integration. Where `fields` notes a problem, they are not to be used.
///
/// # Errors
/// FILTER_TOO_DEEP, FILTER_TOO_LARGE.
pub fn settings(fields: &mut Fields, it: &proto::Integration) -> Result<Settings, Refusal> {
    let place = it.default_place.clone().unwrap_or_default();
    let settings = Settings {
        name: fields.line("integration.name", &it.name, 1..=100),
        enabled: it.enabled,
        exclusive: it.exclusive,
        channels: channels(fields, &it.channels),
        method: method(fields, it.method),
        filter: match &it.filter {
            Some(filter) => Some(tree(fields, "integration.filter", filter)?),
            None => None,
        },
        tasks: it.tasks.as_ref().map(|it| tasks(fields, it)),
        tags: tags(fields, &it.tags),
        names: names(fields, it.names.as_ref()),
        pipeline: crm_id(
            fields,
            "integration.default_place.pipeline_id",
            &place.pipeline_id,
            0,
        ),
        stage: crm_id(
            fields,
            "integration.default_place.stage_id",
            &place.stage_id,
            0,
        ),
        pipeline_rules: pipeline_rules(fields, &it.pipeline_rules)?,
        responsible: crm_id(
            fields,
            "integration.responsible_employee_id",
            &it.responsible_employee_id,
            usize::from(it.enabled),
        ),
        fields: pairs(fields, &it.fields),
    };
    if settings.pipeline.is_empty() && !settings.stage.is_empty() {
        fields.reject("integration.default_place.stage_id", "needs its pipeline");
    }
    Ok(settings)
}

/// Where an integration transfers to: a portal, or the built-in CRM.
pub fn target(fields: &mut Fields, it: Option<&proto::Target>) -> Option<PortalId> {
    match it.and_then(|it| it.target.as_ref()) {
        Some(proto::target::Target::AmoCrm(it)) => {
            fields.id("integration.target.amo_crm.portal_id", &it.portal_id)
        }
        Some(proto::target::Target::BuiltIn(_)) | None => None,
    }
}

fn crm_id(fields: &mut Fields, path: &str, text: &str, shortest: usize) -> String {
    fields.key(path, text, shortest..=ID)
}

fn at_most<T>(fields: &mut Fields, path: &str, items: &[T], limit: usize) {
    if items.len() > limit {
        fields.reject(
            path,
            format!("must be at most {limit}, are {}", items.len()),
        );
    }
}

fn channels(fields: &mut Fields, channels: &[String]) -> Vec<String> {
    at_most(fields, "integration.channels", channels, CHANNELS);
    let channels = channels.iter().take(CHANNELS).enumerate();
    channels
        .map(|(place, key)| fields.key(&format!("integration.channels[{place}]"), key, 1..=64))
        .collect()
}

fn method(fields: &mut Fields, value: i32) -> Method {
    match fields.known::<proto::TransferMethod>("integration.method", value) {
        Some(proto::TransferMethod::ContactAndDeal) => Method::ContactAndDeal,
        Some(proto::TransferMethod::UseUnsorted) => Method::Unsorted,
        Some(proto::TransferMethod::Unspecified) => {
            fields.reject("integration.method", "must be given");
            Method::ContactAndDeal
        }
        None => Method::ContactAndDeal,
    }
}

fn tasks(fields: &mut Fields, it: &proto::TaskSettings) -> Tasks {
    let term = it.term.unwrap_or_default().seconds;
    if !TERMS.contains(&term) {
        fields.reject("integration.tasks.term", "must be 1 minute to 365 days");
    }
    let path = "integration.tasks.assignment";
    let assignment = match fields.known::<proto::TaskAssignment>(path, it.assignment) {
        Some(proto::TaskAssignment::FromContact) => Assignment::FromContact,
        Some(proto::TaskAssignment::FromSettings) => Assignment::FromSettings,
        Some(proto::TaskAssignment::Unspecified) => {
            fields.reject(path, "must be given");
            Assignment::FromSettings
        }
        None => Assignment::FromSettings,
    };
    Tasks {
        term: u64::try_from(term).unwrap_or_default(),
        assignment,
    }
}

fn tags(fields: &mut Fields, values: &[i32]) -> Vec<Tag> {
    let mut tags = Vec::new();
    for (place, value) in values.iter().enumerate() {
        let path = format!("integration.tags[{place}]");
        let tag = match fields.known::<proto::RequestTag>(&path, *value) {
            Some(proto::RequestTag::Channel) => Tag::Channel,
            Some(proto::RequestTag::Site) => Tag::Site,
            Some(proto::RequestTag::Campaign) => Tag::Campaign,
            Some(proto::RequestTag::RequestKind) => Tag::RequestKind,
            Some(proto::RequestTag::Integration) => Tag::Integration,
            Some(proto::RequestTag::Unspecified) => {
                fields.reject(&path, "must be a tag of the fixed list");
                continue;
            }
            None => continue,
        };
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

fn names(fields: &mut Fields, it: Option<&proto::NameTemplates>) -> Names {
    let it = it.cloned().unwrap_or_default();
    Names {
        contact: template(fields, "integration.names.contact", &it.contact),
        deal: template(fields, "integration.names.deal", &it.deal),
        task: template(fields, "integration.names.task", &it.task),
    }
}

/// A template; `None` for an empty one.
pub fn template(fields: &mut Fields, path: &str, source: &str) -> Option<Template> {
    if source.is_empty() {
        return None;
    }
    Template::try_from(source.to_owned())
        .map_err(|problem| fields.reject(path, problem.to_string()))
        .ok()
}

fn pipeline_rules(
    fields: &mut Fields,
    rules: &[proto::PipelineRule],
) -> Result<Vec<PipelineRule>, Refusal> {
    at_most(fields, "integration.pipeline_rules", rules, RULES);
    let mut parsed = Vec::new();
    for (place, rule) in rules.iter().take(RULES).enumerate() {
        let path = format!("integration.pipeline_rules[{place}]");
        let condition = rule.condition.clone().unwrap_or_default();
        let to = rule.place.clone().unwrap_or_default();
        parsed.push(PipelineRule {
            condition: tree(fields, &format!("{path}.condition"), &condition)?,
            pipeline: crm_id(
                fields,
                &format!("{path}.place.pipeline_id"),
                &to.pipeline_id,
                1,
            ),
            stage: crm_id(fields, &format!("{path}.place.stage_id"), &to.stage_id, 0),
        });
    }
    Ok(parsed)
}

fn pairs(fields: &mut Fields, pairs: &[proto::FieldPair]) -> Vec<FieldPair> {
    at_most(fields, "integration.fields", pairs, FIELDS);
    let mut parsed: Vec<FieldPair> = Vec::new();
    for (place, pair) in pairs.iter().take(FIELDS).enumerate() {
        let path = format!("integration.fields[{place}]");
        let card = match fields.known::<proto::FieldCard>(&format!("{path}.card"), pair.card) {
            Some(proto::FieldCard::Contact) => FieldCard::Contact,
            Some(proto::FieldCard::Deal) => FieldCard::Deal,
            _ => {
                fields.reject(&format!("{path}.card"), "must be given");
                continue;
            }
        };
        let field = crm_id(fields, &format!("{path}.field_id"), &pair.field_id, 1);
        let is_same = |known: &FieldPair| known.card == card && known.field == field;
        if parsed.iter().any(is_same) {
            fields.reject(
                &format!("{path}.field_id"),
                "is paired before: a field has one parameter",
            );
        }
        let parameter = parameter(fields, &format!("{path}.parameter"), &pair.parameter);
        parsed.extend(parameter.map(|parameter| FieldPair {
            card,
            field,
            parameter,
        }));
    }
    parsed
}

fn parameter(fields: &mut Fields, path: &str, name: &str) -> Option<Parameter> {
    let parameter = Parameter::of_name(name);
    if parameter.is_none() {
        fields.reject(path, "is no parameter of a request: see ListParameters");
    }
    parameter
}

/// Facts of a described request.
pub fn facts(
    fields: &mut Fields,
    path: &str,
    facts: &std::collections::HashMap<String, String>,
) -> BTreeMap<Parameter, String> {
    if facts.len() > FACTS {
        fields.reject(
            path,
            format!("must be at most {FACTS}, are {}", facts.len()),
        );
    }
    let mut parsed = BTreeMap::new();
    for (name, text) in facts.iter().take(FACTS) {
        let text = fields.text(path, text, 0..=10_000);
        if let Some(parameter) = parameter(fields, path, name) {
            parsed.insert(parameter, text);
        }
    }
    parsed
}

fn tree(fields: &mut Fields, path: &str, wire: &proto::RuleNode) -> Result<Node, Refusal> {
    if depth(wire) > MAX_DEPTH {
        return Err(Refusal::filter_too_deep(MAX_DEPTH));
    }
    let node = node(fields, path, wire);
    for problem in node.problems(path) {
        match problem {
            Problem::TooDeep => return Err(Refusal::filter_too_deep(MAX_DEPTH)),
            Problem::TooLarge => return Err(Refusal::filter_too_large(MAX_NODES)),
            Problem::Empty(path) => fields.reject(&path, "must join at least one condition"),
            Problem::Values(path, text) => fields.reject(&path, text),
        }
    }
    Ok(node)
}

/// The wire takes no message nested deeper than a hundred times, so this ends.
fn depth(wire: &proto::RuleNode) -> usize {
    let children = match &wire.node {
        Some(WireNode::All(joined) | WireNode::Any(joined)) => &joined.nodes[..],
        _ => &[],
    };
    1 + children.iter().map(depth).max().unwrap_or_default()
}

fn node(fields: &mut Fields, path: &str, wire: &proto::RuleNode) -> Node {
    let joined = |fields: &mut Fields, joined: &proto::RuleNodes, name: &str| {
        let nodes = joined.nodes.iter().enumerate();
        let path = |place| format!("{path}.{name}.nodes[{place}]");
        nodes
            .map(|(place, it)| node(fields, &path(place), it))
            .collect()
    };
    match &wire.node {
        Some(WireNode::All(nodes)) => Node::All(joined(fields, nodes, "all")),
        Some(WireNode::Any(nodes)) => Node::Any(joined(fields, nodes, "any")),
        Some(WireNode::Condition(it)) => condition(fields, &format!("{path}.condition"), it),
        None => {
            fields.reject(path, "must say what it asks for");
            // The request is refused.
            Node::Is(Condition {
                parameter: Parameter::Channel,
                operator: Operator::Known,
                values: Vec::new(),
            })
        }
    }
}

fn condition(fields: &mut Fields, path: &str, it: &proto::RuleCondition) -> Node {
    use proto::RuleOperator as Wire;
    let at = format!("{path}.operator");
    let operator = match fields.known::<Wire>(&at, it.operator) {
        Some(Wire::Equals) => Operator::Equals,
        Some(Wire::NotEquals) => Operator::NotEquals,
        Some(Wire::Contains) => Operator::Contains,
        Some(Wire::NotContains) => Operator::NotContains,
        Some(Wire::StartsWith) => Operator::StartsWith,
        Some(Wire::EndsWith) => Operator::EndsWith,
        Some(Wire::Known) => Operator::Known,
        Some(Wire::Unknown) => Operator::Unknown,
        Some(Wire::Unspecified) => {
            fields.reject(&at, "must be given");
            Operator::Equals
        }
        None => Operator::Equals,
    };
    let parameter = parameter(fields, &format!("{path}.parameter"), &it.parameter);
    Node::Is(Condition {
        // Without a parameter the request is refused.
        parameter: parameter.unwrap_or(Parameter::Channel),
        operator,
        values: it.values.iter().cloned().map(Into::into).collect(),
    })
}
