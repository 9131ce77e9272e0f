//! Tasks of employees.

use time::OffsetDateTime;
use types::{TaskId, UserId};

use super::ids::CardId;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What it is.
    pub kind: TaskKind,
    /// What to do.
    pub text: String,
    /// Until when.
    pub due_time: OffsetDateTime,
    /// Who has it.
    pub responsible: UserId,
    /// The card that it is about.
    pub card: Option<CardId>,
    /// Which integration added it; empty for people.
    pub integration: String,
    /// What came of it, once it is completed.
    pub outcome: Option<Outcome>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In words.
    pub result: String,
    /// When.
    pub time: OffsetDateTime,
}

/// What a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKind {
    /// Get in touch.
    FollowUp,
    /// Call.
    Call,
    /// Meet.
    Meeting,
    /// Write a letter.
    Letter,
    /// Anything else.
    Other,
}
