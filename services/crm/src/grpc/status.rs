//! The one place where crm's errors become refusals.

use std::time::Duration;

use kit::Refusal;
use tonic::Status;

use crate::Error;
use crate::domain::ids::CardId;

/// When identity's word should have arrived.
const RIGHTS_ARRIVE: Duration = Duration::from_secs(1);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::CardNotFound(CardId::Contact(id)) => Self::contact_not_found(id),
            Error::CardNotFound(CardId::Company(id)) => Self::company_not_found(id),
            Error::CardNotFound(CardId::Deal(id)) => Self::deal_not_found(id),
            Error::CardNotFound(CardId::Customer(id)) => Self::customer_not_found(id),
            Error::PipelineNotFound(id) => Self::pipeline_not_found(id),
            Error::StageNotFound(id) => Self::stage_not_found(id),
            Error::TaskNotFound(id) => Self::task_not_found(id),
            Error::FieldNotFound(id) => Self::custom_field_not_found(id),
            Error::TagNotFound(id) => Self::tag_not_found(id),
            Error::RecordNotFound(id) => Self::unsorted_not_found(id),
            Error::RecordDecided(id) => Self::unsorted_decided(id),
            Error::NotMerged(id) => Self::contact_not_merged(id),
            Error::TagNameTaken => Self::tag_name_taken(),
            Error::TaskCompleted(id) => Self::task_completed(id),
            Error::UserNotFound(id) => Self::user_not_found(id),
            Error::Denied(entity, action) => {
                Self::permission_missing(format_args!("{}.{}", entity.name(), action.name()))
            }
            Error::FieldHidden(field) => Self::permission_missing(format_args!("{field}.view")),
            Error::FieldNotEditable(field) => Self::field_not_editable(field),
            Error::EtagMismatch => Self::etag_mismatch(),
            Error::StageNotEmpty(id) => Self::stage_not_empty(id),
            Error::PipelineNotEmpty(id) => Self::pipeline_not_empty(id),
            Error::StageFixed(id) => Self::stage_fixed(id),
            Error::LimitReached(limit) => Self::limit_reached(limit),
            Error::RightsUnknown => Self::service_unreachable(RIGHTS_ARRIVE),
            Error::Store(error) => Self::from(error),
            Error::Refused(refusal) => refusal,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
