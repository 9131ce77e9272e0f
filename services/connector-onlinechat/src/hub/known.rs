//! The connections of online chats, as the hub tells them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use connector::{Backoff, Connection};
use pg::{Db, SystemScope};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use types::{Clock, ConnectionId, OnlineChatId};

use crate::store::online_chats;

/// The connections. A clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Those that are switched off: nothing is published for them.
    off: Mutex<HashSet<String>>,
    /// Those that may not be linked yet.
    news: Mutex<HashMap<OnlineChatId, ConnectionId>>,
    noted: Notify,
}

impl Known {
    /// Is the connection known to be switched off?
    #[must_use]
    pub fn is_off(&self, connection_id: &str) -> bool {
        let off = self.0.off.lock().unwrap_or_else(PoisonError::into_inner);
        off.contains(connection_id)
    }

    pub(super) fn note(&self, connection: &Connection) {
        {
            let mut off = self.0.off.lock().unwrap_or_else(PoisonError::into_inner);
            if connection.is_enabled() {
                off.remove(connection.id());
            } else {
                off.insert(connection.id().to_owned());
            }
        }
        let id = connection.external_id().parse().ok();
        if let Some((id, connection)) = id.zip(connection.id().parse().ok()) {
            self.to_link(HashMap::from([(id, connection)]));
        }
    }

    fn to_link(&self, connections: HashMap<OnlineChatId, ConnectionId>) {
        let mut news = self.0.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.extend(connections);
        self.0.noted.notify_one();
    }

    /// Finishes online chats whose creation was cut off between their connection and their own row, until the service stops.
    pub async fn link(self, db: Db, stopping: CancellationToken) {
        let mut backoff = Backoff::default();
        let linking = async {
            loop {
                self.0.noted.notified().await;
                let news = std::mem::take(
                    &mut *self.0.news.lock().unwrap_or_else(PoisonError::into_inner),
                );
                match link(&db, news.clone()).await {
                    Ok(()) => backoff.reset(),
                    Err(error) => {
                        tracing::warn!(%error, "unfinished online chats could not be linked; trying again");
                        self.to_link(news);
                        Clock::system().sleep(backoff.wait()).await;
                    }
                }
            }
        };
        tokio::select! { () = stopping.cancelled() => {}, () = linking => {} }
    }
}

async fn link(db: &Db, connections: HashMap<OnlineChatId, ConnectionId>) -> Result<(), pg::Error> {
    let job = SystemScope::for_job("link online chats");
    let linked = db.tx(job, move |tx| {
        Box::pin(async move {
            for (account, id) in online_chats::unfinished(tx).await? {
                if let Some(connection) = connections.get(&id) {
                    online_chats::link(tx, account, id, *connection).await?;
                }
            }
            Ok(())
        })
    });
    linked.await
}
