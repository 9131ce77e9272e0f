//! The CRMs that rules write to.
//!
//! How to add one: implement [`CrmTarget`]. Ids are the CRM's own texts. `look_up` says what is known of a client; `catalogue` what settings
//! can name; `apply` does the steps of a run that are not done. A step's id was stored before: doing a step again has to find what the first
//! try made. Whatever cannot be done is a [`Fault`] of the right kind: it decides whether the run waits, is planned anew, or fails.

mod built_in;

use rules::{Catalogue, Known};
use types::AccountId;

use crate::domain::client::Client;
use crate::domain::fault::Fault;
use crate::domain::run::{Run, Step};

pub use built_in::BuiltIn;

/// A CRM.
#[tonic::async_trait]
pub trait CrmTarget: Send + Sync + 'static {
    /// What settings can name, as it is now.
    async fn catalogue(&self, account: AccountId) -> Result<Catalogue, Fault>;

    /// What is known of a client; `integration` asks for its own open tasks.
    async fn look_up(&self, client: &Client, integration: &str) -> Result<Known, Fault>;

    /// Does the steps that are not done; all steps, with the ids of what is there now.
    async fn apply(&self, client: &Client, run: &Run, due: &Due) -> Result<Vec<Step>, Fault>;
}

/// From when terms of tasks count.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// When the client wrote.
    pub message_time: time::OffsetDateTime,
}
