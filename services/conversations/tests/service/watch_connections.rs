//! WatchConnections.

use std::time::Duration;

use api::connector::v1::watch_connections_response::Event;
use api::connector::v1::{WatchConnectionsRequest, WatchConnectionsResponse};
use tonic::Streaming;
use tonic::transport::Channel;
use types::AccountId;

use crate::world::{CONNECTOR, World, with};

struct Watched(Streaming<WatchConnectionsResponse>);

impl Watched {
    async fn open(
        mut hub: api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient<
            Channel,
        >,
        token: &str,
    ) -> Self {
        let request = WatchConnectionsRequest {
            connector_key: CONNECTOR.to_owned(),
        };
        Self(
            hub.watch_connections(with(token, request))
                .await
                .expect("a stream")
                .into_inner(),
        )
    }

    async fn next(&mut self) -> Event {
        let step = tokio::time::timeout(Duration::from_secs(20), self.0.message())
            .await
            .expect("a step in time");
        step.expect("no error")
            .expect("not the end")
            .event
            .expect("an event")
    }

    async fn connection(&mut self) -> (String, bool) {
        match self.next().await {
            Event::Connection(connection) => (connection.id, connection.enabled),
            other => panic!("a connection, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_stream_tells_all_connections_then_each_change() {
    let world = World::start().await;
    let (one, two) = (world.connection().await, world.connection().await);
    let mut stream = Watched::open(world.hub(), &world.connector).await;
    assert_eq!(stream.connection().await, (one.id.clone(), true));
    assert_eq!(stream.connection().await, (two.id, true));
    assert!(matches!(stream.next().await, Event::Synced(_)));
    let three = world.connection().await;
    assert_eq!(stream.connection().await, (three.id, true));
    world.switch(&one, false).await;
    assert_eq!(stream.connection().await, (one.id, false));
}

#[tokio::test]
async fn a_change_reaches_streams_of_other_replicas() {
    let world = World::start().await;
    let mut stream = Watched::open(world.another_replica().await, &world.connector).await;
    assert!(matches!(stream.next().await, Event::Synced(_)));
    let created = world.connection().await;
    assert_eq!(stream.connection().await, (created.id, true));
}

#[tokio::test]
async fn a_program_sees_the_connections_of_its_account_only() {
    let world = World::start().await;
    let created = world.connection().await;
    let own = world.program(world.account, "connector:test");
    let mut stream = Watched::open(world.hub(), &own).await;
    assert_eq!(stream.connection().await, (created.id, true));
    let stranger = world.program(AccountId::generate(), "connector:test");
    let mut stream = Watched::open(world.hub(), &stranger).await;
    assert!(matches!(stream.next().await, Event::Synced(_)));
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives() {
    let mut world = World::start().await;
    let mut stream = Watched::open(world.hub(), &world.connector).await;
    assert!(matches!(stream.next().await, Event::Synced(_)));
    world.advance(Duration::from_secs(20));
    assert!(matches!(stream.next().await, Event::Heartbeat(_)));
}
