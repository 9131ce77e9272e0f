//! The way of answers: TakeDeliveries and ReportDeliveries.

use std::time::Duration;

use api::connector::v1::take_deliveries_response::Event as Taken;
use api::connector::v1::{
    ConnectorManifest, Delivery, DeliveryOutcome, DeliveryReport, RegisterConnectorRequest,
    SendRate,
};
use api::conversations::v1::{Connection, DeliveryStatus, Message};
use testkit::wait_for;
use types::{AccountId, DeliveryId};

use crate::world::{CONNECTOR, Deliveries, World, refusal, report, with};

/// News without a lease.
fn receipt(delivery: &Delivery, outcome: DeliveryOutcome) -> DeliveryReport {
    DeliveryReport {
        lease_token: 0,
        ..report(delivery, outcome)
    }
}

async fn status(world: &World, conversation: &str) -> (DeliveryStatus, String) {
    let newest: Message = world.messages(conversation).await.pop().expect("a message");
    (newest.delivery_status(), newest.failure_text)
}

#[tokio::test]
async fn the_next_message_of_a_chat_waits_for_the_one_before() {
    let world = World::start().await;
    let connection = world.connection().await;
    let anna = world.conversation(&connection, "anna").await;
    for text in ["one", "two", "three"] {
        world.answer(&anna, text).await;
    }
    let boris = world.conversation(&connection, "boris").await;
    world.answer(&boris, "elsewhere").await;

    let mut stream = world.take(0).await;
    let mut first = [stream.next().await, stream.next().await];
    first.sort_by(|a, b| a.external_chat_id.cmp(&b.external_chat_id));
    assert_eq!(
        first.each_ref().map(|it| &it.text[..]),
        ["one", "elsewhere"],
        "the first of each chat"
    );
    assert_eq!((first[0].attempt, &first[0].author_name[..]), (1, "Мария"));
    assert!(stream.is_quiet().await);

    let [mut current, _] = first;
    for text in ["two", "three"] {
        assert_eq!(
            world
                .report(vec![report(&current, DeliveryOutcome::Sent)])
                .await,
            [""]
        );
        current = stream.next().await;
        assert_eq!(current.text, text);
    }
}

#[tokio::test]
async fn a_stream_has_no_more_under_lease_than_it_asked_for() {
    let world = World::start().await;
    let connection = world.connection().await;
    for chat in 0..5 {
        let conversation = world
            .conversation(&connection, &format!("chat {chat}"))
            .await;
        world.answer(&conversation, "answer").await;
    }
    let mut stream = world.take(2).await;
    let (one, two) = (stream.next().await, stream.next().await);
    assert!(stream.is_quiet().await);
    let reports = vec![
        report(&one, DeliveryOutcome::Sent),
        report(&two, DeliveryOutcome::Failed),
    ];
    assert_eq!(world.report(reports).await, ["", ""]);
    stream.next().await;
    stream.next().await;
    assert!(stream.is_quiet().await);
}

/// A connector whose connections may send one message a second, two at once.
async fn slow_connector(world: &World) {
    let manifest = ConnectorManifest {
        key: CONNECTOR.to_owned(),
        title: "Slow".to_owned(),
        send_rate: Some(SendRate {
            per_minute: 60,
            burst: 2,
        }),
        ..ConnectorManifest::default()
    };
    let request = RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    let request = with(&world.connector, request);
    let registered = world.hub().register_connector(request).await;
    registered.expect("registered");
}

#[tokio::test]
async fn a_connection_sends_no_faster_than_its_connector_says_and_holds_up_no_other() {
    let world = World::start().await;
    slow_connector(&world).await;
    let (busy, other) = (world.connection().await, world.connection().await);
    for chat in 0..5 {
        let conversation = world.conversation(&busy, &format!("chat {chat}")).await;
        world.answer(&conversation, "news").await;
    }
    let boris = world.conversation(&other, "boris").await;
    world.answer(&boris, "elsewhere").await;
    let mut streams = [world.take(0).await, world.take(0).await];
    let mut sent = Vec::new();
    for _ in 0..3 {
        let (one, two) = streams.split_at_mut(1);
        sent.push(tokio::select! { it = one[0].next() => it, it = two[0].next() => it });
    }
    let of = |sent: &[Delivery], line: &Connection| {
        sent.iter().filter(|it| it.connection_id == line.id).count()
    };
    assert_eq!((of(&sent, &busy), of(&sent, &other)), (2, 1));
    // What was handed out counts, whatever became of it.
    let reports = sent.iter().map(|it| report(it, DeliveryOutcome::Sent));
    world.report(reports.collect()).await;
    let [one, two] = &mut streams;
    assert!(one.is_quiet().await && two.is_quiet().await);
    for left in [2, 1, 0] {
        world.clock.advance(Duration::from_secs(1));
        let next = tokio::select! { it = one.next() => it, it = two.next() => it };
        assert_eq!((&next.connection_id, next.attempt), (&busy.id, 1));
        world
            .report(vec![report(&next, DeliveryOutcome::Sent)])
            .await;
        if left == 1 {
            assert!(one.is_quiet().await, "one a second");
        }
    }
}

#[tokio::test]
async fn an_expired_lease_goes_to_another_and_the_old_one_is_worth_nothing() {
    let mut world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    let mut slow = world.take(0).await;
    let before = slow.next().await;

    let mut other = world.take(0).await;
    assert!(other.is_quiet().await, "it is under a lease");
    drop(slow);
    world.advance(Duration::from_secs(31));
    let after = other.next().await;
    assert_eq!((after.id.clone(), after.attempt), (before.id.clone(), 2));
    assert!(after.lease_token > before.lease_token);

    assert_eq!(
        world
            .report(vec![report(&before, DeliveryOutcome::Failed)])
            .await,
        ["DELIVERY_NOT_FOUND"]
    );
    assert_eq!(
        status(&world, &conversation).await.0,
        DeliveryStatus::Queued
    );
    assert_eq!(
        world
            .report(vec![report(&after, DeliveryOutcome::Sent)])
            .await,
        [""]
    );
    assert_eq!(status(&world, &conversation).await.0, DeliveryStatus::Sent);
}

#[tokio::test]
async fn a_status_moves_forward_only() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    let delivery = world.take(0).await.next().await;
    let steps = [
        (
            receipt(&delivery, DeliveryOutcome::Delivered),
            DeliveryStatus::Delivered,
        ),
        (
            report(&delivery, DeliveryOutcome::Sent),
            DeliveryStatus::Delivered,
        ),
        (
            report(&delivery, DeliveryOutcome::Failed),
            DeliveryStatus::Delivered,
        ),
        (
            receipt(&delivery, DeliveryOutcome::Read),
            DeliveryStatus::Read,
        ),
        (
            receipt(&delivery, DeliveryOutcome::Delivered),
            DeliveryStatus::Read,
        ),
        (
            report(&delivery, DeliveryOutcome::Unknown),
            DeliveryStatus::Read,
        ),
    ];
    for (news, expected) in steps {
        assert_eq!(
            world.report(vec![news]).await,
            [""],
            "old news are no error"
        );
        assert_eq!(status(&world, &conversation).await.0, expected);
    }
}

#[tokio::test]
async fn a_report_does_not_undo_that_the_client_has_read_meanwhile() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    let delivery = world.take(0).await.next().await;
    // What a client has read is written without the lock of the chat, right after the report looked.
    let mut reading = world.db.owner().await;
    let read = "BEGIN; UPDATE conversations.messages SET status = 4 WHERE status = 1";
    sqlx::raw_sql(read)
        .execute(&mut reading)
        .await
        .expect("read");
    let mut observer = world.db.owner().await;
    let meanwhile = async {
        wait_for("the report waits for the message", async || {
            let waits: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock')",
            )
            .fetch_one(&mut observer)
            .await
            .expect("readable");
            waits.then_some(())
        })
        .await;
        sqlx::raw_sql("COMMIT")
            .execute(&mut reading)
            .await
            .expect("committed");
    };
    let (told, ()) = tokio::join!(
        world.report(vec![report(&delivery, DeliveryOutcome::Sent)]),
        meanwhile
    );
    assert_eq!(told, [""]);
    assert_eq!(status(&world, &conversation).await.0, DeliveryStatus::Read);
}

#[tokio::test]
async fn news_of_one_delivery_in_one_call_are_taken_in_order() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    let delivery = world.take(0).await.next().await;
    let reports = vec![
        report(&delivery, DeliveryOutcome::Sent),
        receipt(&delivery, DeliveryOutcome::Read),
        receipt(&delivery, DeliveryOutcome::Delivered),
    ];
    assert_eq!(world.report(reports).await, ["", "", ""]);
    assert_eq!(status(&world, &conversation).await.0, DeliveryStatus::Read);
}

#[tokio::test]
async fn a_failed_message_says_why_and_the_next_one_goes() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "first").await;
    let mut stream = world.take(0).await;
    let delivery = stream.next().await;
    let failed = DeliveryReport {
        failure_text: "The client has blocked the line.".to_owned(),
        ..report(&delivery, DeliveryOutcome::Failed)
    };
    assert_eq!(world.report(vec![failed]).await, [""]);
    assert_eq!(
        status(&world, &conversation).await,
        (
            DeliveryStatus::Failed,
            "The client has blocked the line.".to_owned()
        )
    );
    world.answer(&conversation, "second").await;
    assert_eq!(stream.next().await.text, "second");
}

#[tokio::test]
async fn a_retry_waits_its_pause_and_keeps_its_place() {
    let mut world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "first").await;
    world.answer(&conversation, "second").await;
    let mut stream = world.take(0).await;
    let delivery = stream.next().await;
    let retry = DeliveryReport {
        retry_after_ms: 60_000,
        ..report(&delivery, DeliveryOutcome::Retry)
    };
    assert_eq!(world.report(vec![retry]).await, [""]);
    assert!(stream.is_quiet().await, "the second message waits as well");
    assert_eq!(
        status(&world, &conversation).await.0,
        DeliveryStatus::Queued
    );
    world.advance(Duration::from_secs(61));
    let again = stream.next().await;
    assert_eq!((&again.text[..], again.attempt), ("first", 2));
}

#[tokio::test]
async fn a_disabled_connection_sends_nothing_until_it_is_on_again() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    world.switch(&connection, false).await;
    let mut stream = world.take(0).await;
    assert!(stream.is_quiet().await);
    world.switch(&connection, true).await;
    assert_eq!(stream.next().await.text, "answer");
}

#[tokio::test]
async fn a_message_reaches_the_stream_of_another_replica_at_once() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let hub = world.another_replica().await;
    let mut stream = Deliveries::open(hub, &world.connector, CONNECTOR, 0).await;
    for number in 0..5 {
        world
            .answer(&conversation, &format!("answer {number}"))
            .await;
        let delivery = stream.next().await;
        assert_eq!(delivery.text, format!("answer {number}"));
        assert_eq!(
            world
                .report(vec![report(&delivery, DeliveryOutcome::Sent)])
                .await,
            [""]
        );
    }
}

#[tokio::test]
async fn deliveries_of_others_are_unknown_to_a_program() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    let stranger = world.program(AccountId::generate(), "connector:test");
    let mut theirs = Deliveries::open(world.hub(), &stranger, CONNECTOR, 0).await;
    assert!(theirs.is_quiet().await);

    let own = world.program(world.account, "connector:test");
    let delivery = Deliveries::open(world.hub(), &own, CONNECTOR, 0)
        .await
        .next()
        .await;
    let unknown = DeliveryReport {
        delivery_id: DeliveryId::generate().to_string(),
        ..report(&delivery, DeliveryOutcome::Sent)
    };
    let reports = vec![report(&delivery, DeliveryOutcome::Sent), unknown];
    let refused = world
        .report_as(&stranger, CONNECTOR, reports)
        .await
        .expect("answered");
    assert_eq!(refused, ["DELIVERY_NOT_FOUND", "DELIVERY_NOT_FOUND"]);
    let taken = world
        .report_as(
            &own,
            CONNECTOR,
            vec![report(&delivery, DeliveryOutcome::Sent)],
        )
        .await
        .expect("answered");
    assert_eq!(taken, [""]);
}

#[tokio::test]
async fn one_bad_report_does_not_spoil_its_neighbours() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    let delivery = world.take(0).await.next().await;
    let good = report(&delivery, DeliveryOutcome::Sent);
    let reports = vec![
        DeliveryReport {
            delivery_id: "dlv_".to_owned(),
            ..good.clone()
        },
        DeliveryReport {
            outcome: 77,
            ..good.clone()
        },
        DeliveryReport {
            outcome: 0,
            ..good.clone()
        },
        DeliveryReport {
            retry_after_ms: 86_400_001,
            ..good.clone()
        },
        DeliveryReport {
            lease_token: 0,
            ..good.clone()
        },
        good,
    ];
    let invalid = "FIELD_INVALID";
    assert_eq!(
        world.report(reports).await,
        [invalid, invalid, invalid, invalid, "DELIVERY_NOT_FOUND", ""]
    );
    assert_eq!(status(&world, &conversation).await.0, DeliveryStatus::Sent);
}

#[tokio::test]
async fn batches_and_limits_are_refused_where_they_do_not_fit() {
    let world = World::start().await;
    let none = world
        .report_as(&world.connector, CONNECTOR, Vec::new())
        .await;
    assert_eq!(
        refusal(none),
        "InvalidArgument FIELD_INVALID {reports: must have 1 to 500 reports}"
    );
    let many = world
        .report_as(
            &world.connector,
            CONNECTOR,
            vec![DeliveryReport::default(); 501],
        )
        .await;
    assert_eq!(refusal(many), "ResourceExhausted TOO_LARGE {limit=500}");
    let manager = world.manager();
    let employee = world
        .report_as(&manager, CONNECTOR, vec![DeliveryReport::default()])
        .await;
    assert_eq!(
        refusal(employee),
        "PermissionDenied SCOPE_MISSING {scope=connector:test}"
    );
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives() {
    let mut world = World::start().await;
    let mut stream = world.take(0).await;
    // The stream has begun to wait when it has handed something out.
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "answer").await;
    stream.next().await;
    world.advance(Duration::from_secs(20));
    assert!(matches!(stream.step().await, Ok(Taken::Heartbeat(_))));
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it() {
    let mut world = World::start().await;
    let mut stream = world.take(0).await;
    world.advance(Duration::from_secs(301));
    let ended = loop {
        match stream.step().await {
            Ok(_) => {}
            Err(status) => break status,
        }
    };
    assert_eq!(
        refusal(Err::<(), _>(ended)),
        "Unauthenticated TOKEN_EXPIRED {}"
    );
}
