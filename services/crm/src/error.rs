//! What can go wrong in crm, as its callers have to know it. `grpc/status.rs` turns it into a refusal.

use std::borrow::Cow;

use access::{Action, Entity, UnknownUser};
use kit::Refusal;
use types::{ContactId, FieldId, PipelineId, StageId, TagId, TaskId, UnsortedId, UserId};

use crate::domain::ids::CardId;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such card, or the caller may not view it.
    #[error("no card {0}")]
    CardNotFound(CardId),
    /// No such pipeline.
    #[error("no pipeline {0}")]
    PipelineNotFound(PipelineId),
    /// No such stage in the pipeline.
    #[error("no stage {0}")]
    StageNotFound(StageId),
    /// No such task, or the caller may not view it.
    #[error("no task {0}")]
    TaskNotFound(TaskId),
    /// No such field of this kind of card.
    #[error("no field {0}")]
    FieldNotFound(FieldId),
    /// No such tag.
    #[error("no tag {0}")]
    TagNotFound(TagId),
    /// No such record of Unsorted, or the caller may not view it.
    #[error("no record {0}")]
    RecordNotFound(UnsortedId),
    /// The record was accepted, linked or declined before.
    #[error("record {0} was decided")]
    RecordDecided(UnsortedId),
    /// Nothing was merged into the contact that was not taken back.
    #[error("nothing was merged into contact {0}")]
    NotMerged(ContactId),
    /// Another tag of the account has this name.
    #[error("the name belongs to another tag")]
    TagNameTaken,
    /// The task is completed.
    #[error("task {0} is completed")]
    TaskCompleted(TaskId),
    /// No such employee in the account.
    #[error("no user {0}")]
    UserNotFound(UserId),
    /// The matrix does not allow it.
    #[error("may not {} {}", .1.name(), .0.name())]
    Denied(Entity, Action),
    /// The field may not be seen, so nothing can be looked for in it.
    #[error("the field {0} is hidden")]
    FieldHidden(Cow<'static, str>),
    /// The field may not be changed.
    #[error("the field {0} may not be changed")]
    FieldNotEditable(Cow<'static, str>),
    /// The resource changed since it was read.
    #[error("the resource changed")]
    EtagMismatch,
    /// There are deals on the stage.
    #[error("there are deals on stage {0}")]
    StageNotEmpty(StageId),
    /// There are deals in the pipeline.
    #[error("there are deals in pipeline {0}")]
    PipelineNotEmpty(PipelineId),
    /// The stage belongs to every pipeline.
    #[error("stage {0} is fixed")]
    StageFixed(StageId),
    /// There are as many as there may be.
    #[error("there are {0} already")]
    LimitReached(usize),
    /// Who works in the account is not known here yet.
    #[error("the account's rights are not known yet")]
    RightsUnknown,
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] pg::Error),
    /// Refused before anything was done: by the request's fields, the caller's permissions or a request id.
    #[error("refused")]
    Refused(#[from] Refusal),
}

impl From<rights::Error> for Error {
    fn from(error: rights::Error) -> Self {
        match error {
            rights::Error::Unknown => Self::RightsUnknown,
            rights::Error::Refused(refusal) => Self::Refused(refusal),
            rights::Error::Store(error) => Self::Store(error),
        }
    }
}

impl From<UnknownUser> for Error {
    fn from(UnknownUser(user): UnknownUser) -> Self {
        Self::UserNotFound(user)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
