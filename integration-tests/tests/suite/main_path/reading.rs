//! Lists, pages and live streams.

use std::collections::HashSet;

use api::conversations::v1::list_messages_request::Position;
use api::conversations::v1::{
    ConversationAnswer, ConversationMode, ListConversationsRequest, WatchInboxRequest,
};
use api::error::v1::ErrorReason;
use integration_tests::actors::{Watch, written};
use integration_tests::calls::{refused, stream_with_token};
use tonic::Code;

use super::{conversation, office};

#[tokio::test]
async fn messages_page_both_ways_and_around() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let events =
        (1..=25).map(|n| connector.event("chat", &n.to_string(), written(&format!("№{n}"))));
    let first = connector
        .publish(events.collect())
        .await
        .expect("published")
        .remove(0);
    let id = &first.conversation_id;
    let page = async |position| {
        let page = admin.page(id, 10, position).await.expect("a page");
        let seqs: Vec<i64> = page.messages.iter().map(|it| it.seq).collect();
        (seqs, page.older_page_token, page.newer_page_token)
    };
    let range = |from: i64, to: i64| (from..=to).collect::<Vec<_>>();

    let (newest, older, newer) = page(None).await;
    assert_eq!((newest, &newer[..]), (range(16, 25), ""));
    let (middle, older, newer) = page(Some(Position::PageToken(older))).await;
    assert_eq!(middle, range(6, 15));
    assert_eq!(
        page(Some(Position::PageToken(newer))).await.0,
        range(16, 25),
        "and back"
    );
    let (oldest, older, _) = page(Some(Position::PageToken(older))).await;
    assert_eq!((oldest, &older[..]), (range(1, 5), ""));

    let (around, older, newer) = page(Some(Position::AroundSeq(12))).await;
    assert!(
        around.contains(&12) && around.len() == 10 && !older.is_empty() && !newer.is_empty(),
        "{around:?}"
    );
    assert_eq!(around, range(around[0], around[9]), "without a hole");
    assert_eq!(page(Some(Position::AfterSeq(0))).await.0, range(1, 10));
    assert_eq!(
        page(Some(Position::AfterSeq(25))).await.0,
        range(1, 0),
        "nothing comes after the end"
    );

    let other = conversation(&admin, &connector, "other").await;
    let foreign = admin
        .page(&other.id, 10, Some(Position::PageToken(page(None).await.1)))
        .await;
    assert_eq!(
        refused(foreign),
        (Code::InvalidArgument, ErrorReason::PageTokenMismatch)
    );
}

#[tokio::test]
async fn the_list_pages_through_every_conversation_once_and_filters() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    for chat in 0..7 {
        conversation(&admin, &connector, &format!("chat-{chat}")).await;
    }
    let mut seen = Vec::new();
    let mut request = ListConversationsRequest {
        page_size: 3,
        ..Default::default()
    };
    loop {
        let page = admin.list(request.clone()).await.expect("a page");
        assert_eq!(
            page.cursor.is_empty(),
            !request.page_token.is_empty(),
            "a cursor on the first page only"
        );
        seen.extend(page.conversations.into_iter().map(|it| it.number));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1], "the latest change first");

    let four = admin
        .everything()
        .await
        .into_values()
        .find(|it| it.number == 4)
        .expect("number 4");
    admin.mark_no_answer_needed(&four.id).await.expect("marked");
    let filter = |answer: ConversationAnswer| ListConversationsRequest {
        answer: answer.into(),
        ..Default::default()
    };
    let waiting = admin
        .list(filter(ConversationAnswer::RequiresAnswer))
        .await
        .expect("a page");
    assert_eq!(waiting.conversations.len(), 6);
    let done = admin
        .list(filter(ConversationAnswer::NoAnswerNeeded))
        .await
        .expect("a page");
    assert_eq!(
        done.conversations
            .iter()
            .map(|it| &it.id)
            .collect::<Vec<_>>(),
        [&four.id]
    );
    let elsewhere = admin
        .connection(ConversationMode::NewAfterClose, "test-2")
        .await
        .id;
    let none = admin
        .list(ListConversationsRequest {
            connection_id: elsewhere,
            ..Default::default()
        })
        .await
        .expect("a page");
    assert_eq!(none.conversations, []);
}

#[tokio::test]
async fn a_resumed_watch_shows_each_change_once() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let mut watch = admin.watch().await;
    let mut seen = Vec::new();
    for number in 1..=12 {
        if number % 3 == 0 {
            // What happens while nobody listens is not lost.
            watch.drop_stream();
        }
        connector
            .write("chat", &number.to_string(), &format!("№{number}"))
            .await;
        if number % 2 == 0 {
            for _ in 0..2 {
                seen.push(watch.next().await.message.expect("it").seq);
            }
        }
    }
    assert_eq!(seen, (1..=12).collect::<Vec<_>>());
    assert!(watch.resumed() > 0);

    let late = Watch::new(&admin, watch.cursor().to_owned());
    connector.write("chat", "13", "№13").await;
    for mut stream in [watch, late] {
        assert_eq!(
            stream.next().await.message.expect("it").seq,
            13,
            "a cursor may be used by two"
        );
    }
}

#[tokio::test]
async fn a_cursor_of_another_account_is_refused() {
    let (cluster, admin, _) = office(ConversationMode::NewAfterClose).await;
    let other = cluster.account("other").await;
    let foreign = other.watch().await.cursor().to_owned();
    for cursor in [foreign, "nonsense".to_owned(), "\u{7f}".to_owned()] {
        let request = stream_with_token(&admin.token().await, WatchInboxRequest { cursor });
        let answer = match admin.inbox().watch_inbox(request).await {
            Ok(stream) => stream.into_inner().message().await.map(drop),
            Err(status) => Err(status),
        };
        assert_eq!(
            refused(answer),
            (Code::InvalidArgument, ErrorReason::CursorInvalid)
        );
    }
}

#[tokio::test]
async fn list_and_watch_miss_nothing_between_them() {
    let (_cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let listed = conversation(&admin, &connector, "before").await;
    let page = admin
        .list(ListConversationsRequest::default())
        .await
        .expect("a page");
    conversation(&admin, &connector, "between").await;
    let mut watch = Watch::new(&admin, page.cursor);
    let mut known: HashSet<i64> = page.conversations.iter().map(|it| it.number).collect();
    assert!(known.contains(&listed.number));
    while known.len() < 2 {
        known.insert(watch.next().await.conversation.expect("it").number);
    }
    assert_eq!(known, HashSet::from([1, 2]));
}
