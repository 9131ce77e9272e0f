//! The signing keys of the installation, as this replica holds them.
//!
//! Truth is the database; a job looks at it every half minute, makes the next key when one is due and throws old ones out.
//! Every replica may do that: they take turns by a lock.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use auth::token::{Grant, SigningKey, jwks_json};
use kit::lifecycle::Lifecycle;
use kit::secrets::MasterKey;
use pg::{Db, SystemScope};
use ring::signature::{Ed25519KeyPair, KeyPair};
use time::OffsetDateTime;
use types::{Clock, new_uuid};

use crate::Error;
use crate::domain::signing::{self, PUBLISHED_BEFORE, Scheduled};
use crate::store::signing_keys::{self, StoredKey};

/// How often the database is looked at: much more often than a key is published before it signs.
const LOOK: Duration = Duration::from_secs(30);

/// The keys. Clones share them.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    db: Db,
    master: MasterKey,
    clock: Clock,
    held: ArcSwap<Held>,
}

struct Held {
    signers: Vec<Signer>,
    jwks: String,
}

struct Signer {
    activate_time: OffsetDateTime,
    key: SigningKey,
}

impl Scheduled for Signer {
    fn activate_time(&self) -> OffsetDateTime {
        self.activate_time
    }
}

impl KeyRing {
    /// The keys of the database; the first one is made if there is none.
    ///
    /// # Errors
    /// When the database fails, or holds keys that the master key does not open.
    pub async fn load(db: Db, master: MasterKey, clock: Clock) -> anyhow::Result<Self> {
        let keys = tend(&db, &master, clock.now()).await?;
        let held = ArcSwap::from_pointee(Held::open(&keys, &master)?);
        Ok(Self(Arc::new(Inner {
            db,
            master,
            clock,
            held,
        })))
    }

    /// A token that says what `grant` says, and when it expires.
    ///
    /// # Errors
    /// A defect.
    pub fn sign(&self, grant: &Grant) -> Result<(String, OffsetDateTime), Error> {
        let now = self.0.clock.now();
        let held = self.0.held.load();
        let signer = signing::signing(&held.signers, now)
            .ok_or(Error::Defect("no signing key is active"))?;
        Ok(signer.key.sign(grant, now)?)
    }

    /// The public keys, as a JSON Web Key Set.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.0.held.load().jwks.clone()
    }

    /// Looks at the database now: takes in what other replicas did and does what is due.
    ///
    /// # Errors
    /// When the database fails, or holds keys that the master key does not open.
    pub async fn tend(&self) -> anyhow::Result<()> {
        let inner = &*self.0;
        let keys = tend(&inner.db, &inner.master, inner.clock.now()).await?;
        inner
            .held
            .store(Arc::new(Held::open(&keys, &inner.master)?));
        Ok(())
    }

    /// Tends the keys as long as the service lives.
    pub fn spawn(&self, life: &Lifecycle) {
        let (keys, stopping) = (self.clone(), life.stopping());
        let tending = async move {
            loop {
                keys.0.clock.sleep(LOOK).await;
                if let Err(error) = keys.tend().await {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "signing keys could not be looked at; the known ones go on"
                    );
                }
            }
        };
        life.spawn("signing keys", async move {
            tokio::select! { () = tending => {}, () = stopping.cancelled() => {} }
        });
    }
}

impl Held {
    fn open(keys: &[StoredKey], master: &MasterKey) -> anyhow::Result<Self> {
        let published = keys
            .iter()
            .map(|key| (key.key_id.as_str(), key.public_key.as_slice()));
        let jwks = jwks_json(published);
        let signers = keys
            .iter()
            .map(|key| Signer::open(key, master))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { signers, jwks })
    }
}

impl Signer {
    fn open(key: &StoredKey, master: &MasterKey) -> anyhow::Result<Self> {
        let id = key.key_id.clone();
        let seed = master
            .open(&key.sealed_seed, &sealed_for(&id))
            .with_context(|| format!("signing key {id}"))?;
        let seed: [u8; 32] = seed
            .as_slice()
            .try_into()
            .with_context(|| format!("the seed of signing key {id} is not 32 bytes"))?;
        Ok(Self {
            activate_time: key.activate_time,
            key: SigningKey::new(id, &seed),
        })
    }
}

fn sealed_for(key_id: &str) -> String {
    format!("signing_key:{key_id}")
}

/// Makes the next key before the current one is due to go, to sign from ten minutes on. `None` when one waits already.
///
/// # Errors
/// When the database fails.
pub async fn rotate(
    db: &Db,
    master: &MasterKey,
    now: OffsetDateTime,
) -> anyhow::Result<Option<OffsetDateTime>> {
    let master = master.clone();
    let activation = db.tx(SystemScope::for_job("rotate signing keys"), move |tx| {
        Box::pin(async move {
            signing_keys::lock(tx).await?;
            let keys = signing_keys::list(tx).await?;
            if keys.last().is_some_and(|newest| newest.activate_time > now) {
                return Ok(None);
            }
            let activation = if keys.is_empty() {
                now
            } else {
                now + PUBLISHED_BEFORE
            };
            signing_keys::insert(tx, &generate(&master, now, activation)?).await?;
            Ok::<_, Error>(Some(activation))
        })
    });
    Ok(activation.await?)
}

/// Does what is due and returns the keys that are left.
async fn tend(db: &Db, master: &MasterKey, now: OffsetDateTime) -> Result<Vec<StoredKey>, Error> {
    let master = master.clone();
    db.tx(SystemScope::for_job("tend signing keys"), move |tx| {
        Box::pin(async move {
            let keys = signing_keys::list(tx).await?;
            if !is_anything_due(&keys, now) {
                return Ok(keys);
            }
            signing_keys::lock(tx).await?;
            let keys = signing_keys::list(tx).await?;
            if let Some(activation) = signing::next_activation(&keys, now) {
                signing_keys::insert(tx, &generate(&master, now, activation)?).await?;
            }
            for (place, key) in keys.iter().enumerate() {
                if !signing::is_needed(&keys, place, now) {
                    signing_keys::delete(tx, &key.key_id).await?;
                }
            }
            Ok(signing_keys::list(tx).await?)
        })
    })
    .await
}

fn is_anything_due(keys: &[StoredKey], now: OffsetDateTime) -> bool {
    let outdated = |place| !signing::is_needed(keys, place, now);
    signing::next_activation(keys, now).is_some() || (0..keys.len()).any(outdated)
}

fn generate(
    master: &MasterKey,
    now: OffsetDateTime,
    activate_time: OffsetDateTime,
) -> Result<StoredKey, Error> {
    let seed: [u8; 32] = rand::random();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
        .map_err(|_| Error::Defect("a seed makes no key"))?;
    let key_id = new_uuid().simple().to_string();
    Ok(StoredKey {
        public_key: pair.public_key().as_ref().to_vec(),
        sealed_seed: master.seal(&seed, &sealed_for(&key_id)),
        key_id,
        create_time: now,
        activate_time,
    })
}
