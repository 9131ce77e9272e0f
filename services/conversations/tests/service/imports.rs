//! Old messages come without noise.

use api::connector::v1::channel_event::Event;
use api::connector::v1::{ChannelEvent, IncomingMessage};
use api::conversations::v1::notification_service_client::NotificationServiceClient;
use api::conversations::v1::{
    AuthorKind, ChangeKind, Connection, Conversation, ConversationAnswer, ConversationLife,
    ListConversationsRequest, ListNotificationsRequest,
};
use testkit::wait_for_state;
use time::Duration;

use crate::counters::counters;
use crate::rights::{change, watch};
use crate::world::{World, with};

/// An old message, of the client or of the company.
fn old(world: &World, line: &Connection, chat: &str, of: AuthorKind, days: i64) -> ChannelEvent {
    let from_company = of == AuthorKind::Employee;
    let message = IncomingMessage {
        text: format!("{days} days ago"),
        sender_name: if from_company {
            "Мария"
        } else {
            "Анна"
        }
        .to_owned(),
        from_company,
        ..IncomingMessage::default()
    };
    let written = world.clock.now() - Duration::days(days);
    ChannelEvent {
        event_time: Some(kit::time::to_proto(written)),
        silent: true,
        event: Some(Event::Message(message)),
        ..world.message(line, chat, "")
    }
}

async fn listed(world: &World, life: ConversationLife) -> Vec<Conversation> {
    let request = ListConversationsRequest {
        life: life.into(),
        ..ListConversationsRequest::default()
    };
    let request = with(&world.admin, request);
    let page = world.inbox().list_conversations(request).await;
    page.expect("a page").into_inner().conversations
}

async fn feed(world: &World) -> Vec<String> {
    let request = with(&world.admin, ListNotificationsRequest::default());
    let page = NotificationServiceClient::new(world.channel())
        .list_notifications(request)
        .await;
    let news = page.expect("a page").into_inner().notifications.into_iter();
    news.map(|it| it.conversation.expect("it").id).collect()
}

#[tokio::test]
async fn imported_messages_stand_in_closed_conversations_and_are_news_to_nobody() {
    use AuthorKind::{Client, Employee};
    let world = World::start().await;
    let line = world.connection().await;
    let boris = world.conversation(&line, "boris").await;
    world.answer(&boris, "answered").await;
    let clara = world.conversation(&line, "clara").await;
    let before = counters(&world, &world.admin).await;
    let mut stream = watch(&world, &world.admin).await;
    let order = |page: Vec<Conversation>| page.into_iter().map(|it| it.id).collect::<Vec<_>>();
    let open = order(listed(&world, ConversationLife::Open).await);
    let events = vec![
        old(&world, &line, "anna", Client, 3),
        old(&world, &line, "anna", Employee, 2),
        old(&world, &line, "anna", Client, 1),
        old(&world, &line, "boris", Client, 4),
    ];
    let results = world.publish(events.clone()).await.expect("published");
    let anna = results[0].conversation_id.clone();
    assert_eq!(
        [&anna, &anna, &anna, &boris],
        [0, 1, 2, 3].map(|place| &results[place].conversation_id)
    );

    let messages = world.messages(&anna).await;
    let told = messages.iter().map(|it| {
        let author = it.author.clone().expect("an author");
        (author.kind(), author.name, it.sent_time)
    });
    let expected = [(Client, "Анна"), (Employee, "Мария"), (Client, "Анна")];
    let expected = expected.iter().zip(&events);
    let expected = expected.map(|((kind, name), it)| (*kind, (*name).to_owned(), it.event_time));
    assert_eq!(told.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    let [closed] = &listed(&world, ConversationLife::Closed).await[..] else {
        panic!("one is closed")
    };
    assert_eq!(
        (&closed.id, closed.answer()),
        (&anna, ConversationAnswer::NoAnswerNeeded)
    );
    assert_eq!(closed.title, "Анна");

    // Nothing is counted as open or unanswered, moved, or rung for; streams tell it all the same.
    let mut expected = before;
    for tally in [&mut expected.all, &mut expected.nobody] {
        tally.as_mut().expect("counted").closed += 1;
    }
    assert_eq!(counters(&world, &world.admin).await, expected);
    assert_eq!(order(listed(&world, ConversationLife::Open).await), open);
    for kind in [
        ChangeKind::Created,
        ChangeKind::MessageAdded,
        ChangeKind::MessageAdded,
    ] {
        let change = change(&mut stream).await;
        assert_eq!((change.kind(), change.silent), (kind, true));
    }
    let dora = world.conversation(&line, "dora").await;
    wait_for_state("only what is new is told", async || {
        let feed = feed(&world).await;
        let expected = [&dora, &clara, &boris];
        if feed.iter().collect::<Vec<_>>() == expected {
            Ok(())
        } else {
            Err(feed)
        }
    })
    .await;

    // What the client writes now begins a new conversation, as after any closed one.
    let now = world.conversation(&line, "anna").await;
    assert_ne!(now, anna);
    let loud = ChannelEvent {
        silent: false,
        ..events[1].clone()
    };
    let refused = world.publish(vec![loud]).await.expect("answered").remove(0);
    assert_eq!(refused.reason, "FIELD_INVALID", "{}", refused.reason_text);
}
