//! Runs: what one integration does about one message.

use rules::{Change, Known, Plan, Request, Subject, Target};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::{
    ContactId, ConversationId, DealId, IntegrationId, MessageId, PortalId, RunId, TaskId,
    UnsortedId,
};

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id; later ones are greater.
    pub id: RunId,
    /// Which integration.
    pub integration: IntegrationId,
    /// Its name then.
    pub integration_name: String,
    /// The portal that it transfers to; `None`: the built-in CRM.
    pub portal: Option<PortalId>,
    /// The conversation.
    pub conversation: ConversationId,
    /// Its number.
    pub number: i64,
    /// The message that caused it.
    pub message: MessageId,
    /// Whose request.
    pub client_key: String,
    /// The client's name then.
    pub client_name: String,
    /// How far it is.
    pub state: State,
    /// Why it waits or failed; empty otherwise.
    pub problem: String,
    /// How often its steps were tried.
    pub attempts: i32,
    /// By which version of the settings it was planned.
    pub settings_version: i64,
    /// The request.
    pub request: Request,
    /// What was known of the client.
    pub known: Known,
    /// The plan.
    pub plan: Plan,
    /// A step for each change of the plan.
    pub steps: Vec<Step>,
    /// When it was planned.
    pub create_time: OffsetDateTime,
    /// When it last changed.
    pub update_time: OffsetDateTime,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Steps are still to be done.
    Pending,
    /// All is done.
    Done,
    /// There is nothing to do.
    Nothing,
    /// A step cannot be done.
    Failed,
}

impl State {
    /// The number by which the database and the contract know it.
    #[must_use]
    pub fn number(self) -> i16 {
        match self {
            Self::Pending => 1,
            Self::Done => 2,
            Self::Nothing => 3,
            Self::Failed => 4,
        }
    }

    /// The state of a number.
    #[must_use]
    pub fn of_number(number: i16) -> Option<Self> {
        let all = [Self::Pending, Self::Done, Self::Nothing, Self::Failed];
        all.into_iter().find(|state| state.number() == number)
    }
}

/// A step: a change of the plan, and under which id. The id is chosen and stored before the step is done, so that doing it again finds
/// what the first time made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it makes, by its id in the CRM; once it is done, what is there.
    pub id: String,
    /// Is it done?
    pub done: bool,
    /// When the CRM was asked for it, in seconds, while it is not known whether it has done it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<i64>,
}

/// Steps for the changes of a plan.
#[must_use]
pub fn steps(plan: &Plan) -> Vec<Step> {
    let id = |change: &Change| match change {
        Change::Contact(_) => ContactId::generate().to_string(),
        Change::Deal(_) => DealId::generate().to_string(),
        Change::Unsorted(_) => UnsortedId::generate().to_string(),
        Change::Task(_) => TaskId::generate().to_string(),
        Change::Attach { .. } => String::new(),
    };
    let step = |change| Step {
        id: id(change),
        done: false,
        begun: None,
    };
    plan.changes.iter().map(step).collect()
}

/// What a change is about.
#[must_use]
pub fn subject(change: &Change) -> Subject {
    match change {
        Change::Contact(_) => Subject::Contact,
        Change::Deal(_) => Subject::Deal,
        Change::Unsorted(_) => Subject::Unsorted,
        Change::Attach { .. } => Subject::Conversation,
        Change::Task(_) => Subject::Task,
    }
}

impl Run {
    /// The id that a step of this kind has; empty where there is none.
    #[must_use]
    pub fn made(&self, wanted: Subject) -> &str {
        let changes = self.plan.changes.iter().zip(&self.steps);
        let mut of_kind = changes.filter(|(change, _)| subject(change) == wanted);
        of_kind
            .next()
            .map(|(_, step)| &step.id[..])
            .unwrap_or_default()
    }

    /// The id of a card that a change names.
    #[must_use]
    pub fn resolve<'a>(&'a self, target: &'a Target, kind: Subject) -> &'a str {
        match target {
            Target::Known(id) => id,
            Target::New => self.made(kind),
        }
    }

    /// Is no step done, and none begun?
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.all(|step| !step.done && step.begun.is_none())
    }
}
