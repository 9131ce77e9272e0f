//! This service's own events feed the search index, and what it finds clients by, off the path of the commit.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use api::conversations::internal::v1::ConversationEvent;
use events::{Carrier, Event, Failure, LocalSource};
use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::{Db, Tx};
use prost::Message as _;
use types::{AccountId, ChatId, Clock};
use uuid::Uuid;

use crate::changes::EVENT_KIND;
use crate::domain::profile::Profile;
use crate::store::profiles::{self, Profiles};
use crate::store::search::{self, At, CONSUMER, chats};

/// A message may be found this much later; a batch costs its transaction, which the path of a message pays for.
const REST: Duration = Duration::from_millis(250);

/// Starts indexing.
pub fn spawn(db: &Db, carrier: Carrier, clock: &Clock, life: &Lifecycle) {
    let source = Arc::new(LocalSource(db.clone()));
    let effect = Arc::new(SearchIndex(clock.clone()));
    events::consume(db.clone(), CONSUMER, carrier, source, effect, life);
}

/// What the events do to the index.
struct SearchIndex(Clock);

impl events::Effect for SearchIndex {
    fn takes_batches(&self) -> bool {
        true
    }

    fn rest(&self) -> Duration {
        REST
    }

    fn apply_all<'t>(
        &'t self,
        tx: &'t mut Tx,
        events: &'t [Event],
    ) -> BoxFuture<'t, Result<(), Failure>> {
        Box::pin(async move {
            let mut messages = Vec::with_capacity(events.len());
            let mut chats: BTreeSet<(AccountId, ChatId)> = BTreeSet::new();
            let mut told = Profiles::new();
            for event in events.iter().filter(|event| event.kind == EVENT_KIND) {
                let news = news(event).map_err(Failure::Poison)?;
                messages.extend(news.message);
                chats.extend(news.chat.map(|chat| (news.account, chat)));
                if let (Some(chat), Some(profile)) = (news.chat, news.profile) {
                    let known = told.entry((news.account, chat)).or_default();
                    *known = std::mem::take(known).renewed(&profile);
                }
            }
            profiles::keep(tx, &told).await?;
            let stale = chats::stale(tx, &chats).await?;
            let accounts = messages.iter().map(|at| at.account);
            search::lock(tx, accounts.chain(stale.keys().copied())).await?;
            search::feed(tx, &messages).await?;
            for (account, chats) in stale {
                chats::feed(tx, account, &chats).await?;
            }
            self.note_lag(events);
            Ok(())
        })
    }

    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        self.apply_all(tx, std::slice::from_ref(event))
    }
}

impl SearchIndex {
    /// From the commit of the oldest event to its place in the index.
    fn note_lag(&self, events: &[Event]) {
        let oldest = events.first().and_then(|event| event.create_time.as_ref());
        if let Some(stored) = oldest.and_then(kit::time::from_proto) {
            let lag = (self.0.now() - stored).as_seconds_f64().max(0.0);
            metrics::histogram!("beseda_search_lag_seconds").record(lag);
        }
    }
}

/// What an event is about.
struct News {
    account: AccountId,
    message: Option<At>,
    chat: Option<ChatId>,
    /// What the channel told of the client with it.
    profile: Option<Profile>,
}

fn news(event: &Event) -> Result<News, String> {
    let account = Uuid::from_slice(&event.account_id).map_err(|error| error.to_string())?;
    let told = ConversationEvent::decode(&event.payload[..])
        .map_err(|error| format!("the payload does not decode: {error}"))?;
    let profile = match told.group {
        // In a group each message is somebody else's.
        true => None,
        false => Profile::of_facts(|name| told.facts.get(name)),
    };
    let no_id = |error| format!("no id: {error}");
    let message: Option<Result<At, String>> = told.message.map(|message| {
        Ok(At {
            account: account.into(),
            conversation: message.conversation_id.parse().map_err(no_id)?,
            seq: message.seq,
            message: message.id.parse().map_err(no_id)?,
        })
    });
    let chat = told
        .conversation
        .map(|it| it.chat_id.parse().map_err(no_id));
    Ok(News {
        account: account.into(),
        message: message.transpose()?,
        chat: chat.transpose()?,
        profile,
    })
}
