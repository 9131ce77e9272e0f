//! The list and its live changes.

use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::list_messages_request::Position;
use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    ChangeKind, CloseConversationRequest, Conversation, ConversationAnswer, ConversationLife,
    InboxChange, ListConversationsRequest, ListConversationsResponse, ListMessagesRequest,
    ListMessagesResponse, WatchInboxRequest, WatchInboxResponse,
};
use api::error::v1::ErrorReason;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use types::AccountId;

use crate::world::{World, with};

async fn list(
    inbox: &mut InboxServiceClient<Channel>,
    token: &str,
    request: ListConversationsRequest,
) -> Result<ListConversationsResponse, Status> {
    Ok(inbox
        .list_conversations(with(token, request))
        .await?
        .into_inner())
}

fn numbers(conversations: &[Conversation]) -> Vec<i64> {
    conversations
        .iter()
        .map(|conversation| conversation.number)
        .collect()
}

async fn watch(world: &World, cursor: &str) -> Streaming<WatchInboxResponse> {
    let request = WatchInboxRequest {
        cursor: cursor.to_owned(),
    };
    world
        .inbox()
        .watch_inbox(with(&world.admin, request))
        .await
        .expect("a stream")
        .into_inner()
}

/// The next change and the cursor after it.
async fn change(stream: &mut Streaming<WatchInboxResponse>) -> (InboxChange, String) {
    loop {
        let step = stream
            .message()
            .await
            .expect("a step")
            .expect("the stream goes on");
        if let Some(Event::Change(change)) = step.event {
            return (change, step.cursor);
        }
    }
}

fn text(change: &InboxChange) -> &str {
    change.message.as_ref().map_or("", |message| &message.text)
}

#[tokio::test]
async fn the_list_has_the_latest_change_first_and_pages_without_gap_or_double() {
    let world = World::start().await;
    let connection = world.connection().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        world.clock.advance(std::time::Duration::from_millis(10));
        ids.push(
            world
                .conversation(&connection, &format!("client {n}"))
                .await,
        );
    }
    world.clock.advance(std::time::Duration::from_millis(10));
    world.answer(&ids[2], "hello").await;
    let mut inbox = world.inbox();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListConversationsRequest {
            page_size: 2,
            page_token: token,
            ..ListConversationsRequest::default()
        };
        let page = list(&mut inbox, &world.admin, request)
            .await
            .expect("a page");
        seen.extend(numbers(&page.conversations));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [3, 7, 6, 5, 4, 2, 1]);
}

#[tokio::test]
async fn filters_choose_life_answer_and_connection() {
    let world = World::start().await;
    let (shop, help) = (world.connection().await, world.connection().await);
    let closed = world.conversation(&shop, "a").await;
    let answered = world.conversation(&shop, "b").await;
    world.conversation(&help, "c").await;
    world.answer(&answered, "hello").await;
    let close = CloseConversationRequest {
        conversation_id: closed,
        etag: String::new(),
    };
    world
        .conversations()
        .close_conversation(with(&world.admin, close))
        .await
        .expect("closed");
    let mut inbox = world.inbox();
    let all = ListConversationsRequest::default();
    let mut found = async |request: ListConversationsRequest| {
        let mut found = numbers(
            &list(&mut inbox, &world.admin, request)
                .await
                .expect("a page")
                .conversations,
        );
        found.sort_unstable();
        found
    };
    assert_eq!(
        found(all.clone()).await,
        [2, 3],
        "closed ones leave the default list (A-28)"
    );
    assert_eq!(
        found(ListConversationsRequest {
            life: ConversationLife::Closed.into(),
            ..all.clone()
        })
        .await,
        [1]
    );
    assert_eq!(
        found(ListConversationsRequest {
            answer: ConversationAnswer::RequiresAnswer.into(),
            ..all.clone()
        })
        .await,
        [3]
    );
    assert_eq!(
        found(ListConversationsRequest {
            answer: ConversationAnswer::NoAnswerNeeded.into(),
            ..all.clone()
        })
        .await,
        [2]
    );
    assert_eq!(
        found(ListConversationsRequest {
            connection_id: shop.id,
            ..all.clone()
        })
        .await,
        [2]
    );
}

#[tokio::test]
async fn page_tokens_and_cursors_of_others_are_refused() {
    let world = World::start().await;
    let connection = world.connection().await;
    for n in 0..3 {
        world
            .conversation(&connection, &format!("client {n}"))
            .await;
    }
    let mut inbox = world.inbox();
    let request = ListConversationsRequest {
        page_size: 1,
        ..ListConversationsRequest::default()
    };
    let page = list(&mut inbox, &world.admin, request.clone())
        .await
        .expect("a page");
    let stranger = world.administrator_of(AccountId::generate());
    let next = ListConversationsRequest {
        page_token: page.next_page_token.clone(),
        ..request.clone()
    };
    let refusals = [
        list(&mut inbox, &stranger, next.clone())
            .await
            .expect_err("another account"),
        list(
            &mut inbox,
            &world.admin,
            ListConversationsRequest {
                life: ConversationLife::Closed.into(),
                ..next
            },
        )
        .await
        .expect_err("another filter"),
        list(
            &mut inbox,
            &world.admin,
            ListConversationsRequest {
                page_token: "garbage".to_owned(),
                ..request
            },
        )
        .await
        .expect_err("garbage"),
    ];
    let reasons = refusals.map(|status| kit::refusal::reason_of(&status));
    assert_eq!(reasons, [Some(ErrorReason::PageTokenMismatch); 3]);
    for (token, cursor) in [(&stranger, &page.cursor[..]), (&world.admin, "garbage")] {
        let refused = inbox
            .watch_inbox(with(
                token,
                WatchInboxRequest {
                    cursor: cursor.to_owned(),
                },
            ))
            .await
            .expect_err("refused");
        assert_eq!(
            kit::refusal::reason_of(&refused),
            Some(ErrorReason::CursorInvalid)
        );
    }
    let negative = list(
        &mut inbox,
        &world.admin,
        ListConversationsRequest {
            page_size: -1,
            ..ListConversationsRequest::default()
        },
    )
    .await;
    assert_eq!(
        kit::refusal::reason_of(&negative.expect_err("negative")),
        Some(ErrorReason::FieldInvalid)
    );
}

#[tokio::test]
async fn an_employee_without_rights_sees_nothing() {
    let world = World::start().await;
    let connection = world.connection().await;
    let manager = world.manager();
    let mut inbox = world.inbox();
    let mut stream = inbox
        .watch_inbox(with(&manager, WatchInboxRequest::default()))
        .await
        .expect("a stream")
        .into_inner();
    let mut admins = watch(&world, "").await;
    world.conversation(&connection, "anna").await;
    assert_eq!(
        list(&mut inbox, &manager, ListConversationsRequest::default())
            .await
            .expect("a page")
            .conversations,
        []
    );
    change(&mut admins).await;
    // The change has reached the process; a heartbeat is all that the manager gets of it.
    let heartbeats = async {
        for _ in 0..2 {
            world.clock.advance(std::time::Duration::from_secs(21));
            let step = stream
                .message()
                .await
                .expect("a step")
                .expect("the stream goes on");
            assert!(matches!(step.event, Some(Event::Heartbeat(_))), "{step:?}");
        }
    };
    heartbeats.await;
}

#[tokio::test]
async fn changes_come_live_each_once_and_a_broken_stream_resumes() {
    let world = World::start().await;
    let connection = world.connection().await;
    let cursor = list(
        &mut world.inbox(),
        &world.admin,
        ListConversationsRequest::default(),
    )
    .await
    .expect("a page")
    .cursor;
    let mut stream = watch(&world, &cursor).await;
    let id = world.conversation(&connection, "anna").await;
    let (created, after_created) = change(&mut stream).await;
    assert_eq!(
        (created.kind(), text(&created)),
        (ChangeKind::Created, "hello")
    );
    assert_eq!(created.conversation.expect("whole").id, id);
    drop(stream);

    world.answer(&id, "one").await;
    world.answer(&id, "two").await;
    let mut resumed = watch(&world, &after_created).await;
    let (one, _) = change(&mut resumed).await;
    world.answer(&id, "three").await;
    let (two, _) = change(&mut resumed).await;
    let (three, _) = change(&mut resumed).await;
    assert_eq!(
        [text(&one), text(&two), text(&three)],
        ["one", "two", "three"]
    );
    assert_eq!(
        [one.kind(), two.kind(), three.kind()],
        [ChangeKind::MessageAdded; 3]
    );
}

#[tokio::test]
async fn a_stream_begun_at_the_lists_cursor_misses_nothing() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;
    let cursor = list(
        &mut world.inbox(),
        &world.admin,
        ListConversationsRequest::default(),
    )
    .await
    .expect("a page")
    .cursor;
    for n in 0..50 {
        world.answer(&id, &format!("answer {n}")).await;
    }
    let mut stream = watch(&world, &cursor).await;
    let mut texts = Vec::new();
    while texts.len() < 50 {
        let (next, _) = change(&mut stream).await;
        if next.kind() == ChangeKind::MessageAdded {
            texts.push(text(&next).to_owned());
        }
    }
    assert_eq!(
        texts,
        (0..50).map(|n| format!("answer {n}")).collect::<Vec<_>>()
    );
}

async fn messages(
    world: &World,
    id: &str,
    size: i32,
    position: Option<Position>,
) -> ListMessagesResponse {
    let request = ListMessagesRequest {
        conversation_id: id.to_owned(),
        page_size: size,
        position,
    };
    world
        .conversations()
        .list_messages(with(&world.admin, request))
        .await
        .expect("a page")
        .into_inner()
}

fn seqs(page: &ListMessagesResponse) -> Vec<i64> {
    page.messages.iter().map(|message| message.seq).collect()
}

#[tokio::test]
async fn messages_page_both_ways_and_around_a_place() {
    let world = World::start().await;
    let connection = world.connection().await;
    let id = world.conversation(&connection, "anna").await;
    for n in 2..=9 {
        world.answer(&id, &format!("answer {n}")).await;
    }
    let newest = messages(&world, &id, 4, None).await;
    assert_eq!(
        (seqs(&newest), newest.newer_page_token.as_str()),
        (vec![6, 7, 8, 9], "")
    );
    let older = messages(
        &world,
        &id,
        4,
        Some(Position::PageToken(newest.older_page_token)),
    )
    .await;
    assert_eq!(seqs(&older), [2, 3, 4, 5]);
    let oldest = messages(
        &world,
        &id,
        4,
        Some(Position::PageToken(older.older_page_token.clone())),
    )
    .await;
    assert_eq!(
        (seqs(&oldest), oldest.older_page_token.as_str()),
        (vec![1], "")
    );
    let newer = messages(
        &world,
        &id,
        4,
        Some(Position::PageToken(older.newer_page_token)),
    )
    .await;
    assert_eq!(seqs(&newer), [6, 7, 8, 9]);
    let around = messages(&world, &id, 4, Some(Position::AroundSeq(5))).await;
    assert_eq!(seqs(&around), [3, 4, 5, 6]);
    assert!(!around.older_page_token.is_empty() && !around.newer_page_token.is_empty());
    assert_eq!(
        seqs(&messages(&world, &id, 4, Some(Position::AroundSeq(1))).await),
        [1, 2]
    );
    assert_eq!(
        seqs(&messages(&world, &id, 3, Some(Position::AfterSeq(0))).await),
        [1, 2, 3]
    );
    let beyond = messages(&world, &id, 3, Some(Position::AfterSeq(i64::MAX))).await;
    assert!(beyond.messages.is_empty());
}
