//! Two replicas on one database: channels may bring the same events to both at once.

use std::collections::{BTreeMap, BTreeSet};

use api::connector::v1::{ChannelEvent, PublishOutcome, PublishRequest};
use api::conversations::v1::CloseConversationRequest;
use futures::future::join_all;
use tonic::Status;

use crate::world::{CONNECTOR, World, with};

#[tokio::test]
async fn the_same_events_at_two_replicas_become_one_message_and_one_conversation_each() {
    let world = World::start().await;
    let connection = world.connection().await;
    let mut hubs = [world.hub(), world.another_replica().await];
    let events: Vec<ChannelEvent> = (0..120)
        .map(|n| {
            world.message(
                &connection,
                &format!("client {}", n % 12),
                &format!("text {n}"),
            )
        })
        .collect();

    // Each event is brought four times, in different orders, to both replicas, in batches of different sizes.
    let mut calls = Vec::new();
    for (round, size) in [7usize, 1, 20, 3].into_iter().enumerate() {
        let mut order: Vec<ChannelEvent> = events.clone();
        order.rotate_left(round * 31);
        if round % 2 == 1 {
            order.reverse();
        }
        for (n, batch) in order.chunks(size).enumerate() {
            let (mut hub, token) = (hubs[(n + round) % 2].clone(), world.connector.clone());
            let request = PublishRequest {
                connector_key: CONNECTOR.to_owned(),
                events: batch.to_vec(),
            };
            calls.push(async move {
                let ids: Vec<String> = request
                    .events
                    .iter()
                    .map(|event| event.external_event_id.clone())
                    .collect();
                let results = hub
                    .publish(with(&token, request))
                    .await?
                    .into_inner()
                    .results;
                Ok::<_, Status>(ids.into_iter().zip(results).collect::<Vec<_>>())
            });
        }
    }
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut accepted = 0;
    let mut numbers = BTreeSet::new();
    for (id, result) in join_all(calls)
        .await
        .into_iter()
        .flat_map(|results| results.expect("published"))
    {
        assert_ne!(
            result.outcome(),
            PublishOutcome::Refused,
            "{}",
            result.reason_text
        );
        accepted += usize::from(result.outcome() == PublishOutcome::Accepted);
        numbers.insert(result.conversation_number);
        messages.entry(id).or_default().insert(result.message_id);
    }
    assert_eq!(
        accepted,
        events.len(),
        "each event is accepted once, by whichever replica"
    );
    assert!(
        messages.values().all(|ids| ids.len() == 1),
        "every answer names the same message"
    );
    assert_eq!(
        numbers,
        (1..=12).collect(),
        "twelve clients, twelve conversations, numbered without gap"
    );
    for hub in &mut hubs {
        let again = PublishRequest {
            connector_key: CONNECTOR.to_owned(),
            events: events.clone(),
        };
        let results = hub
            .publish(with(&world.connector, again))
            .await
            .expect("published")
            .into_inner()
            .results;
        assert!(
            results
                .iter()
                .all(|result| result.outcome() == PublishOutcome::Duplicate)
        );
    }
}

/// A replica remembers the chats it wrote to; whoever else writes to them makes that memory old, and it notices.
#[tokio::test]
async fn a_replica_notices_what_others_did_to_a_chat_it_remembers() {
    let world = World::start().await;
    let connection = world.connection().await;
    let mut hubs = [world.hub(), world.another_replica().await];
    let mut stored = Vec::new();
    let mut conversation = String::new();
    for (n, hub) in [0, 0, 1, 0, 1, 1, 0].into_iter().enumerate() {
        let event = world.message(&connection, "client", &format!("text {n}"));
        let request = PublishRequest {
            connector_key: CONNECTOR.to_owned(),
            events: vec![event],
        };
        let results = hubs[hub]
            .publish(with(&world.connector, request))
            .await
            .expect("published")
            .into_inner()
            .results;
        stored.push((results[0].conversation_number, results[0].outcome()));
        conversation = results[0].conversation_id.clone();
        match n {
            // An employee answers, and another time closes, between two messages that the same replica stores.
            1 => drop(world.answer(&conversation, "an answer").await),
            4 => {
                let close = CloseConversationRequest {
                    conversation_id: conversation.clone(),
                    ..Default::default()
                };
                world
                    .conversations()
                    .close_conversation(with(&world.admin, close))
                    .await
                    .expect("closed");
            }
            _ => {}
        }
    }
    let numbers: Vec<i64> = stored.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 1, 1, 1, 1, 2, 2]);
    let last: Vec<(i64, String)> = world
        .messages(&conversation)
        .await
        .into_iter()
        .map(|message| (message.seq, message.text))
        .collect();
    assert_eq!(
        last,
        [(7, "text 5".to_owned()), (8, "text 6".to_owned())],
        "places go on from the employee's answer"
    );
}
