//! Publish and PublishStream.

use api::connector::v1::channel_event::Event;
use api::connector::v1::{
    ChannelEvent, PublishOutcome, PublishResult, PublishStreamRequest, ReadUpTo,
};
use types::{AccountId, ConnectionId};

use crate::world::{CONNECTOR, World, refusal, with};

fn outcomes(results: &[PublishResult]) -> Vec<(PublishOutcome, &str)> {
    results
        .iter()
        .map(|result| (result.outcome(), &result.reason[..]))
        .collect()
}

#[tokio::test]
async fn one_bad_event_does_not_spoil_its_neighbours() {
    let world = World::start().await;
    let connection = world.connection().await;
    let off = world.connection().await;
    world.switch(&off, false).await;
    let good = |text| world.message(&connection, "anna", text);
    let events = vec![
        good("one"),
        ChannelEvent {
            connection_id: "chat_1".to_owned(),
            ..good("malformed id")
        },
        ChannelEvent {
            connection_id: ConnectionId::generate().to_string(),
            ..good("unknown connection")
        },
        world.message(&off, "anna", "disabled connection"),
        ChannelEvent {
            external_chat_id: String::new(),
            ..good("no chat")
        },
        ChannelEvent {
            event: None,
            ..good("nothing happened")
        },
        ChannelEvent {
            event: Some(Event::Read(ReadUpTo { seq: -1 })),
            ..good("a place before the first")
        },
        good("two"),
    ];
    let results = world.publish(events).await.expect("answered");
    let refused = |reason| (PublishOutcome::Refused, reason);
    let accepted = (PublishOutcome::Accepted, "");
    let expected = [
        accepted,
        refused("FIELD_INVALID"),
        refused("CONNECTION_NOT_FOUND"),
        refused("CONNECTION_DISABLED"),
        refused("FIELD_INVALID"),
        refused("FIELD_INVALID"),
        refused("FIELD_INVALID"),
        accepted,
    ];
    assert_eq!(outcomes(&results), expected);
    assert_eq!(
        results[4].reason_text,
        "Check the fields of the request. external_chat_id must not be empty."
    );
    let texts: Vec<_> = world
        .messages(&results[0].conversation_id)
        .await
        .into_iter()
        .map(|it| it.text)
        .collect();
    assert_eq!(texts, ["one", "two"]);
}

#[tokio::test]
async fn a_repeated_event_is_answered_with_the_ids_of_the_first_time() {
    let world = World::start().await;
    let connection = world.connection().await;
    let event = world.message(&connection, "anna", "hello");
    let first = world.publish(vec![event.clone()]).await.expect("answered");
    let again = world.publish(vec![event]).await.expect("answered");
    assert_eq!(
        (first[0].outcome(), again[0].outcome()),
        (PublishOutcome::Accepted, PublishOutcome::Duplicate)
    );
    let duplicate = PublishResult {
        outcome: PublishOutcome::Duplicate.into(),
        ..first[0].clone()
    };
    assert_eq!(again[0], duplicate);
}

#[tokio::test]
async fn a_foreign_connection_is_refused_like_an_unknown_one() {
    let world = World::start().await;
    let connection = world.connection().await;
    let stranger = world.program(AccountId::generate(), "connector:test");
    let unknown = ConnectionId::generate().to_string();
    let foreign = world.message(&connection, "anna", "hello");
    let made_up = ChannelEvent {
        connection_id: unknown,
        ..foreign.clone()
    };
    let results = world
        .publish_as(&stranger, CONNECTOR, vec![foreign.clone(), made_up])
        .await
        .expect("answered");
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0].reason, "CONNECTION_NOT_FOUND");

    // Another connector of the same account is a stranger as well.
    let other = world.program(world.account, "connector:other");
    let results = world
        .publish_as(&other, "other", vec![foreign.clone()])
        .await
        .expect("answered");
    assert_eq!(results[0].reason, "CONNECTION_NOT_FOUND");
    let own = world.program(world.account, "connector:test");
    let results = world
        .publish_as(&own, CONNECTOR, vec![foreign])
        .await
        .expect("answered");
    assert_eq!(results[0].outcome(), PublishOutcome::Accepted);
}

#[tokio::test]
async fn only_the_connector_publishes_and_not_too_much_at_once() {
    let world = World::start().await;
    let connection = world.connection().await;
    let event = world.message(&connection, "anna", "hello");
    let employee = world
        .publish_as(&world.admin, CONNECTOR, vec![event.clone()])
        .await;
    assert_eq!(
        refusal(employee),
        "PermissionDenied SCOPE_MISSING {scope=connector:test}"
    );
    let other = world
        .publish_as(&world.connector, "onlinechat", vec![event.clone()])
        .await;
    assert_eq!(
        refusal(other),
        "PermissionDenied SCOPE_MISSING {scope=connector:onlinechat}"
    );
    assert_eq!(
        refusal(world.publish(vec![event; 501]).await),
        "ResourceExhausted TOO_LARGE {limit=500}"
    );
    assert_eq!(
        refusal(world.publish(Vec::new()).await),
        "InvalidArgument FIELD_INVALID {events: must have 1 to 500 events}"
    );
}

#[tokio::test]
async fn a_stream_answers_its_batches_in_order_and_keeps_the_order_of_a_chat() {
    let world = World::start().await;
    let connection = world.connection().await;
    let batches: Vec<PublishStreamRequest> = (0..20)
        .map(|batch| {
            let own = world.message(&connection, &format!("chat {batch}"), "own");
            let shared = world.message(&connection, "shared", &format!("{batch}"));
            let connector_key = if batch == 0 {
                CONNECTOR.to_owned()
            } else {
                String::new()
            };
            PublishStreamRequest {
                connector_key,
                events: vec![own, shared],
            }
        })
        .collect();
    let request = with(&world.connector, tokio_stream::iter(batches));
    let mut answers = world
        .hub()
        .publish_stream(request)
        .await
        .expect("a stream")
        .into_inner();
    let mut places = Vec::new();
    let mut shared = String::new();
    while let Some(answer) = answers.message().await.expect("no error") {
        assert_eq!(
            outcomes(&answer.results),
            [(PublishOutcome::Accepted, ""); 2]
        );
        assert_eq!(answer.results[0].seq, 1, "each has a chat of its own");
        places.push(answer.results[1].seq);
        shared.clone_from(&answer.results[1].conversation_id);
    }
    assert_eq!(places, (1..=20).collect::<Vec<_>>());
    let texts: Vec<_> = world
        .messages(&shared)
        .await
        .into_iter()
        .map(|it| it.text)
        .collect();
    assert_eq!(
        texts,
        (0..20).map(|batch| batch.to_string()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_stream_that_goes_wrong_answers_what_came_before() {
    let world = World::start().await;
    let connection = world.connection().await;
    let batch = |key: &str| PublishStreamRequest {
        connector_key: key.to_owned(),
        events: vec![world.message(&connection, "anna", "hello")],
    };
    let request = with(
        &world.connector,
        tokio_stream::iter(vec![batch(CONNECTOR), batch("other"), batch(CONNECTOR)]),
    );
    let mut answers = world
        .hub()
        .publish_stream(request)
        .await
        .expect("a stream")
        .into_inner();
    assert!(
        answers
            .message()
            .await
            .expect("the first is answered")
            .is_some()
    );
    let ended = answers.message().await;
    assert_eq!(
        refusal(ended),
        "InvalidArgument FIELD_INVALID {connector_key: must stay the same within a stream}"
    );

    let manager = world.manager();
    let request = with(&manager, tokio_stream::iter(vec![batch(CONNECTOR)]));
    let mut answers = world
        .hub()
        .publish_stream(request)
        .await
        .expect("a stream")
        .into_inner();
    assert_eq!(
        refusal(answers.message().await),
        "PermissionDenied SCOPE_MISSING {scope=connector:test}"
    );
}

#[tokio::test]
async fn a_connection_switched_off_takes_nothing_from_then_on() {
    let world = World::start().await;
    let connection = world.connection().await;
    let publish = async || {
        let event = world.message(&connection, "anna", "hello");
        let results = world.publish(vec![event]).await.expect("answered");
        results[0].reason.clone()
    };
    assert_eq!(publish().await, "");
    world.switch(&connection, false).await;
    assert_eq!(publish().await, "CONNECTION_DISABLED");
    world.switch(&connection, true).await;
    assert_eq!(publish().await, "");
}
