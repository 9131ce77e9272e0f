//! What is to be done, and why.

use serde::{Deserialize, Serialize};

use crate::{Parameter, Reason, Why};

/// What an integration does with a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Does it take the request?
    pub takes: bool,
    /// What it changes, in order.
    pub changes: Vec<Change>,
    /// Why, and why nothing else.
    pub decisions: Vec<Decision>,
}

/// A change. What the same plan makes has no id yet: [`Target::New`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A new contact.
    Contact(NewContact),
    /// A new deal.
    Deal(NewDeal),
    /// A new unsorted record with this title.
    Unsorted(String),
    /// The conversation belongs to this contact and is conducted in this deal.
    Attach {
        /// The contact.
        contact: Option<Target>,
        /// The deal.
        deal: Target,
    },
    /// A new task.
    Task(NewTask),
}

/// A card that is there, or that the plan makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The one that the plan makes.
    New,
    /// One that is there.
    Known(String),
}

/// A new contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewContact {
    /// Name.
    pub name: String,
    /// Who becomes responsible.
    pub responsible: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Additional fields.
    pub fields: Vec<FieldText>,
}

/// A new deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDeal {
    /// Name.
    pub name: String,
    /// Its contact.
    pub contact: Target,
    /// Where it stands.
    pub place: Place,
    /// Who becomes responsible.
    pub responsible: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Additional fields.
    pub fields: Vec<FieldText>,
}

/// A new task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// What to do.
    pub text: String,
    /// How long after the message it is due, in seconds.
    pub term: u64,
    /// Who has it.
    pub responsible: String,
    /// The deal (SYN-17).
    pub deal: Target,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Pipeline.
    pub pipeline: String,
    /// Stage.
    pub stage: String,
}

/// A value of an additional field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldText {
    /// The field.
    pub field: String,
    /// What fills it.
    pub parameter: Parameter,
    /// The text.
    pub text: String,
}

/// Why something is done, or is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What it is about.
    pub subject: Subject,
    /// Is it done?
    pub done: bool,
    /// Why, or why not.
    pub reason: Reason,
}

/// What a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Whether the request is taken.
    Request,
    /// The contact.
    Contact,
    /// The deal.
    Deal,
    /// The unsorted record.
    Unsorted,
    /// The conversation.
    Conversation,
    /// The task.
    Task,
    /// Names.
    Names,
    /// Pipeline and stage.
    Place,
    /// Who is responsible.
    Responsible,
    /// Tags.
    Tags,
    /// Additional fields.
    Fields,
}

impl Plan {
    /// The deal that the plan makes, if it makes one.
    #[must_use]
    pub fn deal(&self) -> Option<&NewDeal> {
        self.changes.iter().find_map(|change| match change {
            Change::Deal(deal) => Some(deal),
            _ => None,
        })
    }

    /// The task that the plan makes, if it makes one.
    #[must_use]
    pub fn task(&self) -> Option<&NewTask> {
        self.changes.iter().find_map(|change| match change {
            Change::Task(task) => Some(task),
            _ => None,
        })
    }

    /// Is the conversation conducted in a deal of this integration, from now on or since before?
    #[must_use]
    pub fn conducts(&self) -> bool {
        let of_conversation = |it: &Decision| {
            it.subject == Subject::Conversation && it.reason.why != Why::ConductedBefore
        };
        self.decisions.iter().any(of_conversation)
    }

    /// Notes a decision; saying it twice adds nothing.
    pub(crate) fn decide(&mut self, subject: Subject, done: bool, reason: Reason) {
        let decision = Decision {
            subject,
            done,
            reason,
        };
        if !self.decisions.contains(&decision) {
            self.decisions.push(decision);
        }
    }
}
