//! What can go wrong in sync, as its callers have to know it; here it becomes a refusal.

use kit::Refusal;
use tonic::Status;
use types::{IntegrationId, PortalId, RunId};

use crate::domain::fault::Fault;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such integration.
    #[error("no integration {0}")]
    IntegrationNotFound(IntegrationId),
    /// No such run.
    #[error("no run {0}")]
    RunNotFound(RunId),
    /// The run did not fail.
    #[error("run {0} did not fail")]
    RunNotFailed(RunId),
    /// Rules do not know the conversation.
    #[error("no request {0}")]
    RequestNotFound(String),
    /// The old integration is on.
    #[error("the old integration is on")]
    OldIntegrationEnabled,
    /// An integration is on.
    #[error("integration {0} is on")]
    IntegrationEnabled(IntegrationId),
    /// No such portal.
    #[error("no portal {0}")]
    PortalNotFound(PortalId),
    /// The portal is not connected.
    #[error("portal {0} is not connected")]
    PortalNotConnected(PortalId),
    /// An integration that is on transfers to the portal.
    #[error("integration {0} transfers to the portal")]
    PortalInUse(IntegrationId),
    /// The connection of a portal cannot be completed.
    #[error("the connection of a portal cannot be completed")]
    PortalConnectionRefused,
    /// The installation is not registered with amoCRM.
    #[error("amoCRM is not set up")]
    AmoCrmNotSetUp,
    /// The settings changed since they were read.
    #[error("the settings changed")]
    EtagMismatch,
    /// As many as there may be.
    #[error("there are {0} already")]
    LimitReached(usize),
    /// The CRM.
    #[error(transparent)]
    Crm(#[from] Fault),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] pg::Error),
    /// Refused before anything was done.
    #[error("refused")]
    Refused(#[from] Refusal),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::IntegrationNotFound(id) => Self::integration_not_found(id),
            Error::RunNotFound(id) => Self::run_not_found(id),
            Error::RunNotFailed(id) => Self::run_not_failed(id),
            Error::RequestNotFound(text) => Self::request_not_found(text),
            Error::OldIntegrationEnabled => Self::old_integration_enabled(),
            Error::IntegrationEnabled(id) => Self::integration_enabled(id),
            Error::PortalNotFound(id) => Self::portal_not_found(id),
            Error::PortalNotConnected(id) => Self::portal_not_connected(id),
            Error::PortalInUse(id) => Self::portal_in_use(id),
            Error::PortalConnectionRefused => Self::portal_connection_refused(),
            Error::AmoCrmNotSetUp => Self::amo_crm_not_set_up(),
            Error::EtagMismatch => Self::etag_mismatch(),
            Error::LimitReached(limit) => Self::limit_reached(limit),
            Error::Crm(fault) => Self::service_unavailable(fault),
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
