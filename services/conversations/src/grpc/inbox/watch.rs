//! What changes in the imBox, live.

use std::collections::VecDeque;
use std::sync::Arc;

use access::Visibility;
use api::conversations::internal::v1::ConversationEvent;
use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    ChangeKind, Conversation, Heartbeat, InboxChange, Reset, ResetCause, WatchInboxRequest,
    WatchInboxResponse,
};
use auth::{Caller, Permission};
use events::Place;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use kit::Refusal;
use time::OffsetDateTime;
use tokio::sync::watch;
use tonic::{Request, Status};
use types::{AccountId, Clock};

use super::Inbox;
use crate::changes::previous_cards;
use crate::domain::card::{Cards, Viewer};
use crate::grpc::conversation::Error;
use crate::grpc::{HEARTBEAT, caller_id, quiet, seeing};
use crate::live::{Cursor, Live, Missed, Subscription, Told};
use crate::wire;

pub async fn watch_inbox(
    inbox: &Inbox,
    request: &Request<WatchInboxRequest>,
) -> Result<BoxStream<'static, Result<WatchInboxResponse, Status>>, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let account = caller.scope()?.account();
    inbox.accounts.require_imbox(caller.scope()?).await?;
    let cursor = Cursor::decode(&request.get_ref().cursor, account)?;
    // Listen first, then look at what was missed and at the rights: nothing falls in between.
    let subscription = inbox.live.subscribe(account);
    let viewer: Viewer = seeing(&inbox.db, &inbox.rights, &caller, |_, by| {
        Box::pin(async move { Ok::<_, Error>(by.viewer) })
    })
    .await?;
    let epoch = viewer.account.as_ref().map_or(0, |account| account.epoch);
    let from = cursor.map_or(subscription.began, |cursor| cursor.0);
    let missed = inbox.live.missed(account, from, subscription.began).await?;
    let mut watch = Watch {
        rights: inbox.live.rights(account, epoch),
        live: inbox.live.clone(),
        epoch,
        viewer,
        caller,
        account,
        at: from,
        clock: inbox.clock.clone(),
        waiting: VecDeque::new(),
        subscription,
        sent: inbox.clock.now(),
        state: State::Live,
    };
    watch.begin(missed, cursor.is_none());
    Ok(stream::unfold(watch, |mut watch| async move {
        watch.next().await.map(|step| (step, watch))
    })
    .boxed())
}

/// One stream.
struct Watch {
    live: Live,
    caller: Caller,
    viewer: Viewer,
    /// Epoch of the viewer's rights.
    epoch: i64,
    /// The newest epoch.
    rights: watch::Receiver<i64>,
    account: AccountId,
    /// The newest event that was sent or passed over.
    at: Place,
    clock: Clock,
    /// What was missed before the stream began.
    waiting: VecDeque<Arc<Told>>,
    subscription: Subscription,
    /// When something was last sent.
    sent: OffsetDateTime,
    state: State,
}

enum State {
    /// Tell the client where it stands.
    Greet,
    Live,
    /// Tell the client to list again, then end.
    Reset(ResetCause),
    Ended,
}

impl Watch {
    fn begin(&mut self, missed: Missed, is_new: bool) {
        match missed {
            Missed::Events(events) => self.waiting = events.into(),
            Missed::TooOld => self.state = State::Reset(ResetCause::CursorTooOld),
        }
        if is_new {
            // So that a client whose stream breaks before the first change can resume.
            self.state = State::Greet;
        }
    }

    async fn next(&mut self) -> Option<Result<WatchInboxResponse, Status>> {
        loop {
            match self.state {
                State::Ended => return None,
                State::Greet => {
                    self.state = State::Live;
                    return Some(Ok(self.step(Event::Heartbeat(Heartbeat {}))));
                }
                State::Reset(cause) => {
                    self.state = State::Ended;
                    return Some(Ok(self.step(Event::Reset(Reset {
                        cause: cause.into(),
                    }))));
                }
                State::Live => {}
            }
            if let Err(refusal) = self.caller.check_session() {
                self.state = State::Ended;
                return Some(Err(refusal.into()));
            }
            let event = match self.waiting.pop_front() {
                Some(event) => event,
                None => match self.wait().await {
                    Waited::Event(event) => event,
                    Waited::Quiet => continue,
                    Waited::Heartbeat => {
                        return Some(Ok(self.step(Event::Heartbeat(Heartbeat {}))));
                    }
                    Waited::Stopping => {
                        self.state = State::Ended;
                        return Some(Err(Refusal::shutting_down().into()));
                    }
                    Waited::RightsChanged => {
                        self.state = State::Reset(ResetCause::RightsChanged);
                        continue;
                    }
                    Waited::TooSlow => {
                        self.state = State::Reset(ResetCause::SlowReader);
                        continue;
                    }
                },
            };
            if event.event.place.position <= self.at.position {
                continue;
            }
            match self.look(&event).await {
                Ok(seen) => {
                    self.at = event.event.place;
                    if let Some(seen) = seen {
                        return Some(Ok(self.step(seen)));
                    }
                }
                Err(error) => {
                    self.state = State::Ended;
                    return Some(Err(Refusal::from(error).into()));
                }
            }
        }
    }

    /// What the viewer is told of an event.
    async fn look(&self, told: &Told) -> Result<Option<Event>, pg::Error> {
        if let Some(change) = &told.event.event.writability {
            return Ok(Some(Event::Writability(change.clone())));
        }
        if let Some(change) = &told.event.event.connection_health {
            let is_told = self.caller.require_administrator().is_ok();
            return Ok(is_told.then(|| Event::ConnectionHealth(change.clone())));
        }
        let cards = match &told.cards {
            Some(cards) => cards,
            None => &self.live.cards(&told.event).await?,
        };
        let event = &told.event.event;
        let of = &event.favourite_of_id;
        if !of.is_empty() && of[..] != caller_id(&self.caller).as_bytes()[..] {
            return Ok(None);
        }
        Ok(visible(event, cards, &self.viewer).map(Event::Change))
    }

    async fn wait(&mut self) -> Waited {
        tokio::select! {
            biased;
            () = changed(&mut self.rights, self.epoch) => Waited::RightsChanged,
            event = self.subscription.queue.recv() => event.map_or(Waited::TooSlow, Waited::Event),
            () = self.subscription.stopping.cancelled() => Waited::Stopping,
            () = quiet(&self.clock, &self.caller, self.sent) => {
                if self.clock.now() - self.sent < HEARTBEAT { Waited::Quiet } else { Waited::Heartbeat }
            }
        }
    }

    fn step(&mut self, event: Event) -> WatchInboxResponse {
        self.sent = self.clock.now();
        WatchInboxResponse {
            cursor: Cursor(self.at).encode(self.account),
            event: Some(event),
        }
    }
}

/// Ends when the rights are newer than those of `epoch`.
async fn changed(rights: &mut watch::Receiver<i64>, epoch: i64) {
    if rights.wait_for(|newest| *newest > epoch).await.is_err() {
        // Nobody looks any more: the process stops.
        std::future::pending::<()>().await;
    }
}

enum Waited {
    Event(Arc<Told>),
    RightsChanged,
    Quiet,
    Heartbeat,
    TooSlow,
    Stopping,
}

/// The change as the viewer may see it; `None` for a conversation that is hidden and was hidden before.
fn visible(event: &ConversationEvent, cards: &Cards, viewer: &Viewer) -> Option<InboxChange> {
    let mut conversation = event.conversation.clone()?;
    let sight = viewer.sight(cards);
    if sight.visibility == Visibility::Hidden {
        let before = previous_cards(event)?;
        let was_seen = viewer.sight(&before).visibility != Visibility::Hidden;
        return was_seen.then(|| InboxChange {
            kind: ChangeKind::Hidden.into(),
            conversation: Some(Conversation {
                id: conversation.id,
                ..Conversation::default()
            }),
            message: None,
            silent: false,
        });
    }
    wire::restrict(&mut conversation, &sight);
    Some(InboxChange {
        kind: event.kind,
        conversation: Some(conversation),
        message: event
            .message
            .clone()
            .filter(|_| sight.visibility.shows_messages()),
        silent: event.silent,
    })
}
