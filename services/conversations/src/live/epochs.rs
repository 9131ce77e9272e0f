//! Whose rights changed, for the open streams of this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kit::lifecycle::Lifecycle;
use pg::{Db, Error, Session, SystemScope};
use tokio::sync::watch;
use types::{AccountId, Clock};
use uuid::Uuid;

/// How often the epochs are looked at: a right that is taken away is gone from open streams within twice that.
const POLL: Duration = Duration::from_millis(100);

/// The epochs of the accounts that somebody listens to: one question for all of them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Epochs {
    session: Session,
    heard: Arc<Mutex<HashMap<AccountId, watch::Sender<i64>>>>,
}

impl Epochs {
    /// Starts looking.
    pub fn start(db: &Db, life: &Lifecycle) -> Self {
        let epochs = Self {
            session: db.session(SystemScope::for_job("epochs of rights")),
            heard: Arc::default(),
        };
        let (looking, stopping) = (epochs.clone(), life.stopping());
        life.spawn("epochs of rights", async move {
            let clock = Clock::system();
            loop {
                tokio::select! { () = clock.sleep(POLL) => {}, () = stopping.cancelled() => return }
                if let Err(error) = looking.look().await {
                    tracing::debug!(%error, "the epochs of rights could not be read; trying again");
                }
            }
        });
        epochs
    }

    /// Tells when the rights of an account are newer than those of `epoch`.
    pub fn subscribe(&self, account: AccountId, epoch: i64) -> watch::Receiver<i64> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = heard
            .entry(account)
            .or_insert_with(|| watch::Sender::new(epoch));
        // Of a stream that begins with older rights than another one the next look says so.
        sender.subscribe()
    }

    async fn look(&self) -> Result<(), Error> {
        let accounts: Vec<Uuid> = {
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.retain(|_, sender| sender.receiver_count() > 0);
            heard.keys().map(|account| account.uuid()).collect()
        };
        if accounts.is_empty() {
            return Ok(());
        }
        let rows: Vec<(Uuid, i64)> = self
            .session
            .run(move |connection| {
                let accounts = accounts.clone();
                Box::pin(async move {
                    Ok(sqlx::query_as(
                        "SELECT account_id, epoch FROM account_rights WHERE account_id = ANY ($1)",
                    )
                    .bind(accounts)
                    .fetch_all(connection)
                    .await?)
                })
            })
            .await?;
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        for (account, epoch) in rows {
            if let Some(sender) = heard.get(&AccountId::from(account)) {
                sender.send_if_modified(|known| std::mem::replace(known, epoch) != epoch);
            }
        }
        Ok(())
    }
}
