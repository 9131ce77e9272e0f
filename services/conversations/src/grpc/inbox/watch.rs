//! What changes in the imBox, live.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use access::Viewer;
use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    Heartbeat, InboxChange, Reset, ResetCause, WatchInboxRequest, WatchInboxResponse,
};
use auth::{Caller, Permission};
use events::Place;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use kit::Refusal;
use time::OffsetDateTime;
use tonic::{Request, Status};
use types::{AccountId, Clock};

use super::Inbox;
use crate::grpc::viewer;
use crate::live::{Cursor, LiveEvent, Missed, Subscription};

/// How often a quiet stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// How often a quiet stream looks whether the caller's session was ended.
const SESSION_CHECK: Duration = Duration::from_secs(1);

pub async fn watch_inbox(
    inbox: &Inbox,
    request: &Request<WatchInboxRequest>,
) -> Result<BoxStream<'static, Result<WatchInboxResponse, Status>>, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let account = caller.scope()?.account();
    let cursor = Cursor::decode(&request.get_ref().cursor, account)?;
    // Listen first, then look at what was missed: nothing falls in between.
    let subscription = inbox.live.subscribe(account);
    let from = cursor.map_or(subscription.began, |cursor| cursor.0);
    let missed = inbox.live.missed(account, from, subscription.began).await?;
    let mut watch = Watch {
        viewer: viewer(&caller),
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
    caller: Caller,
    viewer: Viewer,
    account: AccountId,
    /// The newest event that was sent or passed over.
    at: Place,
    clock: Clock,
    /// What was missed before the stream began.
    waiting: VecDeque<Arc<LiveEvent>>,
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
                    Waited::TooSlow => {
                        self.state = State::Reset(ResetCause::SlowReader);
                        continue;
                    }
                },
            };
            if event.place.position <= self.at.position {
                continue;
            }
            self.at = event.place;
            if let Some(change) = visible(&event, self.viewer) {
                return Some(Ok(self.step(Event::Change(change))));
            }
        }
    }

    async fn wait(&mut self) -> Waited {
        tokio::select! {
            biased;
            event = self.subscription.queue.recv() => event.map_or(Waited::TooSlow, Waited::Event),
            () = self.subscription.stopping.cancelled() => Waited::Stopping,
            () = self.clock.sleep(SESSION_CHECK) => {
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

enum Waited {
    Event(Arc<LiveEvent>),
    Quiet,
    Heartbeat,
    TooSlow,
    Stopping,
}

/// The change as the viewer may see it; `None` for a hidden conversation.
fn visible(event: &LiveEvent, viewer: Viewer) -> Option<InboxChange> {
    let visibility = viewer.sees();
    if visibility == access::Visibility::Hidden {
        return None;
    }
    let mut conversation = event.event.conversation.clone()?;
    let mut message = event.event.message.clone();
    crate::wire::restrict(&mut conversation, visibility);
    if !visibility.shows_messages() {
        message = None;
    }
    Some(InboxChange {
        kind: event.event.kind,
        conversation: Some(conversation),
        message,
    })
}
