//! The CRMs that rules write to.
//!
//! How to add one: implement [`CrmTarget`]. Ids are the CRM's own texts. `look_up` says what is known of a client; `catalogue` what settings
//! can name; `apply` does the steps of a run that are not done. A step's id was stored before: doing a step again has to find what the first
//! try made. Where the CRM cannot do that by itself, the [`Journal`] keeps that a step was begun before it is asked for. Whatever cannot be
//! done is a [`Fault`] of the right kind: it decides whether the run waits, is planned anew, or fails.

pub mod amo;
mod built_in;

use rules::{Catalogue, Known, Occasion};
use types::{AccountId, IntegrationId};

use crate::domain::client::Client;
use crate::domain::fault::Fault;
use crate::domain::run::Run;

pub use built_in::BuiltIn;

/// A CRM.
#[tonic::async_trait]
pub trait CrmTarget: Send + Sync + 'static {
    /// What settings can name, as it is now.
    async fn catalogue(&self, account: AccountId) -> Result<Catalogue, Fault>;

    /// What is known of a client.
    async fn look_up(&self, client: &Client, question: &Question) -> Result<Known, Fault>;

    /// Does the steps that are not done: the run has the ids of what is there now, also where a later step failed.
    async fn apply(
        &self,
        client: &Client,
        run: &mut Run,
        due: &Due,
        journal: &dyn Journal,
    ) -> Result<(), Fault>;
}

/// What is asked about a client.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Which integration asks: its own open tasks count. `None` for a draft.
    pub integration: Option<IntegrationId>,
    /// Into what the client writes: of a request that goes on less has to be known.
    pub occasion: Occasion,
    /// Does it make tasks?
    pub with_tasks: bool,
}

/// Keeps how far a run is while it is done.
#[tonic::async_trait]
pub trait Journal: Send + Sync {
    /// Stores the run, and makes sure that nobody else does anything for the client while a call is made.
    ///
    /// # Errors
    /// When the database fails, or somebody else has the client: then nothing may be done.
    async fn keep(&self, run: &Run) -> Result<(), Fault>;
}

/// From when terms of tasks count.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// When the client wrote.
    pub message_time: time::OffsetDateTime,
}
