//! What the online chat does when a client has their data erased.

use ::erasure::{At, Job, Person, Step, Store, Tally};
use auth::AccountScope;
use kit::Refusal;
use pg::{Error, Tx};

use crate::store::erasure;

/// The data of visitors. There are no events and no copies here.
pub struct VisitorData;

#[tonic::async_trait]
impl Store for VisitorData {
    fn stages(&self) -> u32 {
        1
    }

    async fn find(
        &self,
        tx: &mut Tx,
        scope: AccountScope,
        _: &str,
        known: &Person,
    ) -> Result<Person, Error> {
        erasure::find(tx, scope.account().uuid(), known).await
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
        erasure::erase(tx, job, at, tally).await
    }

    fn committed(&self) {}
}
