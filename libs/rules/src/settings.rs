//! The settings of an integration.

use serde::{Deserialize, Serialize};

use crate::filter::Node;
use crate::template::Template;
use crate::{FieldCard, Parameter};

/// By what an integration decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// Is it switched on (SYN-04)?
    pub enabled: bool,
    /// What it takes, does no integration after it take?
    pub exclusive: bool,
    /// Keys of connectors whose requests are transferred (SYN-05).
    pub channels: Vec<String>,
    /// What a request becomes (SYN-06).
    pub method: Method,
    /// Which requests; `None`: all (SYN-19).
    pub filter: Option<Node>,
    /// Tasks; `None`: none (SYN-11).
    pub tasks: Option<Tasks>,
    /// Tags (SYN-21).
    pub tags: Vec<Tag>,
    /// Names (SYN-23).
    pub names: Names,
    /// The pipeline for deals; empty: the first (SYN-29).
    pub pipeline: String,
    /// Its stage; empty: the first.
    pub stage: String,
    /// Pipelines by conditions, in order (SYN-31).
    pub pipeline_rules: Vec<PipelineRule>,
    /// Who becomes responsible (SYN-34); empty: nobody is chosen.
    pub responsible: String,
    /// Additional fields (SYN-39).
    pub fields: Vec<FieldPair>,
}

/// What a request becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// «Создавать контакт и сделку».
    ContactAndDeal,
    /// «Использовать «Неразобранное»».
    Unsorted,
}

/// Tasks on incoming messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tasks {
    /// How long after the message a task is due, in seconds.
    pub term: u64,
    /// Whose it is.
    pub assignment: Assignment,
}

/// Whose a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignment {
    /// «Из карточки контакта» (SYN-13).
    FromContact,
    /// «Из настроек интеграции» (SYN-14).
    FromSettings,
}

/// A tag of the fixed list (SYN-22, A-34).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// The channel.
    Channel,
    /// The site.
    Site,
    /// The advertising campaign.
    Campaign,
    /// First or repeated request.
    RequestKind,
    /// The integration.
    Integration,
}

/// Templates of names; `None`: the default one (SYN-26).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Names {
    /// Of contacts.
    pub contact: Option<Template>,
    /// Of deals.
    pub deal: Option<Template>,
    /// Of tasks.
    pub task: Option<Template>,
}

/// A pipeline for requests of some kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineRule {
    /// Which requests.
    pub condition: Node,
    /// The pipeline.
    pub pipeline: String,
    /// Its stage; empty: the first.
    pub stage: String,
}

/// A field and what fills it (SYN-40).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldPair {
    /// On which cards.
    pub card: FieldCard,
    /// Which.
    pub field: String,
    /// With what.
    pub parameter: Parameter,
}
