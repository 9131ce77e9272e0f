//! Online chats by their key.

use std::sync::Arc;
use std::time::Duration;

use kit::Refusal;
use pg::{Db, SystemScope};
use quick_cache::sync::Cache;
use time::OffsetDateTime;
use types::{Clock, OnlineChatId};

use crate::domain::online_chat::OnlineChat;
use crate::store::online_chats;

/// How long a change made on another replica may stay unseen; one made here is seen at once. Switching a chat off needs no
/// waiting: the hub refuses messages of a connection that is off.
const FRESH: Duration = Duration::from_secs(1);
/// Online chats remembered at once.
const REMEMBERED: usize = 10_000;

type Entry = (Arc<OnlineChat>, OffsetDateTime);

/// Online chats as visitors meet them. Clones share what they know.
#[derive(Clone)]
pub struct OnlineChats {
    db: Db,
    clock: Clock,
    known: Arc<Cache<OnlineChatId, Entry>>,
}

impl OnlineChats {
    /// Read from `db`.
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        let known = Arc::new(Cache::new(REMEMBERED));
        Self { db, clock, known }
    }

    /// An online chat.
    ///
    /// # Errors
    /// ONLINE_CHAT_NOT_FOUND, or when the database fails.
    pub async fn get(&self, id: OnlineChatId) -> Result<Arc<OnlineChat>, Refusal> {
        let now = self.clock.now();
        if let Some((chat, read)) = self.known.get(&id)
            && now < read + FRESH
        {
            return Ok(chat);
        }
        let found = self.db.tx(
            SystemScope::for_job("read an online chat by its key"),
            move |tx| Box::pin(async move { online_chats::find_by_key(tx, id).await }),
        );
        match found.await? {
            Some(chat) => {
                let chat = Arc::new(chat);
                self.known.insert(id, (Arc::clone(&chat), now));
                Ok(chat)
            }
            None => Err(Refusal::online_chat_not_found(id)),
        }
    }

    /// Forgets an online chat that was changed here.
    pub fn forget(&self, id: OnlineChatId) {
        self.known.remove(&id);
    }
}
