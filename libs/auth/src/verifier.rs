//! Checks tokens: each token's signature once, its time and revocation at every call.
//!
//! Three things are kept: the public keys, the sessions and keys that ended, and the tokens already checked. A task asks
//! for revocations every [`POLL`]; keys come with it now and then, and at once for a token that names an unknown key.
//!
//! # When identity cannot be reached
//!
//! A verifier that has just started refuses everything until it has heard of revocations once: it cannot know what ended
//! before it was born. One that loses identity later goes on for [`BLIND`], a token's life, and then refuses everything
//! with SERVICE_UNAVAILABLE. Going on is safe for that long, because what ends meanwhile can get no fresh token, and the
//! one it has dies within the same five minutes; refusing at once would turn a restart of identity into an outage of
//! everything. Going on longer would trust keys that may have been withdrawn, for tokens nobody can have issued.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kit::Refusal;
use kit::lifecycle::Lifecycle;
use quick_cache::sync::Cache;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tonic::transport::Channel;
use types::Clock;

use crate::caller::{Caller, Verified};
use crate::ended::Ended;
use crate::source::{Remote, Source};
use crate::token::{self, Decoded, VerifyingKeys};

/// How often revocations are asked for: an ended session is refused everywhere within this, and the time of one call.
pub const POLL: Duration = Duration::from_millis(500);
/// How long a verifier goes on without hearing from identity.
const BLIND: Duration = token::LIFE;
/// How often the keys are asked for without a reason: so that withdrawn ones go.
const KEYS_EVERY: Duration = Duration::from_secs(60);
/// How often, at most, unknown key ids make us ask: made-up ids must not become load on identity.
const KEYS_AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// How long a call waits for the first news of a verifier that has just started.
const FIRST_NEWS: Duration = Duration::from_secs(3);
/// How many checked tokens are remembered: at some 600 bytes each, ten megabytes when all are in use.
const REMEMBERED_TOKENS: usize = 16_384;

/// Checks tokens. Clones share what they know.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    source: Box<dyn Source>,
    clock: Clock,
    keys: ArcSwap<VerifyingKeys>,
    keys_asked: Mutex<Option<Instant>>,
    ended: Arc<Ended>,
    heard: watch::Sender<Option<Instant>>,
    checked: Cache<Arc<str>, Caller>,
}

impl Verifier {
    /// A verifier that learns from identity; its task runs until `lifecycle` stops.
    #[must_use]
    pub fn new(identity: Channel, clock: Clock, lifecycle: &Lifecycle) -> Self {
        Self::with_source(Remote::new(identity), clock, lifecycle)
    }

    /// A verifier that learns from `source`: identity's own.
    #[must_use]
    pub fn with_source(source: impl Source, clock: Clock, lifecycle: &Lifecycle) -> Self {
        let verifier = Self(Arc::new(Inner {
            source: Box::new(source),
            clock,
            keys: ArcSwap::default(),
            keys_asked: Mutex::default(),
            ended: Arc::default(),
            heard: watch::Sender::new(None),
            checked: Cache::new(REMEMBERED_TOKENS),
        }));
        let inner = Arc::clone(&verifier.0);
        let stopping = lifecycle.stopping();
        lifecycle.spawn("auth.revocations", async move {
            // Not `stopping.cancelled()` inside the loop: an answer under way is worth nothing when we stop.
            tokio::select! { () = inner.listen() => {}, () = stopping.cancelled() => {} }
        });
        verifier
    }

    /// The caller a token stands for.
    ///
    /// # Errors
    /// TOKEN_INVALID, TOKEN_EXPIRED, SESSION_ENDED; SERVICE_UNAVAILABLE when identity has been silent for too long.
    pub async fn verify(&self, token: &str) -> Result<Caller, Refusal> {
        let inner = &*self.0;
        if !inner.hears() {
            inner.wait_for_news().await?;
        }
        let caller = match inner.checked.get(token) {
            Some(caller) => {
                caller.verified().check_time(inner.clock.now())?;
                caller
            }
            None => inner.check(token).await?,
        };
        caller.check_session()?;
        Ok(caller)
    }
}

impl Inner {
    /// Has identity been heard of within [`BLIND`]?
    fn hears(&self) -> bool {
        self.heard.borrow().is_some_and(|at| at.elapsed() < BLIND)
    }

    async fn wait_for_news(&self) -> Result<(), Refusal> {
        let mut heard = self.heard.subscribe();
        let fresh = heard.wait_for(|at| at.is_some_and(|at| at.elapsed() < BLIND));
        match tokio::time::timeout(FIRST_NEWS, fresh).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::service_unavailable(Silent)),
        }
    }

    /// Checks a token that is not remembered, and remembers it.
    async fn check(&self, token: &str) -> Result<Caller, Refusal> {
        let verified = match token::decode(token, &self.keys.load(), self.clock.now())? {
            Decoded::Verified(verified) => verified,
            Decoded::UnknownKey => self.check_with_new_keys(token).await?,
        };
        let key = Arc::clone(&verified.token);
        let caller = Caller::new(verified, Arc::clone(&self.ended));
        self.checked.insert(key, caller.clone());
        Ok(caller)
    }

    async fn check_with_new_keys(&self, token: &str) -> Result<Verified, Refusal> {
        let asked = self.refresh_keys(KEYS_AT_MOST_EVERY).await;
        match token::decode(token, &self.keys.load(), self.clock.now())? {
            Decoded::Verified(verified) => Ok(verified),
            // Whether the key exists is unknown when identity did not answer: the token may be good.
            Decoded::UnknownKey => Err(match asked {
                Err(status) => Refusal::service_unavailable(status),
                Ok(()) => Refusal::token_invalid(),
            }),
        }
    }

    /// Asks for the keys unless they were asked for less than `at_most_every` ago; concurrent callers share one question.
    async fn refresh_keys(&self, at_most_every: Duration) -> Result<(), tonic::Status> {
        let mut asked = self.keys_asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < at_most_every) {
            return Ok(());
        }
        let json = self.source.jwks().await?;
        let newer = VerifyingKeys::parse(&json)
            .map_err(|error| tonic::Status::internal(error.to_string()))?;
        if newer.is_empty() {
            return Ok(());
        }
        // Only an answer with keys counts as asked: after a failure the next token must not be refused unasked.
        *asked = Some(Instant::now());
        if !self.keys.load().all_in(&newer) {
            // A key was withdrawn: what it signed must be looked at again.
            self.checked.clear();
        }
        self.keys.store(Arc::new(newer));
        Ok(())
    }

    async fn listen(&self) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent = false;
        loop {
            ticks.tick().await;
            let heard = match self.refresh_keys(KEYS_EVERY).await {
                Ok(()) => self.hear().await,
                Err(status) => Err(status),
            };
            match heard {
                Ok(()) => {
                    silent = false;
                    self.heard.send_replace(Some(Instant::now()));
                }
                Err(status) if !silent => {
                    silent = true;
                    tracing::warn!(
                        error = status.message(),
                        "identity does not say which sessions ended; known tokens are trusted for five minutes more"
                    );
                }
                Err(_) => {}
            }
        }
    }

    /// Hears of everything that ended since the last time: an answer may hold only a part.
    async fn hear(&self) -> Result<(), tonic::Status> {
        loop {
            let cursor = self.ended.cursor();
            let news = self.source.revocations(cursor).await?;
            if news.cursor == cursor {
                return Ok(());
            }
            self.ended.learn(news);
        }
    }
}

/// Nothing was heard of identity.
#[derive(Debug, thiserror::Error)]
#[error("identity has not said which sessions ended for longer than a token lives")]
struct Silent;
