//! A filter as requests carry it.

use std::collections::BTreeSet;
use std::str::FromStr;

use api::conversations::v1::filter_node::Node as Wire;
use api::conversations::v1::{
    ConversationAnswer, ConversationLife, FilterNode, FilterNodes, FilterPeriod, FilterValues,
};
use kit::Refusal;
use kit::time::from_proto;
use kit::validate::Fields;
use types::InvalidId;

use crate::domain::conversation::Answer;
use crate::domain::filter::{Condition, MAX_DEPTH, MAX_NODES, MAX_VALUES, Node, Period};

/// The longest text of a condition, in characters.
const MAX_TEXT: usize = 200;

/// The tree of a request; `path` is the field that carries it. Where `fields` notes a problem, the tree is not to be used.
///
/// # Errors
/// FILTER_TOO_DEEP, FILTER_TOO_LARGE.
pub fn parse(fields: &mut Fields, path: &str, tree: &FilterNode) -> Result<Node, Refusal> {
    if depth(tree) > MAX_DEPTH {
        return Err(Refusal::filter_too_deep(MAX_DEPTH));
    }
    if size(tree) > MAX_NODES {
        return Err(Refusal::filter_too_large(MAX_NODES));
    }
    Ok(node(fields, path, tree))
}

fn children(tree: &FilterNode) -> &[FilterNode] {
    match &tree.node {
        Some(Wire::All(joined) | Wire::Any(joined)) => &joined.nodes,
        _ => &[],
    }
}

/// The wire takes no message nested deeper than a hundred times, so this ends.
fn depth(tree: &FilterNode) -> usize {
    1 + children(tree).iter().map(depth).max().unwrap_or_default()
}

fn size(tree: &FilterNode) -> usize {
    1 + children(tree).iter().map(size).sum::<usize>()
}

fn node(fields: &mut Fields, path: &str, tree: &FilterNode) -> Node {
    let Some(node) = &tree.node else {
        fields.reject(path, "must say what it asks for");
        return Node::All(Vec::new());
    };
    match node {
        Wire::All(nodes) => Node::All(joined(fields, &format!("{path}.all"), nodes)),
        Wire::Any(nodes) => Node::Any(joined(fields, &format!("{path}.any"), nodes)),
        leaf => Node::Is(condition(fields, path, leaf)),
    }
}

fn joined(fields: &mut Fields, path: &str, joined: &FilterNodes) -> Vec<Node> {
    if joined.nodes.is_empty() {
        fields.reject(path, "must join at least one condition");
    }
    let nodes = joined.nodes.iter().enumerate();
    nodes
        .map(|(place, tree)| node(fields, &format!("{path}.nodes[{place}]"), tree))
        .collect()
}

fn condition(fields: &mut Fields, path: &str, leaf: &Wire) -> Condition {
    let at = |field: &str| format!("{path}.{field}");
    match leaf {
        Wire::Life(life) => Condition::Open(open(fields, &at("life"), *life)),
        Wire::Answer(answer) => Condition::Answer(required(fields, &at("answer"), *answer)),
        Wire::Favourite(favourite) => Condition::Favourite(*favourite),
        Wire::Channels(of) => Condition::Channels(keys(fields, &at("channels"), of)),
        Wire::ConnectionIds(of) => Condition::Connections(ids(fields, &at("connection_ids"), of)),
        Wire::GroupIds(of) => Condition::Groups(ids(fields, &at("group_ids"), of)),
        Wire::ResponsibleUserIds(of) => {
            Condition::Responsible(ids(fields, &at("responsible_user_ids"), of))
        }
        Wire::PipelineIds(of) => Condition::Pipelines(ids(fields, &at("pipeline_ids"), of)),
        Wire::StageIds(of) => Condition::Stages(ids(fields, &at("stage_ids"), of)),
        Wire::TagIds(of) => Condition::Tags(ids(fields, &at("tag_ids"), of)),
        Wire::CreateTime(of) => Condition::Created(period(fields, &at("create_time"), of)),
        Wire::LastMessageTime(of) => {
            Condition::LastMessage(period(fields, &at("last_message_time"), of))
        }
        Wire::Text(text) => Condition::Words(words(fields, &at("text"), text)),
        Wire::HandledByUserIds(of) => {
            Condition::HandledBy(ids(fields, &at("handled_by_user_ids"), of))
        }
        Wire::HandledByGroupIds(of) => {
            Condition::HandledByGroups(ids(fields, &at("handled_by_group_ids"), of))
        }
        Wire::All(_) | Wire::Any(_) => Condition::Channels(BTreeSet::new()),
    }
}

fn open(fields: &mut Fields, path: &str, life: i32) -> bool {
    match fields.known::<ConversationLife>(path, life) {
        Some(ConversationLife::Open) => true,
        Some(ConversationLife::Closed) => false,
        Some(ConversationLife::Unspecified) => {
            fields.reject(path, "must be OPEN or CLOSED");
            true
        }
        // That is noted.
        None => true,
    }
}

fn required(fields: &mut Fields, path: &str, value: i32) -> Answer {
    let Some(known) = fields.known::<ConversationAnswer>(path, value) else {
        return Answer::Required;
    };
    answer(known).unwrap_or_else(|| {
        fields.reject(path, "must be REQUIRES_ANSWER or NO_ANSWER_NEEDED");
        Answer::Required
    })
}

/// An answer state of the wire; `None` for unspecified.
#[must_use]
pub fn answer(answer: ConversationAnswer) -> Option<Answer> {
    match answer {
        ConversationAnswer::RequiresAnswer => Some(Answer::Required),
        ConversationAnswer::NoAnswerNeeded => Some(Answer::NotNeeded),
        ConversationAnswer::Unspecified => None,
    }
}

fn counted<'v>(fields: &mut Fields, path: &str, of: &'v FilterValues) -> &'v [String] {
    let count = of.values.len();
    if count == 0 || count > MAX_VALUES {
        fields.reject(
            path,
            format!("must have 1 to {MAX_VALUES} values, has {count}"),
        );
        return &[];
    }
    &of.values
}

fn ids<T: FromStr<Err = InvalidId> + Ord>(
    fields: &mut Fields,
    path: &str,
    of: &FilterValues,
) -> BTreeSet<T> {
    let values = counted(fields, path, of).iter().enumerate();
    values
        .filter_map(|(place, value)| fields.id(&format!("{path}.values[{place}]"), value))
        .collect()
}

fn keys(fields: &mut Fields, path: &str, of: &FilterValues) -> BTreeSet<String> {
    let values = counted(fields, path, of).iter().enumerate();
    values
        .map(|(place, value)| fields.key(&format!("{path}.values[{place}]"), value, 1..=100))
        .collect()
}

fn period(fields: &mut Fields, path: &str, of: &FilterPeriod) -> Period {
    let mut end = |name: &str, time: &Option<prost_types::Timestamp>| {
        let read = time.as_ref().and_then(from_proto);
        if time.is_some() && read.is_none() {
            fields.reject(&format!("{path}.{name}"), "is no time");
        }
        read
    };
    let period = Period {
        start: end("start_time", &of.start_time),
        end: end("end_time", &of.end_time),
    };
    if of.start_time.is_none() && of.end_time.is_none() {
        fields.reject(path, "must have a start or an end");
    }
    period
}

fn words(fields: &mut Fields, path: &str, text: &str) -> Vec<String> {
    let text = fields.text(path, text, 1..=MAX_TEXT).to_lowercase();
    text.split_whitespace().map(str::to_owned).collect()
}
