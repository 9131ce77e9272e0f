//! What ended before its tokens did, for the verifiers of all services, and for our own.

use std::time::Duration;

use api::identity::internal::v1::{ListRevocationsRequest, ListRevocationsResponse};
use auth::{Answer, Revocations, Source, token};
use pg::{Db, SystemScope};
use tonic::Status;
use types::Clock;

use crate::Error;
use crate::core::Core;
use crate::keyring::KeyRing;
use crate::store::revocations;

/// How far back revocations matter: twice a token's life, for slow clocks.
const MATTER: Duration = token::LIFE.saturating_mul(2);

pub async fn list(
    core: &Core,
    request: ListRevocationsRequest,
) -> Result<ListRevocationsResponse, Error> {
    let found = read(&core.db, &core.clock, request.cursor).await?;
    let subject_ids = found
        .subjects
        .iter()
        .map(|id| id.as_bytes().to_vec())
        .collect();
    Ok(ListRevocationsResponse {
        subject_ids,
        cursor: found.cursor,
    })
}

async fn read(db: &Db, clock: &Clock, cursor: i64) -> Result<Revocations, pg::Error> {
    let since = clock.now() - MATTER;
    db.tx(SystemScope::for_job("list revocations"), move |tx| {
        Box::pin(async move {
            // The head first: what commits between the two statements is then found the next time.
            let head = revocations::head(tx).await?;
            // A cursor beyond the head is one of a database that was put back to an earlier day.
            let after = if cursor > head { 0 } else { cursor };
            let (subjects, last) = revocations::list(tx, after, since).await?;
            Ok(Revocations {
                subjects,
                cursor: last.unwrap_or(head),
            })
        })
    })
    .await
}

/// Keys and revocations for the verifier of this very service.
pub struct LocalSource {
    /// Where revocations stand.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The keys.
    pub keys: KeyRing,
}

impl Source for LocalSource {
    fn jwks(&self) -> Answer<'_, String> {
        Box::pin(async { Ok(self.keys.jwks()) })
    }

    fn revocations(&self, cursor: i64) -> Answer<'_, Revocations> {
        Box::pin(async move {
            read(&self.db, &self.clock, cursor)
                .await
                .map_err(|error| Status::unavailable(error.to_string()))
        })
    }
}
