//! WatchVisitor: what comes after a place, then what comes later.
//!
//! A stream is one state machine without a task of its own: it runs when the transport asks for the next item. An idle one
//! holds its place, what it last showed of each open conversation, a hint receiver and a timer; the futures that speak to
//! the hub are made when needed and dropped.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{DeliveryOutcome, DeliveryReport};
use api::onlinechat::v1::watch_visitor_response::Event;
use api::onlinechat::v1::{VisitorConversation, VisitorHeartbeat, WatchVisitorResponse};
use futures::Stream;
use futures::stream::{BoxStream, unfold};
use kit::Refusal;
use time::OffsetDateTime;
use tonic::Status;
use types::{Clock, OnlineChatId};

use super::watchers::{Hints, Watch};
use crate::domain::session::Session;
use crate::grpc::visitors::wire;
use crate::hub::Chat;
use crate::state::State;
use connector::jittered;

/// How often a quiet stream gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How long a new stream waits for its subscription before it reads without one.
const SUBSCRIBING: Duration = Duration::from_millis(500);
/// How often a stream looks by itself while hints arrive: a net for a hint that the hub could not publish.
const SLOW: Duration = Duration::from_secs(120);
/// And while they do not.
const FAST: Duration = Duration::from_secs(5);
/// When a stream tries again after the hub failed.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// Messages in one reading.
const PAGE: i32 = 50;
/// Open conversations that the hub lists at most. With so many, one that is missing is not known to be closed.
const LISTED: usize = 100;

/// The stream of one open window.
pub struct VisitorStream(BoxStream<'static, Result<WatchVisitorResponse, Status>>);

impl VisitorStream {
    /// What comes after place `after` in `chat`, until `session` ends.
    #[must_use]
    pub fn new(state: State, session: &Session, chat: Chat, watch: Watch, after: i64) -> Self {
        let now = state.clock.now();
        let window = Box::new(Window {
            online_chat: session.online_chat,
            expire_time: session.expire_time,
            chat,
            watch,
            place: after,
            shown: Vec::new(),
            ready: VecDeque::new(),
            next: Next::Subscribe,
            seen: Hints::default(),
            receipts_due: true,
            heartbeat_at: now + HEARTBEAT,
            look_at: now + SLOW,
            state,
        });
        let items = unfold(Some(window), |window| async move {
            let mut window = window?;
            match window.step().await {
                Step::Item(event) => Some((
                    Ok(WatchVisitorResponse { event: Some(event) }),
                    Some(window),
                )),
                Step::Refused(refusal) => Some((Err(refusal.into()), None)),
                Step::End => None,
            }
        });
        Self(Box::pin(items))
    }
}

impl Stream for VisitorStream {
    type Item = Result<WatchVisitorResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

/// What the stream does when nothing is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Subscribe,
    Messages,
    Conversations,
    Receipts,
    Wait,
}

enum Step {
    Item(Event),
    Refused(Refusal),
    End,
}

struct Window {
    state: State,
    online_chat: OnlineChatId,
    expire_time: OffsetDateTime,
    chat: Chat,
    watch: Watch,
    /// Place of the newest message that the browser has.
    place: i64,
    /// The open conversations as the browser has them.
    shown: Vec<VisitorConversation>,
    ready: VecDeque<Event>,
    next: Next,
    /// The hints that were followed.
    seen: Hints,
    receipts_due: bool,
    heartbeat_at: OffsetDateTime,
    look_at: OffsetDateTime,
}

impl Window {
    async fn step(&mut self) -> Step {
        loop {
            if let Some(event) = self.ready.pop_front() {
                if self.ready.is_empty() {
                    self.ready = VecDeque::new();
                }
                self.heartbeat_at = self.state.clock.now() + HEARTBEAT;
                return Step::Item(event);
            }
            match self.next {
                Next::Subscribe => self.subscribe().await,
                Next::Messages => Box::pin(self.read_messages()).await,
                Next::Conversations => Box::pin(self.read_conversations()).await,
                Next::Receipts => Box::pin(self.report_delivered()).await,
                Next::Wait => {
                    if let Some(step) = self.wait().await {
                        return step;
                    }
                }
            }
        }
    }

    /// Reading begins when hints arrive: what happens after that reading is then hinted at.
    async fn subscribe(&mut self) {
        if self.state.watchers.is_online() {
            // Redis does not wait for the time of a test.
            let patience = Clock::system();
            tokio::select! {
                _ = self.watch.hints.wait_for(|hints| hints.subscribed) => {}
                () = patience.sleep(SUBSCRIBING) => {}
                () = self.state.stopping.cancelled() => {}
            }
        }
        self.seen = *self.watch.hints.borrow_and_update();
        self.next = Next::Messages;
    }

    /// The next messages after the place; conversations follow when there are no more.
    async fn read_messages(&mut self) {
        let read = async {
            let online_chat = self.state.online_chats.get(self.online_chat).await?;
            let after = Some(Position::AfterSeq(self.place));
            let page = self.state.hub.messages(self.chat, "", PAGE, after).await?;
            Ok::<_, Refusal>((online_chat, page))
        };
        let (online_chat, page) = match read.await {
            Ok(read) => read,
            Err(refusal) => return self.failed(&refusal),
        };
        let before = self.place;
        for message in page
            .messages
            .into_iter()
            .filter(|message| message.seq > before)
        {
            self.place = self.place.max(message.seq);
            self.ready.push_back(Event::Message(wire::message(
                &online_chat.settings,
                message,
            )));
        }
        let more = page.has_more && self.place > before;
        self.next = if more {
            Next::Messages
        } else {
            Next::Conversations
        };
    }

    /// What differs from what the browser has.
    async fn read_conversations(&mut self) {
        let read = async {
            let online_chat = self.state.online_chats.get(self.online_chat).await?;
            let open = self.state.hub.conversations(self.chat).await?;
            Ok::<_, Refusal>((online_chat, open))
        };
        let (online_chat, open) = match read.await {
            Ok(read) => read,
            Err(refusal) => return self.failed(&refusal),
        };
        let complete = open.len() < LISTED;
        self.show(
            wire::conversations(online_chat.settings.mode, open),
            complete,
        );
        self.look_at = self.state.clock.now() + jittered(self.interval());
        self.next = if self.receipts_due {
            Next::Receipts
        } else {
            Next::Wait
        };
    }

    fn show(&mut self, open: Vec<VisitorConversation>, complete: bool) {
        let before = std::mem::take(&mut self.shown);
        let is_open =
            |shown: &VisitorConversation| open.iter().any(|open| open.thread_id == shown.thread_id);
        if complete {
            for closed in before.iter().filter(|shown| !is_open(shown)) {
                self.ready
                    .push_back(Event::Conversation(VisitorConversation {
                        open: false,
                        can_finish: false,
                        ..closed.clone()
                    }));
            }
        }
        let changed = open.iter().filter(|open| !before.contains(open)).cloned();
        self.ready.extend(changed.map(Event::Conversation));
        self.shown = open;
    }

    /// Everything up to the place was given to the transport: deliveries up to there have arrived.
    async fn report_delivered(&mut self) {
        self.receipts_due = false;
        self.next = Next::Wait;
        let delivered = self
            .state
            .receipts
            .take(self.chat.visitor, self.place)
            .await;
        if delivered.is_empty() {
            return;
        }
        let report = |delivery_id| DeliveryReport {
            delivery_id,
            outcome: DeliveryOutcome::Delivered.into(),
            ..DeliveryReport::default()
        };
        let reports = delivered.into_iter().take(500).map(report).collect();
        if let Err(status) = self.state.hub.report(reports).await {
            tracing::debug!(code = ?status.code(), visitor.id = %self.chat.visitor, "deliveries stay at sent");
        }
    }

    /// Waits for a hint, a moment to look or to give a sign of life, or the end.
    async fn wait(&mut self) -> Option<Step> {
        self.follow_hints();
        let now = self.state.clock.now();
        if self.next != Next::Wait {
            return None;
        }
        if now >= self.expire_time {
            return Some(Step::End);
        }
        if now >= self.look_at {
            self.next = Next::Messages;
            return None;
        }
        if now >= self.heartbeat_at {
            self.heartbeat_at = now + HEARTBEAT;
            return Some(Step::Item(Event::Heartbeat(VisitorHeartbeat {})));
        }
        let until = self.expire_time.min(self.look_at).min(self.heartbeat_at);
        let rest = Duration::try_from(until - now).unwrap_or_default();
        tokio::select! {
            // The sender lives as long as this watch.
            _ = self.watch.hints.changed() => None,
            () = self.state.clock.sleep(rest) => None,
            () = self.state.stopping.cancelled() => Some(Step::Refused(Refusal::shutting_down())),
        }
    }

    fn follow_hints(&mut self) {
        let hints = *self.watch.hints.borrow_and_update();
        let before = std::mem::replace(&mut self.seen, hints);
        self.receipts_due |= hints.noted != before.noted;
        let unread_answer = hints.newest > before.newest && hints.newest > self.place;
        if hints.changes != before.changes || unread_answer {
            self.next = Next::Messages;
        } else if self.receipts_due {
            self.next = Next::Receipts;
        }
        if before.subscribed && !hints.subscribed {
            self.look_at = self.look_at.min(self.state.clock.now() + jittered(FAST));
        }
    }

    fn interval(&self) -> Duration {
        if self.seen.subscribed { SLOW } else { FAST }
    }

    /// The hub or the database is away: the stream stays, and looks again.
    fn failed(&mut self, refusal: &Refusal) {
        tracing::debug!(reason = refusal.reason_name(), visitor.id = %self.chat.visitor, "a stream could not read; it tries again");
        self.look_at = self.state.clock.now() + jittered(AFTER_FAILURE);
        self.next = Next::Wait;
    }
}
