//! Two replicas on one database: channels may bring the same events to both at once.

use std::collections::{BTreeMap, BTreeSet};

use api::connector::v1::{ChannelEvent, PublishOutcome, PublishRequest};
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
