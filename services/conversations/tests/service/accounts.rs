//! What identity says of accounts.

use api::conversations::v1::{
    GetCountersRequest, ListConversationsRequest, OpenConversationRequest, SendMessageRequest,
    WatchCountersRequest, WatchInboxRequest,
};
use api::identity::internal::v1::AccountChanged;
use prost::Message as _;
use sqlx::Row;
use tonic::Status;
use types::AccountId;

use crate::world::{World, refusal, with};

const KIND: &str = "account.changed";

fn changed(account: AccountId, version: i64, subscription_active: bool) -> Vec<u8> {
    let account_id = account.uuid().as_bytes().to_vec();
    AccountChanged {
        account_id,
        version,
        subscription_active,
        imbox_enabled: true,
        language: "ru".to_owned(),
        message_search: true,
        ..AccountChanged::default()
    }
    .encode_to_vec()
}

/// What the service has noted of an account, seen from behind row-level security: subscription and version.
async fn noted(world: &World, account: AccountId) -> Option<(bool, i64)> {
    let row = sqlx::query("SELECT subscription_active, version FROM conversations.account_states WHERE account_id = $1")
        .bind(account.uuid())
        .fetch_optional(&mut world.db.owner().await)
        .await
        .expect("readable")?;
    Some((row.get(0), row.get(1)))
}

async fn until_noted(world: &World, account: AccountId, expected: (bool, i64)) {
    let as_expected = async || match noted(world, account).await {
        Some(noted) if noted == expected => Ok(()),
        other => Err(other),
    };
    testkit::wait_for_state("the account's state is noted", as_expected).await;
}

async fn send(world: &World, conversation: &str) -> Result<(), Status> {
    let request = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        text: "answer".to_owned(),
        request_id: String::new(),
        ..SendMessageRequest::default()
    };
    world
        .conversations()
        .send_message(with(&world.admin, request))
        .await
        .map(drop)
}

#[tokio::test]
async fn sending_stops_and_goes_on_with_the_subscription() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    for (version, active) in [(1, true), (2, false), (3, true)] {
        world
            .identity
            .tell(world.account, KIND, changed(world.account, version, active));
        until_noted(&world, world.account, (active, version)).await;
        match active {
            true => send(&world, &conversation).await.expect("sent"),
            false => assert_eq!(
                refusal(send(&world, &conversation).await),
                "FailedPrecondition SUBSCRIPTION_UNPAID {}"
            ),
        }
    }
    assert_eq!(
        world.identity.asked(),
        0,
        "what events told needs no question"
    );
}

#[tokio::test]
async fn of_an_account_without_events_identity_is_asked() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    send(&world, &conversation).await.expect("sent");
    world.identity.unpaid(world.account);
    assert_eq!(
        refusal(send(&world, &conversation).await),
        "FailedPrecondition SUBSCRIPTION_UNPAID {}"
    );
    assert_eq!(world.identity.asked(), 2);
}

#[tokio::test]
async fn an_older_version_changes_nothing() {
    let world = World::start().await;
    let account = world.account;
    world
        .identity
        .tell(account, KIND, changed(account, 5, true));
    world
        .identity
        .tell(account, KIND, changed(account, 4, false));
    world
        .identity
        .tell(account, "user.changed", b"of no concern here".to_vec());
    world
        .identity
        .tell(account, KIND, changed(account, 6, true));
    until_noted(&world, account, (true, 6)).await;
}

#[tokio::test]
async fn a_poison_event_parks_its_account_and_can_be_run_again() {
    let world = World::start().await;
    // Two accounts of one shard: the shard is chosen by the last byte.
    let (broken, healthy) = (
        AccountId::from(uuid::Uuid::from_u128(64)),
        AccountId::from(uuid::Uuid::from_u128(128)),
    );
    world.identity.tell(broken, KIND, changed(broken, 1, true));
    until_noted(&world, broken, (true, 1)).await;
    world
        .identity
        .tell(broken, KIND, changed(healthy, 2, false));
    world.identity.tell(broken, KIND, changed(broken, 3, false));
    world
        .identity
        .tell(healthy, KIND, changed(healthy, 1, true));
    until_noted(&world, healthy, (true, 1)).await;
    assert_eq!(
        noted(&world, broken).await,
        Some((true, 1)),
        "what follows a poison event waits for it"
    );

    let parked = "SELECT reason FROM conversations.parked_events ORDER BY position";
    let mut owner = world.db.owner().await;
    let reasons: Vec<String> = sqlx::query_scalar(parked)
        .fetch_all(&mut owner)
        .await
        .expect("readable");
    assert_eq!(
        reasons,
        [
            "the payload is another account's",
            "waits for an earlier event of the same aggregate"
        ]
    );

    // An operator repairs the event and lets both run again.
    let repair = "UPDATE conversations.parked_events SET rerun = true, payload = CASE WHEN position = 2 THEN $1 ELSE payload END";
    sqlx::query(repair)
        .bind(changed(broken, 2, true))
        .execute(&mut owner)
        .await
        .expect("repaired");
    until_noted(&world, broken, (false, 3)).await;
    let left: Vec<String> = sqlx::query_scalar(parked)
        .fetch_all(&mut owner)
        .await
        .expect("readable");
    assert!(left.is_empty());
}

/// What every read of imBox answers; empty where it does not refuse.
async fn imbox(world: &World, conversation: &str) -> Vec<String> {
    let (mut inbox, mut counters) = (world.inbox(), world.counters());
    let request = |conversation: &str| OpenConversationRequest {
        conversation_id: conversation.to_owned(),
        page_size: 0,
    };
    let token = &world.admin;
    let answers = [
        inbox
            .list_conversations(with(token, ListConversationsRequest::default()))
            .await
            .map(drop),
        inbox
            .watch_inbox(with(token, WatchInboxRequest::default()))
            .await
            .map(drop),
        inbox
            .open_conversation(with(token, request(conversation)))
            .await
            .map(drop),
        counters
            .get_counters(with(token, GetCountersRequest {}))
            .await
            .map(drop),
        counters
            .watch_counters(with(token, WatchCountersRequest {}))
            .await
            .map(drop),
    ];
    answers
        .into_iter()
        .filter(Result::is_err)
        .map(refusal)
        .collect()
}

#[tokio::test]
async fn imbox_refuses_until_it_is_switched_on() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let state = |version, imbox_enabled| {
        AccountChanged {
            account_id: world.account.uuid().as_bytes().to_vec(),
            version,
            subscription_active: true,
            imbox_enabled,
            message_search: true,
            language: "ru".to_owned(),
            ..AccountChanged::default()
        }
        .encode_to_vec()
    };
    world.identity.tell(world.account, KIND, state(1, false));
    until_noted(&world, world.account, (true, 1)).await;
    assert_eq!(
        imbox(&world, &conversation).await,
        ["FailedPrecondition IMBOX_DISABLED {}"; 5]
    );
    world.identity.tell(world.account, KIND, state(2, true));
    until_noted(&world, world.account, (true, 2)).await;
    assert_eq!(imbox(&world, &conversation).await, [""; 0]);
}
