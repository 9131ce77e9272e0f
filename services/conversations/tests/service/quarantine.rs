//! What is refused for good is kept, and can be let in again.

use api::connector::v1::channel_event::Event;
use api::connector::v1::quarantine_service_client::QuarantineServiceClient;
use api::connector::v1::{
    ChannelEvent, DiscardQuarantinedEventsRequest, IncomingMessage, ListQuarantinedEventsRequest,
    ListQuarantinedEventsResponse, MessageDeleted, PublishOutcome, PublishResult, QuarantinedEvent,
    ReadUpTo, RedriveQuarantinedEventsRequest, RedriveResult,
};
use api::conversations::v1::Connection;
use tonic::Status;
use tonic::transport::Channel;
use types::AccountId;

use crate::world::{World, refusal, with};

fn service(world: &World) -> QuarantineServiceClient<Channel> {
    QuarantineServiceClient::new(world.channel())
}

async fn page(
    world: &World,
    token: &str,
    page_size: i32,
    page_token: &str,
) -> Result<ListQuarantinedEventsResponse, Status> {
    let request = ListQuarantinedEventsRequest {
        page_size,
        page_token: page_token.to_owned(),
    };
    let mut service = service(world);
    let reply = service.list_quarantined_events(with(token, request));
    Ok(reply.await?.into_inner())
}

/// All that is kept, in pages of one.
async fn kept(world: &World) -> Vec<QuarantinedEvent> {
    let (mut events, mut token) = (Vec::new(), String::new());
    loop {
        let page = page(world, &world.admin, 1, &token).await.expect("a page");
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            return events;
        }
        token = page.next_page_token;
    }
}

async fn redrive(
    world: &World,
    token: &str,
    ids: &[&str],
) -> Result<Vec<(PublishOutcome, String)>, Status> {
    let request = RedriveQuarantinedEventsRequest {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let mut service = service(world);
    let reply = service.redrive_quarantined_events(with(token, request));
    let results = reply.await?.into_inner().results.into_iter();
    let said = |result: RedriveResult| {
        let result = result.result.expect("a result");
        (result.outcome(), result.reason)
    };
    Ok(results.map(said).collect())
}

async fn discard(world: &World, token: &str, ids: &[&str]) -> Result<(), Status> {
    let request = DiscardQuarantinedEventsRequest {
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let mut service = service(world);
    let reply = service.discard_quarantined_events(with(token, request));
    reply.await.map(drop)
}

fn event(connection: &Connection, chat: &str, id: &str, event: Event) -> ChannelEvent {
    ChannelEvent {
        connection_id: connection.id.clone(),
        external_event_id: id.to_owned(),
        external_chat_id: chat.to_owned(),
        event: Some(event),
        ..ChannelEvent::default()
    }
}

/// A message that is longer than any may be.
fn endless(connection: &Connection, chat: &str, id: &str) -> ChannelEvent {
    let message = IncomingMessage {
        text: "я".repeat(16_385),
        ..IncomingMessage::default()
    };
    event(connection, chat, id, Event::Message(message))
}

fn deleted(of: &str) -> Event {
    Event::Deleted(MessageDeleted {
        message_event_id: of.to_owned(),
    })
}

async fn publish(world: &World, events: Vec<ChannelEvent>) -> Vec<PublishResult> {
    world.publish(events).await.expect("answered")
}

#[tokio::test]
async fn what_is_refused_for_good_is_kept_with_its_reason_and_its_neighbours_are_stored() {
    let world = World::start().await;
    let line = world.connection().await;
    let off = world.connection().await;
    world.switch(&off, false).await;
    let read = Event::Read(ReadUpTo { seq: 1 });
    let mut nameless = endless(&line, "clara", "");
    nameless.external_chat_id = "c\0lara".to_owned();
    let events = vec![
        endless(&line, "anna", "1"),
        world.message(&line, "anna", "hello"),
        event(&line, "boris", "2", deleted("never came")),
        nameless,
        event(&line, "nobody", "3", read),
        world.message(&off, "anna", "nobody listens"),
        ChannelEvent {
            connection_id: types::ConnectionId::generate().to_string(),
            ..endless(&line, "anna", "4")
        },
    ];
    let answers = publish(&world, events.clone()).await;
    let told = |answer: &PublishResult| {
        let is_kept = !answer.quarantined_event_id.is_empty();
        (answer.reason.clone(), is_kept)
    };
    let told: Vec<_> = answers.iter().map(told).collect();
    let expected = [
        ("FIELD_INVALID", true),
        ("", false),
        ("MESSAGE_NOT_FOUND", true),
        ("FIELD_INVALID", true),
        ("CONVERSATION_NOT_FOUND", false),
        ("CONNECTION_DISABLED", false),
        ("FIELD_INVALID", false),
    ];
    assert_eq!(
        told,
        expected.map(|(reason, kept)| (reason.to_owned(), kept))
    );

    // What comes again is kept once, in its place.
    let again = publish(&world, vec![events[3].clone(), events[0].clone()]).await;
    assert_eq!(
        again[0].quarantined_event_id,
        answers[3].quarantined_event_id
    );
    assert_eq!(
        again[1].quarantined_event_id,
        answers[0].quarantined_event_id
    );
    let events_kept = kept(&world).await;
    let told: Vec<_> = events_kept
        .iter()
        .map(|it| (&it.id[..], &it.reason[..], it.refusals, it.event.as_ref()))
        .collect();
    let id = |place: usize| &answers[place].quarantined_event_id[..];
    assert_eq!(
        told,
        [
            (id(0), "FIELD_INVALID", 2, Some(&events[0])),
            (id(2), "MESSAGE_NOT_FOUND", 1, Some(&events[2])),
            (id(3), "FIELD_INVALID", 2, Some(&events[3])),
        ]
    );
    assert!(
        events_kept[0]
            .reason_text
            .contains("message.text must have"),
        "{}",
        events_kept[0].reason_text
    );
}

#[tokio::test]
async fn events_of_a_chat_are_let_in_again_in_the_order_in_which_they_came() {
    let world = World::start().await;
    let line = world.connection().await;
    let late = ChannelEvent {
        external_event_id: "late".to_owned(),
        ..world.message(&line, "anna", "a secret")
    };
    let events = vec![
        event(&line, "anna", "gone", deleted("late")),
        endless(&line, "anna", "endless"),
    ];
    let answers = publish(&world, events).await;
    let [gone, endless] = [0, 1].map(|place| answers[place].quarantined_event_id.clone());
    let refused = |reason: &str| (PublishOutcome::Refused, reason.to_owned());
    let asked = redrive(&world, &world.admin, &[&gone]).await;
    assert_eq!(asked.expect("asked"), [refused("MESSAGE_NOT_FOUND")]);
    assert_eq!(kept(&world).await[0].refusals, 2);
    let asked = redrive(&world, &world.admin, &[&endless]).await;
    assert_eq!(
        asked.expect("asked"),
        [refused("EARLIER_EVENT_QUARANTINED")]
    );

    // The message arrives; now it can be deleted. Whatever the order of the ids, the earlier event goes first.
    let conversation = publish(&world, vec![late]).await.remove(0).conversation_id;
    let asked = redrive(&world, &world.admin, &[&endless, &gone]).await;
    let accepted = (PublishOutcome::Accepted, String::new());
    assert_eq!(asked.expect("asked"), [refused("FIELD_INVALID"), accepted]);
    let messages = world.messages(&conversation).await;
    assert!(messages[0].delete_time.is_some() && messages[0].text.is_empty());
    let asked = redrive(&world, &world.admin, &[&gone]).await;
    assert_eq!(
        asked.expect("asked"),
        [refused("QUARANTINED_EVENT_NOT_FOUND")]
    );

    discard(&world, &world.admin, &[&endless, &gone])
        .await
        .expect("thrown away");
    assert_eq!(kept(&world).await, []);
}

#[tokio::test]
async fn quarantine_is_for_administrators_of_the_account() {
    let world = World::start().await;
    let line = world.connection().await;
    let answers = publish(&world, vec![endless(&line, "anna", "1")]).await;
    let id = &answers[0].quarantined_event_id[..];
    let stranger = world.administrator_of(AccountId::generate());
    assert_eq!(
        page(&world, &stranger, 0, "").await.expect("a page").events,
        []
    );
    let asked = redrive(&world, &stranger, &[id]).await.expect("asked");
    assert_eq!(asked[0].1, "QUARANTINED_EVENT_NOT_FOUND");
    discard(&world, &stranger, &[id]).await.expect("nothing");
    assert_eq!(kept(&world).await.len(), 1);

    let manager = world.manager();
    for refused in [
        refusal(page(&world, &manager, 0, "").await),
        refusal(redrive(&world, &manager, &[id]).await),
        refusal(discard(&world, &manager, &[id]).await),
    ] {
        assert!(
            refused.starts_with("PermissionDenied PERMISSION_MISSING"),
            "{refused}"
        );
    }
    insta::assert_snapshot!(
        refusal(redrive(&world, &world.admin, &[]).await),
        @"InvalidArgument FIELD_INVALID {ids: must be 1 to 200}"
    );
    insta::assert_snapshot!(
        refusal(discard(&world, &world.admin, &["qua_1"]).await),
        @r#"InvalidArgument FIELD_INVALID {ids: is not an id of the form "qua_…"}"#
    );
}

#[tokio::test]
async fn an_account_keeps_10_000_events_at_most() {
    let world = World::start().await;
    let line = world.connection().await;
    let first = publish(&world, vec![endless(&line, "anna", "first")]).await;
    let filled = sqlx::query(
        "INSERT INTO conversations.quarantined_events
         SELECT account_id, gen_random_uuid(), connection_id, connector_key, external_chat_id, 'id:filled ' || n, '', reason, details,
                1, create_time, refuse_time
           FROM conversations.quarantined_events CROSS JOIN generate_series(2, 10000) AS n",
    );
    let filled = filled.execute(&mut world.db.owner().await).await;
    assert_eq!(filled.expect("filled").rows_affected(), 9_999);
    let events = vec![
        endless(&line, "boris", "second"),
        endless(&line, "anna", "first"),
    ];
    let answers = publish(&world, events).await;
    let ids = answers.iter().map(|it| &it.quarantined_event_id[..]);
    let expected = ["", &first[0].quarantined_event_id];
    assert_eq!(ids.collect::<Vec<_>>(), expected);
}
