//! What sync does when a client has their data erased: the walk through its places.
//!
//! What rules keep of a request names the client: the facts, the plan and what was known. Of the client's own requests name, number and
//! e-mail go; in texts that stay the removed values are masked. Runs stay, with their reasons and ids.

use ::erasure::{At, Job, Payloads, Person, Step, Store, Tally, parts};
use auth::AccountScope;
use kit::Refusal;
use pg::{Error, Tx};

use crate::store::erasure;

const REQUESTS: u32 = 0;
const JOBS: u32 = 1;
const RUNS: u32 = 2;
const PARKED: u32 = 3;
const PORTAL_CLIENTS: u32 = 4;
const STAGES: u32 = 5;

/// Events of conversations that could not be read.
const PAYLOADS: Payloads = Payloads {
    event: |_| Some("beseda.conversations.internal.v1.ConversationEvent"),
    package: "beseda.sync.v1",
    kept: &[],
};

/// The data of clients in sync.
pub struct Clients;

#[tonic::async_trait]
impl Store for Clients {
    fn stages(&self) -> u32 {
        STAGES
    }

    /// Everything that rules know of a person they have from others.
    async fn find(
        &self,
        _: &mut Tx,
        _: AccountScope,
        _: &str,
        _: &Person,
    ) -> Result<Person, Error> {
        Ok(Person::default())
    }

    async fn apart(&self, _: &Job, _: &At, _: &mut Tally) -> Result<Option<Step>, Refusal> {
        Ok(None)
    }

    async fn step(
        &self,
        tx: &mut Tx,
        job: &Job,
        at: &At,
        tally: &mut Tally,
    ) -> Result<Step, Error> {
        match at.stage {
            REQUESTS => erasure::requests(tx, job, at, tally).await,
            JOBS => erasure::jobs(tx, job, at, tally).await,
            RUNS => erasure::runs(tx, job, at, tally).await,
            PARKED => {
                let own = parts::Own::new(std::iter::empty());
                parts::parked(tx, job, ("sync.parked_events", PAYLOADS, &own), tally).await
            }
            PORTAL_CLIENTS => erasure::portal_clients(tx, job, at, tally).await,
            _ => Ok(Step::default()),
        }
    }

    fn committed(&self) {}
}
