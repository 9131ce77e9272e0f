//! WatchVisitor.

use std::time::Duration;

use api::connector::v1::DeliveryOutcome;
use api::onlinechat::v1::watch_visitor_response::Event;
use api::onlinechat::v1::{
    OnlineChat, OnlineChatMode, VisitorConversation, VisitorMessage, WatchVisitorRequest,
    WatchVisitorResponse,
};
use tonic::Streaming;

use crate::visitors::{ONE, TWO, change};
use crate::world::{Visitor, World, refusal};

/// Longer than any stream should need; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Watched(Streaming<WatchVisitorResponse>);

impl Watched {
    pub async fn open(visitor: &Visitor, after_seq: i64) -> Self {
        let request = visitor.with(WatchVisitorRequest { after_seq });
        Self(
            visitor
                .client
                .clone()
                .watch_visitor(request)
                .await
                .expect("a stream")
                .into_inner(),
        )
    }

    /// The next step; `None` at the end.
    pub async fn next(&mut self) -> Option<Event> {
        let step = tokio::time::timeout(PATIENCE, self.0.message())
            .await
            .expect("a step in time");
        step.expect("no error")
            .map(|step| step.event.expect("an event"))
    }

    /// The next message.
    pub async fn message(&mut self) -> VisitorMessage {
        loop {
            if let Event::Message(message) = self.next().await.expect("not the end") {
                return message;
            }
        }
    }

    /// Texts of the messages up to and with this one.
    pub async fn until_message(&mut self, text: &str) -> Vec<String> {
        let mut texts = Vec::new();
        while texts.last().map(String::as_str) != Some(text) {
            if let Event::Message(message) = self.next().await.expect("not the end") {
                texts.push(message.text);
            }
        }
        texts
    }

    /// The next conversation that fits.
    pub async fn conversation(
        &mut self,
        fits: impl Fn(&VisitorConversation) -> bool,
    ) -> VisitorConversation {
        loop {
            match self.next().await.expect("not the end") {
                Event::Conversation(conversation) if fits(&conversation) => return conversation,
                Event::Conversation(_) | Event::Message(_) | Event::Heartbeat(_) => {}
            }
        }
    }
}

#[tokio::test]
async fn a_stream_begins_after_a_place_and_goes_on_live() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    for number in 1..=120 {
        visitor.send("", &number.to_string()).await.expect("sent");
    }
    let mut stream = Watched::open(&visitor, 3).await;
    let caught_up = stream.until_message("120").await;
    let expected: Vec<_> = (4..=120).map(|number| number.to_string()).collect();
    assert_eq!(caught_up, expected);
    let now = stream.conversation(|_| true).await;
    assert_eq!((now.last_seq, now.open), (120, true));

    world.hub.answer(&visitor.id, "", "ответ").await;
    assert_eq!(stream.until_message("ответ").await, ["ответ"]);
    assert_eq!(
        stream
            .conversation(|it| it.unread_count == 1)
            .await
            .last_seq,
        121
    );
    visitor.send("", "из другой вкладки").await.expect("sent");
    assert_eq!(
        stream.until_message("из другой вкладки").await.len(),
        1,
        "own messages reach other tabs"
    );
}

#[tokio::test]
async fn a_conversation_that_ends_or_begins_again_is_told() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::Multiple).await;
    let visitor = world.visitor(&chat).await;
    visitor.send(ONE, "первая").await.expect("sent");
    visitor.send(TWO, "вторая").await.expect("sent");
    let mut stream = Watched::open(&visitor, 0).await;
    stream
        .conversation(|it| it.thread_id == ONE && it.open)
        .await;
    world.hub.close(&visitor.id, ONE).await;
    let closed = stream.conversation(|it| !it.open).await;
    assert_eq!(
        (closed.thread_id.as_str(), closed.number, closed.can_finish),
        (ONE, 1, false)
    );
    visitor.finish(TWO).await.expect("finished");
    assert_eq!(stream.conversation(|it| !it.open).await.thread_id, TWO);
    visitor.send(TWO, "опять").await.expect("sent");
    assert_eq!(stream.conversation(|it| it.open).await.number, 3);
}

#[tokio::test]
async fn a_delivery_is_sent_at_once_and_delivered_when_a_browser_has_it() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "вопрос").await.expect("sent");
    world.hub.answer(&visitor.id, "", "ответ").await;
    let outcome = async |wanted: DeliveryOutcome| {
        let reached = async || {
            let seen = world.hub.outcomes();
            if seen == [wanted] { Ok(()) } else { Err(seen) }
        };
        testkit::wait_for_state("the delivery's outcome", reached).await;
    };
    outcome(DeliveryOutcome::Sent).await;
    let mut stream = Watched::open(&visitor, 0).await;
    stream.until_message("ответ").await;
    // What was carried is reported when the transport asks for more.
    let listening = async { while stream.next().await.is_some() {} };
    tokio::select! { () = outcome(DeliveryOutcome::Delivered) => {}, () = listening => {} }
}

#[tokio::test]
async fn a_quiet_stream_gives_a_sign_every_20_seconds_and_ends_with_its_session() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let mut stream = Watched::open(&visitor, 0).await;
    // An hour is 180 times 20 seconds; the last of them ends the session.
    for _ in 1..180 {
        world.clock.advance(Duration::from_secs(20));
        assert!(matches!(stream.next().await, Some(Event::Heartbeat(_))));
    }
    world.clock.advance(Duration::from_secs(20));
    assert!(stream.next().await.is_none());
    insta::assert_snapshot!(refusal(visitor.conversations().await), @"Unauthenticated TOKEN_EXPIRED {}");
}

/// Lets the stream fall asleep, then moves the time.
async fn advance(world: &World) {
    types::Clock::system().sleep(Duration::from_millis(5)).await;
    world.clock.advance(Duration::from_secs(10));
}

#[tokio::test]
async fn streams_live_through_a_redis_that_dies_and_comes_back() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "вопрос").await.expect("sent");
    let mut stream = Watched::open(&visitor, 0).await;
    stream.until_message("вопрос").await;
    let redis = world.db.redis().await;
    redis.kill9().await.expect("killed");
    world.hub.answer(&visitor.id, "", "без Redis").await;
    let looking = async {
        loop {
            advance(&world).await;
        }
    };
    tokio::select! { texts = stream.until_message("без Redis") => assert_eq!(texts.len(), 1), () = looking => {} }
    redis.restart().await.expect("restarted");
    visitor.send("", "снова").await.expect("sent");
    let mut other = Watched::open(&visitor, 0).await;
    other.until_message("снова").await;
    // The hint of this one is the only way: the time stands still.
    let carried = async { stream.until_message("жив").await };
    let (carried, ()) = tokio::join!(carried, async {
        testkit::wait_for("the subscription is back", async || {
            (subscriptions(&world).await > 0).then_some(())
        })
        .await;
        visitor.send("", "жив").await.expect("sent");
    });
    assert_eq!(carried, ["снова", "жив"]);
}

async fn subscriptions(world: &World) -> usize {
    let client = redis::Client::open(world.db.redis_url().await).expect("a URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("Redis");
    let channels: Vec<String> = redis::cmd("PUBSUB")
        .arg("CHANNELS")
        .arg("hub:chat:*")
        .query_async(&mut connection)
        .await
        .expect("channels");
    channels.len()
}

#[tokio::test]
async fn subscriptions_end_with_their_streams() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "вопрос").await.expect("sent");
    let count = async |wanted: usize| {
        testkit::wait_for_state("subscriptions", async || {
            let seen = subscriptions(&world).await;
            if seen == wanted { Ok(()) } else { Err(seen) }
        })
        .await;
    };
    let (one, two) = (
        Watched::open(&visitor, 0).await,
        Watched::open(&visitor, 0).await,
    );
    count(1).await;
    drop((one, two));
    count(0).await;
}

#[tokio::test]
async fn a_stream_outlives_a_hub_that_fails_for_a_while() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "вопрос").await.expect("sent");
    world.hub.fail(1);
    let mut stream = Watched::open(&visitor, 0).await;
    let looking = async {
        loop {
            advance(&world).await;
        }
    };
    tokio::select! { texts = stream.until_message("вопрос") => assert_eq!(texts.len(), 1), () = looking => {} }
}

#[tokio::test]
async fn one_visitor_has_20_streams_at_most() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(Watched::open(&visitor, 0).await);
    }
    let request = visitor.with(WatchVisitorRequest { after_seq: 0 });
    insta::assert_snapshot!(
        refusal(visitor.client.clone().watch_visitor(request).await),
        @"ResourceExhausted RATE_LIMITED {}"
    );
    let wrong = visitor.with(WatchVisitorRequest { after_seq: -1 });
    insta::assert_snapshot!(
        refusal(visitor.client.clone().watch_visitor(wrong).await),
        @"InvalidArgument FIELD_INVALID {after_seq: must not be negative}"
    );
}

#[tokio::test]
async fn a_quiet_stream_reads_nothing_and_a_hint_costs_one_reading() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "вопрос").await.expect("sent");
    let mut stream = Watched::open(&visitor, 0).await;
    stream.conversation(|_| true).await;
    let before = world.hub.reads();
    change(
        &world,
        OnlineChat {
            show_sender_name: false,
            ..chat
        },
        "show_sender_name",
    )
    .await;
    visitor.send("", "ещё").await.expect("sent");
    stream.conversation(|it| it.last_seq == 2).await;
    assert_eq!(world.hub.reads() - before, 1);
}

#[tokio::test]
async fn a_stream_on_another_replica_hears_of_everything() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    visitor.send("", "вопрос").await.expect("sent");
    let elsewhere = Visitor {
        client: world.another_replica().await,
        token: visitor.token.clone(),
        id: visitor.id.clone(),
        started: visitor.started.clone(),
    };
    let mut stream = Watched::open(&elsewhere, 0).await;
    stream.until_message("вопрос").await;
    for number in 1..=20 {
        let (question, answer) = (format!("вопрос {number}"), format!("ответ {number}"));
        visitor.send("", &question).await.expect("sent");
        world.hub.answer(&visitor.id, "", &answer).await;
        assert_eq!(stream.until_message(&answer).await, [question, answer]);
    }
    // Either replica took each delivery; the one with the stream reports them all.
    let delivered = async || {
        let seen = world.hub.outcomes();
        let all = seen.len() == 20 && seen.iter().all(|it| *it == DeliveryOutcome::Delivered);
        if all { Ok(()) } else { Err(seen) }
    };
    let delivered = testkit::wait_for_state("all are delivered", delivered);
    let listening = async { while stream.next().await.is_some() {} };
    tokio::select! { () = delivered => {}, () = listening => panic!("the stream ended") }
}

#[tokio::test]
async fn a_replica_that_goes_away_says_so() {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let mut stream = Watched::open(&visitor, 0).await;
    let (ended, _world) = tokio::join!(stream.0.message(), world.restart());
    insta::assert_snapshot!(refusal(ended), @"Unavailable SHUTTING_DOWN {}");
}
