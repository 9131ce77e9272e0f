//! This service's own events fill the feeds of what is new, off the path of the commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api::conversations::internal::v1::ConversationEvent;
use api::conversations::v1::{AuthorKind, ChangeKind, Message};
use events::{Carrier, Event, Failure, LocalSource};
use futures::future::BoxFuture;
use kit::lifecycle::Lifecycle;
use pg::{Db, Tx};
use prost::Message as _;
use types::Clock;
use uuid::Uuid;

use crate::changes::{EVENT_KIND, previous_cards};
use crate::domain::notification::Kind;
use crate::store::notifications::{self, CONSUMER, News};

/// How long events may wait to be taken in together.
const REST: Duration = Duration::from_millis(200);

/// Starts filling feeds.
pub fn spawn(db: &Db, carrier: Carrier, clock: &Clock, life: &Lifecycle) {
    let source = Arc::new(LocalSource(db.clone()));
    let effect = Arc::new(Notifications(clock.clone()));
    events::consume(db.clone(), CONSUMER, carrier, source, effect, life);
}

/// What the events do to the feeds.
struct Notifications(Clock);

impl events::Effect for Notifications {
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
            let mut newest = HashMap::new();
            for event in events.iter().filter(|event| event.kind == EVENT_KIND) {
                let told = ConversationEvent::decode(&event.payload[..]).map_err(poison)?;
                if let Some(kind) = kind(&told) {
                    let news = self.news(event, &told, kind)?;
                    // In the order of events: the last one stays.
                    newest.insert((news.account, news.conversation, kind), news);
                }
            }
            let news: Vec<News> = newest.into_values().collect();
            Ok(notifications::add(tx, &news).await?)
        })
    }

    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        self.apply_all(tx, std::slice::from_ref(event))
    }
}

impl Notifications {
    fn news(&self, event: &Event, told: &ConversationEvent, kind: Kind) -> Result<News, Failure> {
        let conversation = told.conversation.clone().unwrap_or_default();
        let message = told.message.as_ref();
        let message = message.map(|it| Ok::<_, Failure>((it.id.parse().map_err(poison)?, it.seq)));
        let time = event.create_time.as_ref().and_then(kit::time::from_proto);
        Ok(News {
            account: Uuid::from_slice(&event.account_id).map_err(poison)?.into(),
            conversation: conversation.id.parse().map_err(poison)?,
            kind,
            position: event.position,
            message: message.transpose()?,
            previously_responsible: previous_cards(told).and_then(|cards| cards.responsible()),
            time: time.unwrap_or_else(|| self.0.now()),
        })
    }
}

/// As what an event stands in feeds, where it does.
#[must_use]
pub fn kind(told: &ConversationEvent) -> Option<Kind> {
    if told.silent {
        return None;
    }
    let by_client = told.message.as_ref().is_some_and(is_clients);
    match told.kind() {
        ChangeKind::Created | ChangeKind::Reopened if by_client => Some(Kind::NewConversation),
        ChangeKind::MessageAdded if by_client => Some(Kind::ClientMessage),
        ChangeKind::Rated => Some(Kind::Rated),
        // Only then can be said who became it.
        ChangeKind::CardChanged if told.previous.is_some() => Some(Kind::Assigned),
        _ => None,
    }
}

fn is_clients(message: &Message) -> bool {
    let author = message.author.as_ref();
    author.is_some_and(|author| author.kind() == AuthorKind::Client)
}

fn poison(error: impl std::fmt::Display) -> Failure {
    Failure::Poison(format!("the event cannot be read: {error}"))
}
