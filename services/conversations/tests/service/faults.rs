//! Stores that go away.

use api::connector::v1::{DeliveryOutcome, PublishOutcome};
use conversations::MIGRATIONS;

use crate::world::{World, report};

#[tokio::test]
async fn deliveries_go_on_while_redis_is_away() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let mut stream = world.take(0).await;
    world.db.redis().await.kill9().await.expect("killed");
    for text in ["one", "two"] {
        world.answer(&conversation, text).await;
        let delivery = stream.next().await;
        assert_eq!(delivery.text, text);
        assert_eq!(
            world
                .report(vec![report(&delivery, DeliveryOutcome::Sent)])
                .await,
            [""]
        );
    }
    world
        .db
        .redis()
        .await
        .restart()
        .await
        .expect("started again");
    world.answer(&conversation, "three").await;
    assert_eq!(stream.next().await.text, "three");
}

#[tokio::test]
async fn a_batch_fails_as_a_whole_while_the_database_is_away() {
    let server = testkit::private_postgres(false).await;
    let world = World::on(server.database(&[&MIGRATIONS]).await).await;
    let connection = world.connection().await;
    world.conversation(&connection, "anna").await;
    let mut stream = world.take(0).await;
    server.process().kill9().await.expect("killed");
    // The second event would be refused if the first could be stored.
    let bad = api::connector::v1::ChannelEvent {
        event: None,
        ..world.message(&connection, "anna", "two")
    };
    let batch = vec![world.message(&connection, "anna", "one"), bad];
    let failed = world
        .publish(batch.clone())
        .await
        .expect_err("nothing is known of the batch");
    assert_eq!(failed.code(), tonic::Code::Unavailable);

    server.process().restart().await.expect("started again");
    let repeated = async || {
        world
            .publish(batch.clone())
            .await
            .map_err(|status| status.code())
    };
    let results = testkit::wait_for_state("the batch is stored", repeated).await;
    let outcomes: Vec<_> = results.iter().map(|result| result.outcome()).collect();
    assert_eq!(
        outcomes,
        [PublishOutcome::Accepted, PublishOutcome::Refused]
    );
    world.answer(&results[0].conversation_id, "answer").await;
    assert_eq!(
        stream.next().await.text,
        "answer",
        "the open stream goes on"
    );
}
