//! Numbers of conversations.

use api::conversations::v1::{ConversationLife, ConversationMode};
use api::onlinechat::v1::OnlineChatMode;
use futures::future::join_all;
use integration_tests::Seed;
use integration_tests::actors::Visitor;

use super::office;

#[tokio::test]
async fn numbers_run_over_the_account_without_gaps() {
    let (cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let online_chat = admin.online_chat(OnlineChatMode::OneActive).await;
    let seed = Seed::take();
    // Two channels at once, each chat with two messages: the second takes no number.
    let chats = (0..20).map(|number| {
        let chat = format!("chat-{number}");
        let connector = &connector;
        async move {
            connector.write(&chat, &format!("{chat}-1"), "раз").await;
            connector.write(&chat, &format!("{chat}-2"), "два").await;
        }
    });
    let visitors = (0..5).map(|_| async {
        let visitor = Visitor::come(&cluster.url(), &online_chat.id, "")
            .await
            .expect("a visitor comes");
        // Coming alone makes no conversation.
        visitor.send(seed.uuid(), "", "раз").await.expect("sent");
    });
    tokio::join!(join_all(chats), join_all(visitors));
    Visitor::come(&cluster.url(), &online_chat.id, "")
        .await
        .expect("a silent visitor");

    let mut numbers: Vec<i64> = admin
        .all(ConversationLife::Open)
        .await
        .iter()
        .map(|it| it.number)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=25).collect::<Vec<_>>());

    let other = cluster.account("other").await;
    let connector = other.connector(ConversationMode::NewAfterClose).await;
    assert_eq!(
        connector
            .write("chat", "1", "раз")
            .await
            .conversation_number,
        1,
        "each account counts for itself"
    );
}

#[tokio::test]
async fn a_refused_event_takes_no_number_and_does_not_spoil_its_neighbours() {
    let (_cluster, _admin, connector) = office(ConversationMode::NewAfterClose).await;
    let good = |chat: &str| connector.event(chat, chat, integration_tests::actors::written("да"));
    let mut bad = good("bad");
    bad.connection_id = "cxn_00000000000000000000000000".into();
    let mut empty = good("empty");
    empty.event = None;
    let results = connector
        .publish(vec![good("one"), bad, empty, good("two")])
        .await
        .expect("published");
    let seen: Vec<_> = results
        .iter()
        .map(|it| (it.conversation_number, &it.reason[..]))
        .collect();
    assert_eq!(
        seen,
        [
            (1, ""),
            (0, "CONNECTION_NOT_FOUND"),
            (0, "FIELD_INVALID"),
            (2, "")
        ]
    );
}
