//! Trees of conditions over the facts of a request, joined by «и» and «или» (SYN-18 … SYN-20, A-32).

use serde::{Deserialize, Serialize};

use crate::Parameter;
use crate::engine::View;
use crate::request::site;

/// How many levels a tree may have: a single condition has one.
pub const MAX_DEPTH: usize = 6;
/// How many nodes a tree may have.
pub const MAX_NODES: usize = 100;
/// How many values a condition may have.
pub const MAX_VALUES: usize = 50;
/// The longest value, in characters.
pub const MAX_VALUE: usize = 500;

/// A tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// All of these hold.
    All(Vec<Node>),
    /// At least one of these holds.
    Any(Vec<Node>),
    /// This holds.
    Is(Condition),
}

/// A condition on one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Which fact.
    pub parameter: Parameter,
    /// How it is compared.
    pub operator: Operator,
    /// With what: one of these has to fit.
    pub values: Vec<Value>,
}

/// How a fact is compared, without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Is the same.
    Equals,
    /// Is not.
    NotEquals,
    /// Contains it.
    Contains,
    /// Does not.
    NotContains,
    /// Begins with it.
    StartsWith,
    /// Ends with it.
    EndsWith,
    /// Is known.
    Known,
    /// Is not known.
    Unknown,
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Equals,
        Self::NotEquals,
        Self::Contains,
        Self::NotContains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Known,
        Self::Unknown,
    ];

    /// Is it compared with values?
    #[must_use]
    pub fn takes_values(self) -> bool {
        !matches!(self, Self::Known | Self::Unknown)
    }
}

/// A text that a fact is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Value {
    text: String,
    lower: String,
    /// As the name of a site.
    site: String,
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        let text = text.trim().to_owned();
        let (lower, site) = (text.to_lowercase(), site(&text));
        Self { text, lower, site }
    }
}

impl From<Value> for String {
    fn from(value: Value) -> Self {
        value.text
    }
}

impl Value {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What is wrong with a tree, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Too many levels.
    #[error("has more than {MAX_DEPTH} levels")]
    TooDeep,
    /// Too many nodes.
    #[error("has more than {MAX_NODES} nodes")]
    TooLarge,
    /// A group joins nothing.
    #[error("{0} must join at least one condition")]
    Empty(String),
    /// Values are missing, or too many, or too long, or of no use.
    #[error("{0} {1}")]
    Values(String, &'static str),
}

impl Node {
    /// Does it hold?
    #[must_use]
    pub(crate) fn holds(&self, view: &View<'_>) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(view)),
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(view)),
            Self::Is(condition) => condition.holds(view),
        }
    }

    /// How many levels it has.
    #[must_use]
    pub fn depth(&self) -> usize {
        1 + self.children().iter().map(Self::depth).max().unwrap_or(0)
    }

    /// How many nodes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        1 + self.children().iter().map(Self::size).sum::<usize>()
    }

    fn children(&self) -> &[Self] {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes,
            Self::Is(_) => &[],
        }
    }

    /// What is wrong with it; `path` is the field that carries it.
    #[must_use]
    pub fn problems(&self, path: &str) -> Vec<Problem> {
        if self.depth() > MAX_DEPTH {
            return vec![Problem::TooDeep];
        }
        if self.size() > MAX_NODES {
            return vec![Problem::TooLarge];
        }
        let mut problems = Vec::new();
        self.collect(path, &mut problems);
        problems
    }

    fn collect(&self, path: &str, problems: &mut Vec<Problem>) {
        let name = match self {
            Self::All(_) => "all",
            Self::Any(_) => "any",
            Self::Is(condition) => {
                let wrong = condition.problem();
                let path = format!("{path}.condition.values");
                problems.extend(wrong.map(|wrong| Problem::Values(path, wrong)));
                return;
            }
        };
        let path = format!("{path}.{name}.nodes");
        if self.children().is_empty() {
            problems.push(Problem::Empty(path.clone()));
        }
        for (place, child) in self.children().iter().enumerate() {
            child.collect(&format!("{path}[{place}]"), problems);
        }
    }
}

impl Condition {
    fn holds(&self, view: &View<'_>) -> bool {
        let fact = view.lower(self.parameter);
        let any = |fits: fn(&str, &str) -> bool| {
            let fact = fact.as_deref();
            fact.is_some_and(|fact| {
                self.values
                    .iter()
                    .any(|value| fits(fact, self.compared(value)))
            })
        };
        match self.operator {
            Operator::Equals => any(|fact, value| fact == value),
            Operator::NotEquals => !any(|fact, value| fact == value),
            Operator::Contains => any(|fact, value| fact.contains(value)),
            Operator::NotContains => !any(|fact, value| fact.contains(value)),
            Operator::StartsWith => any(|fact, value| fact.starts_with(value)),
            Operator::EndsWith => any(|fact, value| fact.ends_with(value)),
            Operator::Known => fact.is_some(),
            Operator::Unknown => fact.is_none(),
        }
    }

    /// A value as the fact is compared with it.
    fn compared<'v>(&self, value: &'v Value) -> &'v str {
        match self.parameter {
            Parameter::Site => &value.site,
            _ => &value.lower,
        }
    }

    fn problem(&self) -> Option<&'static str> {
        let fits = |value: &Value| {
            let length = value.text.chars().count();
            (1..=MAX_VALUE).contains(&length) && !value.text.contains(char::is_control)
        };
        match (self.operator.takes_values(), self.values.len()) {
            (false, 0) => None,
            (false, _) => Some("must be left out: KNOWN and UNKNOWN compare with nothing"),
            (true, 0) => Some("must have at least one text"),
            (true, many) if many > MAX_VALUES => Some("must be at most 50"),
            (true, _) if self.values.iter().all(fits) => None,
            (true, _) => Some("must be texts of 1 to 500 characters without control characters"),
        }
    }
}
