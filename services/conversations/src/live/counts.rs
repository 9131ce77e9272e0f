//! Counts of conversations as they change: one reader for each account that somebody looks at, however many look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use pg::{Db, Error, SystemScope};
use tokio::sync::watch;
use types::{AccountId, Clock};

use super::{Live, Subscription};
use crate::domain::counts::Count;
use crate::store::counts;

/// How long at least between two readings of an account: more often than this no stream tells.
const PAUSE: Duration = Duration::from_millis(200);

/// How often an account is read although no event came: cards of closed conversations change without one.
const NET: Duration = Duration::from_secs(2);

/// The counts of an account; `None` until they are read for the first time.
pub type Known = Option<Arc<Vec<Count>>>;

/// Tells counts to whoever looks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LiveCounts {
    db: Db,
    live: Live,
    life: Lifecycle,
    heard: Arc<Mutex<HashMap<AccountId, watch::Sender<Known>>>>,
}

impl LiveCounts {
    /// Over the live events.
    #[must_use]
    pub fn new(db: Db, live: Live, life: Lifecycle) -> Self {
        Self {
            db,
            live,
            life,
            heard: Arc::default(),
        }
    }

    /// The counts of an account from now on.
    #[must_use]
    pub fn subscribe(&self, account: AccountId) -> watch::Receiver<Known> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = heard.get(&account) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(None);
        heard.insert(account, sender);
        let (counts, stopping) = (self.clone(), self.life.stopping());
        self.life.spawn("counts of an account", async move {
            tokio::select! { () = counts.follow(account) => {}, () = stopping.cancelled() => {} }
        });
        receiver
    }

    /// Reads an account whenever something happens in it, until nobody looks any more.
    async fn follow(&self, account: AccountId) {
        let clock = Clock::system();
        let mut subscription = self.live.subscribe(account);
        loop {
            match self.read(account).await {
                Ok(counts) => {
                    if !self.tell(account, counts) {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, account.id = %account, "counts could not be read; trying again");
                }
            }
            clock.sleep(PAUSE).await;
            tokio::select! {
                () = self.something(account, &mut subscription) => {}
                () = clock.sleep(NET) => {}
            }
        }
    }

    /// Waits for an event, and takes those that wait behind it.
    async fn something(&self, account: AccountId, subscription: &mut Subscription) {
        if subscription.queue.recv().await.is_none() {
            *subscription = self.live.subscribe(account);
        }
        while subscription.queue.try_recv().is_ok() {}
    }

    async fn read(&self, account: AccountId) -> Result<Vec<Count>, Error> {
        let scope = SystemScope::for_job("live counts");
        self.db
            .tx(scope, move |tx| {
                Box::pin(async move { counts::of_account(tx, account).await })
            })
            .await
    }

    /// False when nobody looks.
    fn tell(&self, account: AccountId, mut counts: Vec<Count>) -> bool {
        counts.sort_unstable_by_key(|count| (count.owner, count.group, count.open, count.answer));
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = heard.get(&account) else {
            return false;
        };
        if sender.receiver_count() == 0 {
            heard.remove(&account);
            return false;
        }
        sender.send_if_modified(|known| {
            let is_news = known.as_deref() != Some(&counts);
            *known = Some(Arc::new(counts));
            is_news
        });
        true
    }
}
