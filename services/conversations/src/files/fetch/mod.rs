//! Fetching files of clients from their channels, after their messages: whether a message is there never depends on it.

mod address;
mod download;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use api::conversations::v1::ChangeKind;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use kit::lifecycle::Lifecycle;
use pg::{Db, Error, SystemScope, Tx};
use types::{AccountId, Clock};

use self::download::{Downloads, Fault, System};
use super::Files;
use super::receive::{Incoming, Received};
use crate::after_commit::AfterCommit;
use crate::changes::{self, Change};
use crate::domain::attachment::{Attachment, Failure, Kind, MAX_SIZE, State};
use crate::store::attachments::{self, Fetch};
use crate::store::{chats, conversations, messages};

/// Files fetched at once.
const AT_ONCE: usize = 4;

/// Longer than a download may take.
const LEASE: Duration = Duration::from_secs(180);

/// The net under the hints, and what finds files whose time has come.
const POLL: Duration = Duration::from_secs(1);

/// How often a file is tried.
const TRIES: i32 = 6;

/// The first pause; each is four times the one before.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// Fetches files. Cheap to clone.
#[derive(Debug, Clone)]
struct Fetching {
    files: Files,
    db: Db,
    after: AfterCommit,
    clock: Clock,
    downloads: Downloads,
}

/// Starts fetching.
///
/// # Errors
/// When no client can be made.
pub fn spawn(
    files: Files,
    db: Db,
    after: AfterCommit,
    own_names: &[(String, IpAddr)],
    clock: Clock,
    life: &Lifecycle,
) -> anyhow::Result<()> {
    let fetching = Fetching {
        downloads: Downloads::new(own_names, Arc::new(System))?,
        files,
        db,
        after,
        clock,
    };
    let stopping = life.stopping();
    life.spawn("fetch files", async move {
        // What is cut off is tried again when its lease is over.
        tokio::select! { () = fetching.run() => {}, () = stopping.cancelled() => {} }
    });
    Ok(())
}

impl Fetching {
    async fn run(self) {
        let (announced, system) = (self.after.files(), Clock::system());
        let mut running = FuturesUnordered::new();
        loop {
            match self.claim(AT_ONCE - running.len()).await {
                Ok(fetches) => running.extend(fetches.into_iter().map(|it| self.fetch(it))),
                Err(error) => {
                    tracing::debug!(%error, "no files could be looked for; the next look tries again");
                }
            }
            tokio::select! {
                Some(()) = running.next() => {}
                () = announced.notified(), if running.len() < AT_ONCE => {}
                () = system.sleep(POLL), if running.len() < AT_ONCE => {}
            }
        }
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Fetch>, Error> {
        let (now, limit) = (self.clock.now(), limit as i64);
        let claimed = self.db.tx(SystemScope::for_job("fetch files"), move |tx| {
            Box::pin(async move { attachments::claim(tx, now, now + LEASE, limit).await })
        });
        claimed.await
    }

    async fn fetch(&self, fetch: Fetch) {
        let fetched = self.download(&fetch).await;
        let (outcome, done) = match fetched {
            Ok(received) => ("fetched", self.conclude(fetch.account, received).await),
            Err(Fault::Passing) if fetch.attempt < TRIES => {
                ("postponed", self.postpone(&fetch).await)
            }
            Err(fault) => {
                let failure = match fault {
                    Fault::Final(failure) => failure,
                    Fault::Passing => Failure::Unreachable,
                };
                let file = Attachment {
                    state: State::Failed(failure),
                    ..fetch.file.clone()
                };
                let sha256 = Vec::new();
                (
                    "failed",
                    self.conclude(fetch.account, Received { file, sha256 })
                        .await,
                )
            }
        };
        metrics::counter!("beseda_media_fetches_total", "outcome" => outcome).increment(1);
        if let Err(error) = done {
            tracing::warn!(%error, attachment.id = %fetch.file.id, "what became of a file could not be kept; it is fetched again");
        }
    }

    async fn download(&self, fetch: &Fetch) -> Result<Received, Fault> {
        let incoming = Incoming {
            id: fetch.file.id,
            file_name: fetch.file.file_name.clone(),
            // A document is what a channel says when it knows nothing better.
            said: Some(fetch.file.kind).filter(|kind| *kind != Kind::Document),
            duration_ms: fetch.file.duration_ms,
            max_size: MAX_SIZE,
        };
        let (account, url) = (fetch.account, &fetch.url);
        let downloaded =
            self.downloads
                .download(&self.files, account, &incoming, url, &fetch.hosts);
        downloaded.await
    }

    async fn postpone(&self, fetch: &Fetch) -> Result<(), Error> {
        let doubled = PAUSE
            .saturating_mul(4_u32.saturating_pow(fetch.attempt.unsigned_abs().saturating_sub(1)));
        let until = self.clock.now() + doubled.min(LONGEST_PAUSE);
        let (account, id) = (fetch.account, fetch.file.id);
        let postponed = self.db.tx(SystemScope::for_job("fetch files"), move |tx| {
            Box::pin(async move { attachments::postpone(tx, account, id, until).await })
        });
        postponed.await
    }

    /// Keeps what became of a file and tells of its message.
    async fn conclude(&self, account: AccountId, received: Received) -> Result<(), Error> {
        let concluded = self.db.tx(SystemScope::for_job("fetch files"), move |tx| {
            Box::pin(async move { conclude(tx, account, &received).await })
        });
        let change: Option<Change> = concluded.await?;
        if let Some(change) = change {
            self.after.changed([change.touched()]);
        }
        Ok(())
    }
}

async fn conclude(
    tx: &mut Tx,
    account: AccountId,
    received: &Received,
) -> Result<Option<Change>, Error> {
    let Some(place) = attachments::finish(tx, account, &received.file, &received.sha256).await?
    else {
        return Ok(None);
    };
    let Some(external_chat_id) =
        chats::lock_of_conversation(tx, account, place.conversation).await?
    else {
        return Ok(None);
    };
    let message = messages::of_place(tx, account, place.conversation, place.seq).await?;
    let conversation = conversations::all(tx, account, &[place.conversation])
        .await?
        .pop();
    let (Some(message), Some(conversation)) = (message, conversation) else {
        return Ok(None);
    };
    let change = Change {
        kind: ChangeKind::MessageChanged,
        conversation,
        message: Some(message),
        external_chat_id,
        facts: Vec::new(),
        previous: None,
        silent: false,
    };
    changes::append(tx, std::slice::from_ref(&change)).await?;
    Ok(Some(change))
}
