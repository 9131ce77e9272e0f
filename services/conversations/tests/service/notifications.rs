//! What is new, beside the list (CNV-02, CNV-11).

use std::time::Duration;

use api::conversations::v1::notification_service_client::NotificationServiceClient;
use api::conversations::v1::watch_notifications_response::Event;
use api::conversations::v1::{
    ConversationLife, ListConversationsRequest, ListNotificationsRequest,
    ListNotificationsResponse, MarkNotificationsReadRequest, Notification, NotificationKind,
    NotificationNews, UnreadNotifications, WatchNotificationsRequest, WatchNotificationsResponse,
};
use api::identity::v1::RightLevel;
use auth::Role;
use testkit::{wait_for, wait_for_state};
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use types::UserId;

use crate::rights::{case, tell_deal, viewing};
use crate::world::{World, refusal, with};

use NotificationKind::{Assigned, ClientMessage, NewConversation};

fn service(world: &World) -> NotificationServiceClient<Channel> {
    NotificationServiceClient::new(world.channel())
}

async fn list(
    world: &World,
    token: &str,
    request: ListNotificationsRequest,
) -> Result<ListNotificationsResponse, Status> {
    let reply = service(world)
        .list_notifications(with(token, request))
        .await?;
    Ok(reply.into_inner())
}

async fn first_page(world: &World, token: &str) -> ListNotificationsResponse {
    let request = ListNotificationsRequest::default();
    list(world, token, request).await.expect("a page")
}

/// The whole feed, in pages of two.
async fn feed(world: &World, token: &str) -> Vec<Notification> {
    let mut found = Vec::new();
    let mut request = ListNotificationsRequest {
        page_size: 2,
        ..ListNotificationsRequest::default()
    };
    loop {
        let page = list(world, token, request.clone()).await.expect("a page");
        assert_eq!(page.unread.is_some(), request.page_token.is_empty());
        found.extend(page.notifications);
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

fn told(feed: &[Notification]) -> Vec<(NotificationKind, String)> {
    let told = feed.iter().map(|it| {
        let conversation = it.conversation.as_ref().expect("it");
        (it.kind(), conversation.id.clone())
    });
    told.collect()
}

/// Waits until a feed is this, the newest first.
async fn becomes(world: &World, token: &str, expected: &[(NotificationKind, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(kind, id)| (*kind, (*id).to_owned()))
        .collect();
    wait_for_state("the feed is as expected", async || {
        let told = told(&feed(world, token).await);
        if told == expected { Ok(()) } else { Err(told) }
    })
    .await;
}

fn count(count: i32) -> UnreadNotifications {
    UnreadNotifications { count, more: false }
}

async fn mark(world: &World, token: &str, cursor: &str) -> Result<UnreadNotifications, Status> {
    let request = MarkNotificationsReadRequest {
        cursor: cursor.to_owned(),
    };
    let reply = service(world)
        .mark_notifications_read(with(token, request))
        .await?;
    Ok(reply.into_inner().unread.expect("always there"))
}

/// An employee who sees everything but group chats.
fn employee(world: &World) -> (String, UserId) {
    let (token, user) = world.member(world.account, Role::Manager, None);
    world.set_rights(user, viewing(RightLevel::Allowed, RightLevel::Allowed));
    (token, user)
}

#[tokio::test]
async fn a_conversation_is_in_the_feed_of_whom_it_concerns() {
    let world = World::start().await;
    let line = world.connection().await;
    let [(anna, who_anna), (boris, who_boris)] = [employee(&world), employee(&world)];
    let open = world.conversation(&line, "nobody's").await;
    for token in [&anna, &boris, &world.admin] {
        becomes(&world, token, &[(NewConversation, &open)]).await;
    }

    // Once somebody is responsible it is theirs and the subscribers' alone.
    let mut case = case(&world, &line, "hers", who_anna).await;
    let hers = case.conversation.clone();
    becomes(
        &world,
        &anna,
        &[(Assigned, &hers), (NewConversation, &open)],
    )
    .await;
    becomes(&world, &boris, &[(NewConversation, &open)]).await;
    let stage = case.stage;
    tell_deal(&world, &mut case, who_anna, stage, &[who_boris]);
    wait_for("the subscription has arrived", async || {
        world
            .publish(vec![world.message(&line, "hers", "are you there?")])
            .await
            .expect("published");
        let boris = told(&feed(&world, &boris).await);
        (boris.first() == Some(&(ClientMessage, hers.clone()))).then_some(())
    })
    .await;
    let expected = [
        (ClientMessage, &hers[..]),
        (Assigned, &hers),
        (NewConversation, &open),
    ];
    becomes(&world, &anna, &expected).await;
    becomes(&world, &world.admin, &[(NewConversation, &open)]).await;

    // Handed over: who takes it is told, once.
    tell_deal(&world, &mut case, who_boris, stage, &[]);
    let expected = [
        (Assigned, &hers[..]),
        (ClientMessage, &hers),
        (NewConversation, &open),
    ];
    becomes(&world, &boris, &expected).await;
    let now = feed(&world, &boris).await;
    assert_eq!(now[0].message_id, "");
    assert!(!now[1].message_id.is_empty() && now[1].message_seq > 1);
}

#[tokio::test]
async fn where_nobody_is_responsible_who_answered_is_told_of_more() {
    let world = World::start().await;
    let line = world.connection().await;
    let (anna, _) = employee(&world);
    let id = world.conversation(&line, "client").await;
    becomes(&world, &anna, &[(NewConversation, &id)]).await;
    world.answer(&id, "good day").await;
    world
        .publish(vec![world.message(&line, "client", "and you?")])
        .await
        .expect("published");
    let expected = [(ClientMessage, &id[..]), (NewConversation, &id)];
    becomes(&world, &world.admin, &expected).await;
    becomes(&world, &anna, &[(NewConversation, &id)]).await;
}

/// CNV-02.
#[tokio::test]
async fn reading_the_feed_changes_nothing_in_the_list() {
    let world = World::start().await;
    let line = world.connection().await;
    let [first, second] = [
        world.conversation(&line, "first").await,
        world.conversation(&line, "second").await,
    ];
    becomes(
        &world,
        &world.admin,
        &[(NewConversation, &second), (NewConversation, &first)],
    )
    .await;
    let listed = async || {
        let request = ListConversationsRequest {
            life: ConversationLife::Open.into(),
            ..ListConversationsRequest::default()
        };
        let page = world
            .inbox()
            .list_conversations(with(&world.admin, request))
            .await;
        page.expect("a page").into_inner().conversations
    };
    let before = listed().await;
    let page = first_page(&world, &world.admin).await;
    assert_eq!(page.unread, Some(count(2)));
    let [newest, oldest] = &page.notifications[..] else {
        panic!("{page:?}");
    };
    let left = mark(&world, &world.admin, &oldest.cursor).await;
    assert_eq!(left.expect("marked"), count(1));
    let left = mark(&world, &world.admin, &newest.cursor).await;
    assert_eq!(left.expect("marked"), count(0));
    let left = mark(&world, &world.admin, &oldest.cursor).await;
    assert_eq!(left.expect("nothing changes"), count(0), "never back");
    let page = first_page(&world, &world.admin).await;
    assert!(page.notifications.iter().all(|it| it.read));
    let unread = ListNotificationsRequest {
        unread_only: true,
        ..ListNotificationsRequest::default()
    };
    let unread = list(&world, &world.admin, unread).await.expect("a page");
    assert_eq!(unread.notifications, []);
    assert_eq!(listed().await, before);

    let other = world.administrator_of(world.account);
    let others = first_page(&world, &other).await;
    assert_eq!(others.unread, Some(count(2)), "each reads for themselves");
    let refused = refusal(mark(&world, &world.admin, "").await);
    assert!(refused.contains("FIELD_INVALID"), "{refused}");
    let stranger = world.administrator_of(types::AccountId::generate());
    let refused = refusal(mark(&world, &stranger, &newest.cursor).await);
    assert!(refused.contains("CURSOR_INVALID"), "{refused}");
    assert_eq!(feed(&world, &stranger).await, []);
}

/// CNV-42: the same rule as reading one conversation, when the feed is read.
#[tokio::test]
async fn a_lost_right_hides_the_entry() {
    let world = World::start().await;
    let line = world.connection().await;
    let (anna, who_anna) = employee(&world);
    let case = case(&world, &line, "client", who_anna).await;
    let id = &case.conversation[..];
    world.conversation(&line, "client").await;
    becomes(&world, &anna, &[(ClientMessage, id), (Assigned, id)]).await;

    world.set_rights(
        who_anna,
        viewing(RightLevel::Forbidden, RightLevel::Allowed),
    );
    becomes(&world, &anna, &[]).await;
    let page = first_page(&world, &anna).await;
    assert_eq!(page.unread, Some(count(0)));

    world.set_rights(
        who_anna,
        viewing(RightLevel::Allowed, RightLevel::Forbidden),
    );
    becomes(&world, &anna, &[(ClientMessage, id), (Assigned, id)]).await;
    for it in feed(&world, &anna).await {
        let row = it.conversation.expect("it");
        assert_eq!(
            (
                &it.message_id[..],
                it.message_seq,
                row.last_message,
                &row.card_id[..]
            ),
            ("", 0, None, ""),
            "the contact without the chat"
        );
    }
}

#[tokio::test]
async fn events_that_come_again_change_nothing_and_old_entries_go() {
    let mut world = World::start().await;
    let line = world.connection().await;
    for chat in ["a", "b", "c", "d", "e"] {
        world.conversation(&line, chat).await;
    }
    world
        .publish(vec![world.message(&line, "b", "and")])
        .await
        .expect("published");
    let before = wait_for("the feed is filled", async || {
        let feed = feed(&world, &world.admin).await;
        (feed.len() == 6).then_some(feed)
    })
    .await;
    assert_eq!(before[0].kind(), ClientMessage);
    let filled = async || -> i64 {
        sqlx::query_scalar(
            "SELECT max(position) FROM conversations.consumer_positions WHERE source = 'notifications'",
        )
        .fetch_one(&mut world.db.owner().await)
        .await
        .expect("readable")
    };
    let newest = filled().await;
    sqlx::query(
        "UPDATE conversations.consumer_positions SET position = 0 WHERE source = 'notifications'",
    )
    .execute(&mut world.db.owner().await)
    .await
    .expect("back at the beginning");
    // Another event makes the consumer notice.
    let id = &before[0].conversation.as_ref().expect("it").id;
    world.answer(id, "yes?").await;
    wait_for("all is taken in again", async || {
        (filled().await > newest).then_some(())
    })
    .await;
    let after = feed(&world, &world.admin).await;
    let places = |feed: &[Notification]| -> Vec<_> {
        feed.iter().map(|it| (it.kind, it.cursor.clone())).collect()
    };
    assert_eq!(places(&after), places(&before));

    world.advance(Duration::from_secs(32 * 24 * 3600));
    becomes(&world, &world.admin, &[]).await;
}

async fn watch(world: &World, token: &str, cursor: &str) -> Streaming<WatchNotificationsResponse> {
    let request = WatchNotificationsRequest {
        cursor: cursor.to_owned(),
    };
    let stream = service(world)
        .watch_notifications(with(token, request))
        .await;
    stream.expect("a stream").into_inner()
}

async fn next(stream: &mut Streaming<WatchNotificationsResponse>) -> NotificationNews {
    loop {
        let step = stream.message().await.expect("a step").expect("it goes on");
        if let Some(Event::News(news)) = step.event {
            return news;
        }
    }
}

/// The next step that tells of entries.
async fn arrival(stream: &mut Streaming<WatchNotificationsResponse>) -> NotificationNews {
    loop {
        let news = next(stream).await;
        if !news.notifications.is_empty() {
            return news;
        }
    }
}

#[tokio::test]
async fn a_stream_tells_what_is_new_and_what_was_read_elsewhere() {
    let world = World::start().await;
    let line = world.connection().await;
    let (anna, who_anna) = employee(&world);
    let first = world.conversation(&line, "first").await;
    becomes(&world, &anna, &[(NewConversation, &first)]).await;
    let mut stream = watch(&world, &anna, "").await;
    let begin = next(&mut stream).await;
    assert_eq!(
        (begin.unread, begin.notifications.len()),
        (Some(count(1)), 0)
    );

    let second = world.conversation(&line, "second").await;
    let news = arrival(&mut stream).await;
    assert_eq!(
        told(&news.notifications),
        [(NewConversation, second.clone())]
    );
    assert_eq!((news.unread, news.incomplete), (Some(count(2)), false));
    mark(&world, &anna, &news.cursor).await.expect("marked");
    while next(&mut stream).await.unread != Some(count(0)) {}

    drop(stream);
    let third = world.conversation(&line, "third").await;
    let mut stream = watch(&world, &anna, &news.cursor).await;
    let missed = arrival(&mut stream).await;
    assert_eq!(told(&missed.notifications), [(NewConversation, third)]);

    // What may no longer be seen is no longer counted.
    world.set_rights(
        who_anna,
        viewing(RightLevel::Forbidden, RightLevel::Allowed),
    );
    while next(&mut stream).await.unread != Some(count(0)) {}
}
