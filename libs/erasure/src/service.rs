//! `ErasureStoreService` over a [`Store`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::erasure::internal::v1::erasure_store_service_server::ErasureStoreService;
use api::erasure::internal::v1::{
    ErasePersonRequest, ErasePersonResponse, FindPersonRequest, FindPersonResponse,
    Person as WirePerson, ScanPersonRequest, ScanPersonResponse, ValueDigest,
};
use auth::{AccountScope, Caller};
use kit::Refusal;
use pg::Db;
use tonic::{Request, Response, Status};
use types::{AccountId, Clock};
use uuid::Uuid;

use crate::digest::{Digest, Salt};
use crate::ledger::{self, Progress};
use crate::person::Person;
use crate::sieve::Sieve;
use crate::store::{At, Job, Mode, Step, Store};
use crate::tally::Tally;

/// How long one call works, about: its caller writes down how far the whole has come after each.
const BUDGET: Duration = Duration::from_secs(5);

/// A store as other services call it.
#[derive(Debug)]
pub struct StoreService<S> {
    /// The store.
    pub store: Arc<S>,
    /// Its database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
}

impl<S: Store> StoreService<S> {
    /// Over a store and its database.
    #[must_use]
    pub fn new(store: S, db: Db, clock: Clock) -> Self {
        Self {
            store: Arc::new(store),
            db,
            clock,
        }
    }

    async fn find(&self, request: Request<FindPersonRequest>) -> Result<Person, Refusal> {
        let scope = enter(&request, &request.get_ref().account_id)?;
        let FindPersonRequest { phone, person, .. } = request.into_inner();
        let (known, store) = (known(person)?, Arc::clone(&self.store));
        let found = self.db.tx(scope, move |tx| {
            Box::pin(async move { store.find(tx, scope, &phone, &known).await })
        });
        let found: Result<Person, pg::Error> = found.await;
        Ok(found?)
    }

    async fn erase(&self, request: Request<ErasePersonRequest>) -> Result<Progress, Refusal> {
        let scope = enter(&request, &request.get_ref().account_id)?;
        let request = request.into_inner();
        let erasure = Uuid::from_slice(&request.erasure_id)
            .map_err(|_| Refusal::field("erasure_id", "must be sixteen bytes"))?;
        if request.attempt < 1 {
            return Err(Refusal::field("attempt", "must be 1 or more"));
        }
        let person = known(request.person)?;
        let job = Arc::new(Job {
            scope,
            erasure,
            attempt: request.attempt,
            sieve: Sieve::of_values(&person.values),
            person,
            mode: Mode::Erase,
            now: self.clock.now(),
        });
        let begin = Instant::now();
        let mut progress = self.open(&job).await?;
        while !progress.done && begin.elapsed() < BUDGET {
            progress = self.piece(&job, progress).await?;
        }
        Ok(progress)
    }

    async fn open(&self, job: &Arc<Job>) -> Result<Progress, Refusal> {
        let job = Arc::clone(job);
        let opened = self.db.tx(job.scope, move |tx| {
            Box::pin(async move { ledger::open(tx, &job).await })
        });
        let opened: Result<Progress, pg::Error> = opened.await;
        Ok(opened?)
    }

    /// One part, with the word in the ledger that it was done.
    async fn piece(&self, job: &Arc<Job>, progress: Progress) -> Result<Progress, Refusal> {
        let (store, job) = (Arc::clone(&self.store), Arc::clone(job));
        let mut tally = Tally::default();
        let apart = store.apart(&job, &progress.at, &mut tally).await?;
        let done = self.db.tx(job.scope, move |tx| {
            Box::pin(async move {
                // Locks the row: two that erase at once do each part once.
                let now = ledger::open(tx, &job).await?;
                if now.done || now.at != progress.at {
                    return Ok((now, false));
                }
                let Step { next, events } = match apart {
                    Some(step) => step,
                    None => store.step(tx, &job, &now.at, &mut tally).await?,
                };
                let told = !events.is_empty();
                let step = Step { next, events };
                let after = ledger::advance(tx, &job, now, (&step, store.stages()), &tally).await?;
                events::append(tx, &step.events).await?;
                Ok((after, told))
            })
        });
        let done: Result<(Progress, bool), pg::Error> = done.await;
        let (progress, told) = done?;
        if told {
            self.store.committed();
        }
        Ok(progress)
    }

    async fn scan(
        &self,
        request: Request<ScanPersonRequest>,
    ) -> Result<(Tally, Option<At>), Refusal> {
        let scope = enter(&request, &request.get_ref().account_id)?;
        let request = request.into_inner();
        let mut at = place(&request.token)?;
        let person = known(request.person)?;
        let job = Arc::new(Job {
            scope,
            erasure: Uuid::nil(),
            attempt: 0,
            sieve: sieve(&person, &request.salt, request.digests)?,
            person,
            mode: Mode::Look,
            now: self.clock.now(),
        });
        let (begin, mut tally) = (Instant::now(), Tally::default());
        while at.stage < self.store.stages() {
            if begin.elapsed() >= BUDGET {
                return Ok((tally, Some(at)));
            }
            let step = self.look(&job, &at, &mut tally).await?;
            at = ledger::next(&at, &step);
        }
        Ok((tally, None))
    }

    async fn look(&self, job: &Arc<Job>, at: &At, tally: &mut Tally) -> Result<Step, Refusal> {
        let (store, job, at) = (Arc::clone(&self.store), Arc::clone(job), at.clone());
        if let Some(step) = store.apart(&job, &at, tally).await? {
            return Ok(step);
        }
        let looked = self.db.tx(job.scope, move |tx| {
            Box::pin(async move {
                let mut tally = Tally::default();
                let step = store.step(tx, &job, &at, &mut tally).await?;
                Ok((step, tally))
            })
        });
        let looked: Result<(Step, Tally), pg::Error> = looked.await;
        let (step, found) = looked?;
        tally.merge(&found);
        Ok(step)
    }
}

/// The account, for a service.
fn enter<T>(request: &Request<T>, account: &[u8]) -> Result<AccountScope, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_service()?;
    let account = Uuid::from_slice(account)
        .map_err(|_| Refusal::field("account_id", "must be sixteen bytes"))?;
    caller.service_scope(AccountId::from(account))
}

fn known(person: Option<WirePerson>) -> Result<Person, Refusal> {
    Person::from_wire(person.unwrap_or_default())
}

fn sieve(person: &Person, salt: &[u8], digests: Vec<ValueDigest>) -> Result<Sieve, Refusal> {
    if digests.is_empty() {
        return Ok(Sieve::of_values(&person.values));
    }
    let digests: Result<Vec<_>, _> = digests.into_iter().map(Digest::from_wire).collect();
    Ok(Sieve::of_digests(&digests?, Salt::new(salt)))
}

/// A token is the stage and the place, with a colon between.
fn place(token: &str) -> Result<At, Refusal> {
    if token.is_empty() {
        return Ok(At::default());
    }
    let parts = token.split_once(':');
    let at = parts.and_then(|(stage, place)| {
        Some(At {
            stage: stage.parse().ok()?,
            place: place.to_owned(),
        })
    });
    at.ok_or_else(|| Refusal::field("token", "must be a `next_token`"))
}

#[tonic::async_trait]
impl<S: Store> ErasureStoreService for StoreService<S> {
    async fn find_person(
        &self,
        request: Request<FindPersonRequest>,
    ) -> Result<Response<FindPersonResponse>, Status> {
        let person = self.find(request).await?;
        Ok(Response::new(FindPersonResponse {
            person: Some(person.to_wire()),
        }))
    }

    async fn erase_person(
        &self,
        request: Request<ErasePersonRequest>,
    ) -> Result<Response<ErasePersonResponse>, Status> {
        let progress = self.erase(request).await?;
        Ok(Response::new(ErasePersonResponse {
            done: progress.done,
            removed: progress.removed.to_wire(),
        }))
    }

    async fn scan_person(
        &self,
        request: Request<ScanPersonRequest>,
    ) -> Result<Response<ScanPersonResponse>, Status> {
        let (tally, next) = self.scan(request).await?;
        Ok(Response::new(ScanPersonResponse {
            found: tally.to_wire(),
            looked_at: i64::try_from(tally.looked_at()).unwrap_or(i64::MAX),
            next_token: next.map_or_else(String::new, |at| format!("{}:{}", at.stage, at.place)),
        }))
    }
}
