//! Accounts side by side.

use api::conversations::v1::{
    ConversationLife, ConversationMode, GetConversationRequest, ListConversationsRequest,
};
use api::error::v1::ErrorReason;
use api::identity::v1::Role;
use integration_tests::Cluster;
use integration_tests::actors::{Admin, written};
use integration_tests::calls::{reason, refused};
use tonic::{Code, Status};
use types::ConversationId;

use super::{conversation, office};

async fn refusal(admin: &Admin, id: &str) -> Status {
    let request = admin
        .ask(GetConversationRequest {
            conversation_id: id.into(),
        })
        .await;
    admin
        .conversations()
        .get_conversation(request)
        .await
        .expect_err("refused")
}

#[tokio::test]
async fn another_accounts_conversation_is_as_unknown_as_one_that_never_was() {
    let (cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let theirs = conversation(&admin, &connector, "chat").await;
    let stranger = cluster.account("stranger").await;
    let never = ConversationId::generate().to_string();
    let (foreign, unknown) = (
        refusal(&stranger, &theirs.id).await,
        refusal(&stranger, &never).await,
    );
    assert_eq!(
        (foreign.code(), reason(&foreign)),
        (Code::NotFound, ErrorReason::ConversationNotFound)
    );
    let bytes = |status: &Status, id: &str| {
        let details = status.details().to_vec();
        // The id that was asked for is named; nothing else differs.
        (
            status.message().to_owned(),
            String::from_utf8_lossy(&details).replace(id, "ID"),
        )
    };
    assert_eq!(bytes(&foreign, &theirs.id), bytes(&unknown, &never));

    assert_eq!(stranger.all(ConversationLife::Open).await, []);
    let filter = ListConversationsRequest {
        connection_id: connector.connection.clone(),
        ..Default::default()
    };
    assert_eq!(
        stranger.list(filter).await.expect("a page").conversations,
        [],
        "a filter finds no more"
    );
}

#[tokio::test]
async fn a_connector_reaches_its_own_accounts_connections_only() {
    let (cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let stranger = cluster.account("stranger").await;
    let theirs = stranger.connector(ConversationMode::NewAfterClose).await;
    let mut event = theirs.event("chat", "1", written("чужое"));
    event.connection_id.clone_from(&connector.connection);
    let result = theirs
        .publish(vec![event])
        .await
        .expect("published")
        .remove(0);
    assert_eq!(result.reason, "CONNECTION_NOT_FOUND");
    assert_eq!(admin.all(ConversationLife::Open).await, []);
}

#[tokio::test]
async fn managers_see_no_conversation_until_cards_give_them_some() {
    let (cluster, admin, connector) = office(ConversationMode::NewAfterClose).await;
    let open = conversation(&admin, &connector, "chat").await;
    let manager = admin.colleague("boris@office.example", Role::Manager).await;
    assert_eq!(manager.all(ConversationLife::Open).await, []);
    assert_eq!(
        refused(manager.get(&open.id).await),
        (Code::NotFound, ErrorReason::ConversationNotFound)
    );
    assert_eq!(
        refused(manager.send(&open.id, "нет").await),
        (Code::NotFound, ErrorReason::ConversationNotFound)
    );
    drop(cluster);
}

#[tokio::test]
async fn an_account_that_has_not_paid_receives_and_does_not_send() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let connector = admin.connector(ConversationMode::NewAfterClose).await;
    let open = conversation(&admin, &connector, "chat").await;
    let email = admin.user().email.clone();
    let subscription = async |state: &str| {
        cluster
            .command(&["admin", "set-subscription", "--account-of", &email, state])
            .await;
    };
    subscription("unpaid").await;
    let refusal = testkit::wait_for("sending is refused", async || {
        admin.send(&open.id, "Здравствуйте").await.err()
    });
    assert_eq!(reason(&refusal.await), ErrorReason::SubscriptionUnpaid);
    connector.write("chat", "chat-2", "А мне отвечают?").await;
    subscription("active").await;
    testkit::wait_for("sending works again", async || {
        admin.send(&open.id, "Да!").await.ok()
    })
    .await;
}
