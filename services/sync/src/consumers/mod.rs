//! What others' events do here: a client's message becomes a job.

mod message;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::events::{Carrier, Effect, Event, Failure, RemoteSource};
use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::Tx;
use time::OffsetDateTime;
use tokio::sync::Notify;
use types::{AccountId, Clock};
use uuid::Uuid;

use crate::core::Core;
use crate::store::{integrations, jobs, requests};
use message::{News, read};

/// The name of conversations as a source of events.
pub const CONVERSATIONS: &str = "conversations";

/// Starts taking the events of conversations in.
pub fn spawn(core: &Core, carrier: Carrier, source: RemoteSource, life: &Lifecycle) {
    let effect = Arc::new(Messages {
        news: Arc::clone(&core.news),
        clock: core.clock.clone(),
        added: AtomicBool::new(false),
    });
    let source = Arc::new(source);
    ::events::consume(
        core.db.clone(),
        CONVERSATIONS,
        carrier,
        source,
        effect,
        life,
    );
}

/// What they do.
struct Messages {
    /// Wakes the workers.
    news: Arc<Notify>,
    /// From when on jobs are due.
    clock: Clock,
    /// Were jobs added since they were woken?
    added: AtomicBool,
}

impl Effect for Messages {
    fn concerns(&self, event: &Event) -> bool {
        !matches!(read(event), Ok(None))
    }

    fn takes_batches(&self) -> bool {
        true
    }

    fn apply_all<'t>(
        &'t self,
        tx: &'t mut Tx,
        events: &'t [Event],
    ) -> BoxFuture<'t, Result<(), Failure>> {
        Box::pin(async move {
            let mut told = Vec::new();
            for event in events {
                let news = read(event).map_err(Failure::Poison)?;
                told.extend(news.map(|news| (event.position, news)));
            }
            if take(tx, told, self.clock.now()).await? {
                self.added.store(true, Ordering::Relaxed);
            }
            Ok(())
        })
    }

    fn committed(&self) {
        if self.added.swap(false, Ordering::Relaxed) {
            self.news.notify_one();
        }
    }

    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        self.apply_all(tx, std::slice::from_ref(event))
    }
}

/// Keeps what accounts with integrations are told; false when none of them was told anything.
async fn take(
    tx: &mut Tx,
    told: Vec<(i64, (AccountId, News))>,
    now: OffsetDateTime,
) -> Result<bool, Failure> {
    let accounts: BTreeSet<Uuid> = told
        .iter()
        .map(|(_, (account, _))| account.uuid())
        .collect();
    if accounts.is_empty() {
        return Ok(false);
    }
    let accounts: Vec<Uuid> = accounts.into_iter().collect();
    let with_rules = integrations::accounts_with(tx, &accounts).await?;
    for (position, (account, news)) in told {
        if !with_rules.contains(&account.uuid()) {
            continue;
        }
        let News { asked, message } = news;
        let facts = requests::keep(tx, account, &asked).await?;
        let job = jobs::Job {
            place: position,
            id: message.uuid(),
            conversation: asked.conversation,
            occasion: asked.occasion,
            facts,
            message_time: asked.message_time,
            is_rerun: false,
        };
        jobs::add(tx, account, &asked.client_key, &job, now).await?;
    }
    Ok(!with_rules.is_empty())
}
