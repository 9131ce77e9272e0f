//! WatchCabinetMessages: what comes after a place, then what comes later.
//!
//! The hub's history is the truth. A delivery that this replica takes wakes the streams of its client and no others; besides, a stream looks
//! every three seconds, so that one on another replica has the answer soon, too.

use std::collections::VecDeque;
use std::time::Duration;

use api::cabinet::v1::watch_cabinet_messages_response::Event;
use api::cabinet::v1::{
    CabinetHeartbeat, WatchCabinetMessagesRequest, WatchCabinetMessagesResponse,
};
use api::connector::v1::list_chat_messages_request::Position;
use connector::jittered;
use futures::stream::{BoxStream, unfold};
use kit::Refusal;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tonic::{Request, Status};
use types::{CabinetClientId, Clock};

use super::caller::Caller;
use super::messages::to_proto;
use crate::grpc::sessions::bearer;
use crate::hub::Chat;
use crate::state::{Parts, State};

/// How often a stream looks by itself.
const LOOK: Duration = Duration::from_secs(3);
/// How often a quiet stream gives a sign of life. Then, and when it is woken, it is asked whether its session still holds.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Messages in one reading.
const PAGE: i32 = 50;

pub(super) type Messages = BoxStream<'static, Result<WatchCabinetMessagesResponse, Status>>;

pub(super) async fn watch(
    state: &State,
    request: &Request<WatchCabinetMessagesRequest>,
) -> Result<Messages, Refusal> {
    let caller = Caller::of(state, request).await?;
    let after = request.get_ref().after_seq;
    if after < 0 {
        return Err(Refusal::field("after_seq", "must not be negative"));
    }
    let window = Window {
        state: State::clone(state),
        token: bearer(request.metadata())?.to_owned(),
        chat: caller.chat()?,
        expire_time: caller.expire_time,
        place: after,
        ready: VecDeque::new(),
        // Heard from now on, before the first reading: an answer that comes meanwhile is not missed.
        answers: state.answers.subscribe(),
        alive_at: state.clock.now() + HEARTBEAT,
    };
    Ok(Box::pin(unfold(Some(window), |window| async move {
        let mut window = window?;
        match window.next().await {
            Ok(event) => {
                let event = Some(event);
                Some((Ok(WatchCabinetMessagesResponse { event }), Some(window)))
            }
            Err(refusal) => Some((Err(refusal.into()), None)),
        }
    })))
}

struct Window {
    state: State,
    /// The session's token: it may end while the stream lives.
    token: String,
    chat: Chat,
    expire_time: OffsetDateTime,
    /// Place of the newest message that the browser has.
    place: i64,
    ready: VecDeque<Event>,
    answers: broadcast::Receiver<CabinetClientId>,
    alive_at: OffsetDateTime,
}

impl Window {
    async fn next(&mut self) -> Result<Event, Refusal> {
        // Redis and the hub do not wait for the time of a test.
        let (patience, state) = (Clock::system(), State::clone(&self.state));
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let now = self.state.clock.now();
            if now >= self.expire_time {
                return Err(Refusal::token_expired());
            }
            if now >= self.alive_at {
                self.alive_at = now + HEARTBEAT;
                Caller::with_token(&self.state, &self.token).await?;
                return Ok(Event::Heartbeat(CabinetHeartbeat {}));
            }
            self.read().await;
            if !self.ready.is_empty() {
                continue;
            }
            tokio::select! {
                () = answered(&mut self.answers, self.chat.client) => {
                    Caller::with_token(&self.state, &self.token).await?;
                }
                () = patience.sleep(jittered(LOOK)) => {}
                () = state.stopping.cancelled() => return Err(Refusal::shutting_down()),
            }
        }
    }

    /// The next messages after the place. While the hub is away the stream stays, and looks again.
    async fn read(&mut self) {
        let after = Some(Position::AfterSeq(self.place));
        let page = match read(&self.state, self.chat, after).await {
            Ok(page) => page,
            Err(refusal) => {
                tracing::debug!(
                    reason = refusal.reason_name(),
                    "a stream could not read; it looks again"
                );
                return;
            }
        };
        for message in page {
            self.place = self.place.max(message.seq);
            self.ready.push_back(Event::Message(to_proto(message)));
        }
    }
}

/// Waits for something new in a client's correspondence. Who missed what others were told has to look.
async fn answered(answers: &mut broadcast::Receiver<CabinetClientId>, client: CabinetClientId) {
    loop {
        match answers.recv().await {
            Ok(other) if other != client => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // The sender lives as long as the service.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

async fn read(
    state: &Parts,
    chat: Chat,
    after: Option<Position>,
) -> Result<Vec<api::connector::v1::ChatMessage>, Refusal> {
    Ok(state.hub.messages(chat, PAGE, after).await?.messages)
}
