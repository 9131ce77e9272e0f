//! The steps of erasures, taken one after the other.

use std::sync::Arc;
use std::time::Duration;

use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use auth::ServiceChannel;
use erasure::{Digest, Found, Kind, Person, Salt, Sieve, Tally};
use kit::secrets::MasterKey;
use pg::{Db, SystemScope};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use types::{Clock, ContactId};
use uuid::Uuid;

use super::begin::{open, seal};
use super::own;
use super::stores::{Places, Stores};
use crate::domain::erasure::{ATTEMPTS, Erasure, Secret, Stage};
use crate::store::erasures::{self, Stored};

/// How often somebody looks for what is due, beside being woken.
const POLL: Duration = Duration::from_secs(2);

/// For how long an erasure is taken; each step begins it anew.
const LEASE: Duration = Duration::from_secs(120);

/// The name of the cabinet itself in receipts.
const OWN: &str = "cabinet";

/// What takes the steps.
#[derive(Clone)]
pub struct Eraser {
    /// The schema `cabinet`.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Under which secrets are sealed.
    pub key: MasterKey,
    /// The other services.
    pub stores: Stores,
    /// identity, which keeps the audit log.
    pub identity: IdentityInternalServiceClient<ServiceChannel>,
    /// Something is due.
    pub due: Arc<Notify>,
}

/// Takes steps until the service stops.
pub async fn run(eraser: Eraser, stopping: CancellationToken) {
    let clock = Clock::system();
    while !stopping.is_cancelled() {
        match eraser.next().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "no step of an erasure could be taken; it is tried again"
                );
            }
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = eraser.due.notified() => {}
            () = clock.sleep(POLL) => {}
        }
    }
}

impl Eraser {
    /// Takes the next step that is due; false when none is.
    async fn next(&self) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let claimed = self
            .db
            .tx(SystemScope::for_job("claim an erasure"), move |tx| {
                Box::pin(async move { erasures::claim(tx, now, now + LEASE).await })
            });
        let claimed: Result<Option<Stored>, pg::Error> = claimed.await;
        let Some(Stored {
            mut erasure,
            sealed,
        }) = claimed?
        else {
            return Ok(false);
        };
        if let Some(sealed) = sealed {
            erasure.secret = Some(open(&self.key, erasure.id, &sealed)?);
        }
        let before = (erasure.stage, erasure.attempt);
        let taken = self.step(&mut erasure).await;
        let wait = match taken {
            Ok(()) => {
                (erasure.tries, erasure.error) = (0, String::new());
                Duration::ZERO
            }
            Err(error) => {
                erasure.tries += 1;
                erasure.error = format!("{error:#}");
                tracing::warn!(erasure.id = %erasure.id, error = erasure.error, "a step of an erasure failed; it is tried again");
                erasure.wait()
            }
        };
        self.save(before, erasure, wait).await?;
        Ok(true)
    }

    async fn save(
        &self,
        before: (Stage, i32),
        erasure: Erasure,
        wait: Duration,
    ) -> anyhow::Result<()> {
        let sealed = erasure.secret.as_ref();
        let sealed = sealed.map(|secret| seal(&self.key, erasure.id, secret));
        let due = self.clock.now() + wait;
        let saved = self
            .db
            .tx(SystemScope::for_job("save an erasure"), move |tx| {
                Box::pin(async move { erasures::save(tx, before, &erasure, sealed, due).await })
            });
        let saved: Result<bool, pg::Error> = saved.await;
        // Whoever took it after the lease was over has gone on.
        saved.map(|_| ()).map_err(Into::into)
    }

    async fn step(&self, erasure: &mut Erasure) -> anyhow::Result<()> {
        match erasure.stage {
            Stage::Finding => {
                self.record(erasure).await?;
                self.find(erasure).await
            }
            Stage::Erasing(at) => self.erase(erasure, at).await,
            Stage::Checking(at) => self.check(erasure, at).await,
            Stage::Done => Ok(()),
        }
    }

    /// Who it is. What is known then is erased, also when somebody changes a card meanwhile.
    async fn find(&self, erasure: &mut Erasure) -> anyhow::Result<()> {
        let Secret { phone, person } = erasure.secret.clone().unwrap_or_default();
        let mut person = self.stores.find(erasure, &phone, &person).await?;
        person.add(Kind::Phone, &phone);
        // The cabinet knows further chats by the numbers, and their stores may know more of the person.
        while self.find_own(erasure, &mut person).await? {
            person = self.stores.find(erasure, &phone, &person).await?;
        }
        let salt = Salt::new(&erasure.receipt.salt);
        // A value without anything to compare keeps its place with a digest that nothing has.
        let digest = |value| Digest::of(value, &salt).unwrap_or_else(|| Digest::of_nothing(value));
        erasure.receipt.digests = person.values.iter().map(digest).collect();
        erasure.receipt.contacts = person.contact_ids();
        erasure.secret = Some(Secret { phone, person });
        erasure.stage = Stage::Erasing(0);
        Ok(())
    }

    /// Adds the correspondence in the cabinet of who came with one of the person's numbers; they are out from now on. True when some was
    /// new.
    async fn find_own(&self, erasure: &Erasure, person: &mut Person) -> Result<bool, pg::Error> {
        let (account, phones) = (erasure.account, phones(person));
        let job = SystemScope::for_job("find a client of the cabinet");
        let clients = self.db.tx(job, move |tx| {
            Box::pin(async move { own::end_sessions(tx, account, &phones).await })
        });
        let known = person.channels.len();
        person.channels.extend(clients.await?);
        Ok(person.channels.len() > known)
    }

    async fn erase(&self, erasure: &mut Erasure, at: usize) -> anyhow::Result<()> {
        let secret = erasure.secret.clone().unwrap_or_default();
        let Some(name) = self.stores.name(at) else {
            return self.erase_own(erasure, secret).await;
        };
        if let Some(removed) = self.stores.erase(at, erasure, &secret.person).await? {
            erasure.receipt.removed.insert(name.to_owned(), removed);
            erasure.stage = Stage::Erasing(at + 1);
        }
        Ok(())
    }

    /// Who logged in once more while it ran is out again, and so is who did with a number that was found with the person.
    async fn erase_own(&self, erasure: &mut Erasure, secret: Secret) -> anyhow::Result<()> {
        let account = erasure.account;
        let job = SystemScope::for_job("erase a client of the cabinet");
        let phones = phones(&secret.person);
        let forgotten = self.db.tx(job, move |tx| {
            Box::pin(async move { own::shut_out(tx, account, &phones).await })
        });
        let _: Vec<_> = forgotten.await?;
        let mut tally = Tally::default();
        tally.add("cabinet.clients", &Found::new());
        let removed = &mut erasure.receipt.removed;
        removed.insert(OWN.to_owned(), tally.places());
        (erasure.receipt.found, erasure.receipt.looked_at) = Default::default();
        erasure.stage = Stage::Checking(0);
        Ok(())
    }

    async fn check(&self, erasure: &mut Erasure, at: usize) -> anyhow::Result<()> {
        let person = match &erasure.secret {
            Some(secret) => Person {
                values: Vec::new(),
                ..secret.person.clone()
            },
            None => Person {
                contacts: erasure
                    .receipt
                    .contacts
                    .iter()
                    .copied()
                    .map(ContactId::from)
                    .collect(),
                ..Person::default()
            },
        };
        let (name, (found, looked_at)) = match self.stores.name(at) {
            Some(name) => (name, self.stores.scan(at, erasure, &person).await?),
            None => (OWN, self.check_own(erasure).await?),
        };
        if !found.is_empty() {
            erasure.receipt.found.insert(name.to_owned(), found);
        }
        erasure.receipt.looked_at += looked_at;
        erasure.stage = Stage::Checking(at + 1);
        if name == OWN {
            let attempt = erasure.attempt;
            anyhow::ensure!(
                erasure.secret.is_none() || erasure.receipt.found.is_empty() || attempt < ATTEMPTS,
                "values are still found in {:?} after {attempt} attempts",
                erasure.receipt.found.keys()
            );
            erasure.conclude(self.clock.now());
        }
        Ok(())
    }

    async fn check_own(&self, erasure: &Erasure) -> anyhow::Result<(Places, i64)> {
        let account = erasure.account;
        let salt = Salt::new(&erasure.receipt.salt);
        let sieve = Arc::new(Sieve::of_digests(&erasure.receipt.digests, salt));
        let (mut all, mut after) = (Tally::default(), Some(Uuid::nil()));
        while let Some(at) = after {
            let sieve = Arc::clone(&sieve);
            let job = SystemScope::for_job("check an erasure");
            let looked = self.db.tx(job, move |tx| {
                Box::pin(async move {
                    let mut tally = Tally::default();
                    let last = own::look(tx, account, &sieve, at, &mut tally).await?;
                    Ok((last, tally))
                })
            });
            let looked: Result<(Option<Uuid>, Tally), pg::Error> = looked.await;
            let (last, tally) = looked?;
            all.merge(&tally);
            after = last;
        }
        let looked_at = i64::try_from(all.looked_at()).unwrap_or(i64::MAX);
        Ok((all.places(), looked_at))
    }
}

/// The person's telephone numbers.
fn phones(person: &Person) -> Vec<String> {
    let values = person.values.iter();
    values
        .filter(|value| value.kind == Kind::Phone)
        .map(|value| value.text.clone())
        .collect()
}
