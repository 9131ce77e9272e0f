//! The feed, live. A stream reads it only after an event that can be in it.

use std::sync::Arc;
use std::time::Duration;

use api::conversations::v1::watch_notifications_response::Event;
use api::conversations::v1::{
    ChangeKind, Heartbeat, NotificationNews, UnreadNotifications, WatchNotificationsRequest,
    WatchNotificationsResponse,
};
use auth::{Caller, Permission};
use futures::stream::BoxStream;
use kit::Refusal;
use time::OffsetDateTime;
use tokio::sync::watch;
use tonic::{Request, Status};
use types::{AccountId, Clock};
use uuid::Uuid;

use super::Notifications;
use super::feed::{self, END, Page};
use crate::consumers::notifications::kind;
use crate::domain::notification::may_concern;
use crate::grpc::conversation::Error;
use crate::grpc::{HEARTBEAT, caller_id, quiet, seeing, until_refused};
use crate::live::{Cursor, Subscription, Told};
use crate::store::notifications::{self, Span};

/// How long at least between two readings.
const PAUSE: Duration = Duration::from_millis(200);

/// How many entries a step tells.
const TOLD: i64 = 20;

pub async fn watch_notifications(
    service: &Notifications,
    request: &Request<WatchNotificationsRequest>,
) -> Result<BoxStream<'static, Result<WatchNotificationsResponse, Status>>, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let account = caller.scope()?.account();
    let cursor = Cursor::decode(&request.get_ref().cursor, account)?;
    let subscription = service.live.subscribe(account);
    let watch = Watch {
        rights: service.live.rights(account, 0),
        epoch: 0,
        at: cursor.map(|cursor| cursor.0.position),
        wanted: Some(subscription.began.position),
        subscription,
        reader: caller_id(&caller),
        account,
        caller,
        service: service.clone(),
        told: None,
        sent: service.clock.now(),
    };
    Ok(until_refused(watch, |watch| Box::pin(watch.next())))
}

/// One stream.
struct Watch {
    service: Notifications,
    caller: Caller,
    account: AccountId,
    reader: Uuid,
    /// Epoch of the rights under which was last read.
    epoch: i64,
    /// The newest epoch.
    rights: watch::Receiver<i64>,
    subscription: Subscription,
    /// The newest entry that was told; `None` before the first reading.
    at: Option<i64>,
    /// The event up to which the feed has to be filled before it need not be read again; `None` when it need not.
    wanted: Option<i64>,
    /// What was last told.
    told: Option<UnreadNotifications>,
    /// When something was last sent.
    sent: OffsetDateTime,
}

enum Waited {
    Something,
    Quiet,
    Stopping,
}

enum Heard {
    /// `None`: some were lost.
    Event(Option<Arc<Told>>),
    RightsChanged(i64),
    Nothing,
    Stopping,
}

/// The feed at one moment.
struct Look {
    epoch: i64,
    filled: i64,
    unread: UnreadNotifications,
    mark: i64,
    page: Page,
}

impl Watch {
    async fn next(&mut self) -> Result<WatchNotificationsResponse, Refusal> {
        let event = self.step().await?;
        self.sent = self.service.clock.now();
        Ok(WatchNotificationsResponse { event: Some(event) })
    }

    async fn step(&mut self) -> Result<Event, Refusal> {
        loop {
            self.caller.check_session()?;
            if self.wanted.is_some()
                && let Some(news) = self.read().await?
            {
                return Ok(Event::News(news));
            }
            match self.wait().await {
                Waited::Something => {}
                Waited::Quiet if self.service.clock.now() - self.sent < HEARTBEAT => {}
                Waited::Quiet => return Ok(Event::Heartbeat(Heartbeat {})),
                Waited::Stopping => return Err(Refusal::shutting_down()),
            }
        }
    }

    /// What is new since the last reading; `None` when nothing is.
    async fn read(&mut self) -> Result<Option<NotificationNews>, Refusal> {
        let look = self.look().await?;
        self.epoch = self.epoch.max(look.epoch);
        self.wanted = self.wanted.filter(|wanted| look.filled < *wanted);
        let newest = look.page.seen.first().map(feed::Seen::position);
        let at = self
            .at
            .max(Some(look.filled))
            .max(newest)
            .unwrap_or_default();
        let is_told = self.told == Some(look.unread);
        self.at = Some(at);
        if is_told && look.page.seen.is_empty() {
            return Ok(None);
        }
        self.told = Some(look.unread);
        let seen = look.page.seen.iter();
        Ok(Some(NotificationNews {
            unread: Some(look.unread),
            notifications: seen
                .map(|seen| seen.wire(self.account, look.mark))
                .collect(),
            incomplete: look.page.next.is_some(),
            cursor: feed::cursor(self.account, at),
        }))
    }

    async fn look(&self) -> Result<Look, Refusal> {
        let (reader, after) = (self.reader, self.at);
        let service = &self.service;
        seeing(&service.db, &service.rights, &self.caller, move |tx, by| {
            Box::pin(async move {
                // Before the entries: they are at least as new as this says.
                let filled = notifications::filled(tx, by.scope).await?;
                let mark = notifications::mark(tx, by.scope, reader).await?;
                let page = match after {
                    Some(after) => {
                        let span = Span { before: END, after };
                        feed::read(tx, &by, reader, span, TOLD).await?
                    }
                    None => Page::default(),
                };
                Ok::<_, Error>(Look {
                    epoch: by.viewer.account.as_ref().map_or(0, |it| it.epoch),
                    filled,
                    unread: feed::unread(tx, &by, reader, mark).await?,
                    mark,
                    page,
                })
            })
        })
        .await
    }

    async fn wait(&mut self) -> Waited {
        if self.wanted.is_none() {
            let quiet = match self.listen().await {
                Heard::Event(event) => {
                    self.take(event);
                    false
                }
                Heard::RightsChanged(newest) => {
                    self.epoch = newest;
                    self.wanted = Some(0);
                    false
                }
                Heard::Nothing => true,
                Heard::Stopping => return Waited::Stopping,
            };
            if self.wanted.is_none() {
                return if quiet {
                    Waited::Quiet
                } else {
                    Waited::Something
                };
            }
        }
        if self.subscription.stopping.is_cancelled() {
            return Waited::Stopping;
        }
        // Meanwhile the feed is filled, and what happens at once is read at once.
        Clock::system().sleep(PAUSE).await;
        while let Ok(event) = self.subscription.queue.try_recv() {
            self.take(Some(event));
        }
        Waited::Something
    }

    /// Waits for something that can change the feed.
    async fn listen(&mut self) -> Heard {
        let epoch = self.epoch;
        tokio::select! {
            biased;
            () = self.subscription.stopping.cancelled() => Heard::Stopping,
            changed = self.rights.wait_for(|newest| *newest > epoch) => match changed {
                Ok(newest) => Heard::RightsChanged(*newest),
                // Nobody looks any more: the process stops.
                Err(_) => Heard::Stopping,
            },
            event = self.subscription.queue.recv() => Heard::Event(event),
            () = quiet(&self.service.clock, &self.caller, self.sent) => Heard::Nothing,
        }
    }

    /// An event; `None`: some were lost.
    fn take(&mut self, event: Option<Arc<Told>>) {
        let position = match event {
            Some(told) if !self.concerns(&told) => return,
            Some(told) => told.event.place.position,
            None => {
                self.subscription = self.service.live.subscribe(self.account);
                self.subscription.began.position
            }
        };
        self.wanted = self.wanted.max(Some(position));
    }

    /// May the event change what this reader is told?
    fn concerns(&self, told: &Told) -> bool {
        let event = &told.event.event;
        if event.notifications_read_by_id[..] == self.reader.as_bytes()[..] {
            return true;
        }
        match kind(event) {
            None => false,
            // Somebody else may have become responsible for what was everybody's.
            Some(_) if event.kind() == ChangeKind::CardChanged => true,
            Some(_) => {
                let cards = told.cards.as_ref();
                cards.is_none_or(|cards| may_concern(cards, self.caller.user()))
            }
        }
    }
}
