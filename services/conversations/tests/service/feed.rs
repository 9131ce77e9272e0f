//! What employees write is told in the timelines of crm's cards (CHW-69, A-17).

use api::crm::internal::v1::SentMessage;
use api::identity::internal::v1::AccountChanged;
use auth::Role;
use prost::Message as _;
use testkit::{wait_for, wait_for_state};
use types::MessageId;

use crate::rights::{bytes, case};
use crate::world::World;

/// Waits until crm was told of so many messages.
async fn told(world: &World, count: usize) -> Vec<SentMessage> {
    let told = async || {
        let told = world.crm.sent(world.account);
        (told.len() >= count).then_some(told)
    };
    wait_for(&format!("crm is told of {count} messages"), told).await
}

/// Identity tells which bot stands for employees in timelines.
async fn show_bot(world: &World, version: i64, name: &str) {
    let state = AccountChanged {
        account_id: bytes(world.account.uuid()),
        version,
        subscription_active: true,
        imbox_enabled: true,
        language: "ru".to_owned(),
        feed_bot_name: name.to_owned(),
        nps: Some(Default::default()),
        ..AccountChanged::default()
    };
    let payload = state.encode_to_vec();
    world
        .identity
        .tell(world.account, "account.changed", payload);
    wait_for_state("the setting is known", async || {
        let known: Option<i64> = sqlx::query_scalar(
            "SELECT version FROM conversations.account_states WHERE account_id = $1",
        )
        .bind(world.account.uuid())
        .fetch_optional(&mut world.db.owner().await)
        .await
        .expect("readable");
        (known == Some(version)).then_some(()).ok_or(known)
    })
    .await;
}

#[tokio::test]
async fn messages_of_employees_are_told_at_the_card_by_the_author_that_the_account_has_set() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (_, owner) = world.member(world.account, Role::Manager, None);
    let case = case(&world, &connection, "anna", owner).await;
    let lone = world.conversation(&connection, "boris").await;
    world.answer(&lone, "to nobody's card").await;
    let first = world.answer(&case.conversation, "hello").await;
    let author = first.author.clone().expect("an author");
    let id: MessageId = first.id.parse().expect("an id");
    let sent = told(&world, 1).await.remove(0);
    assert_eq!(sent.message_id, bytes(id.uuid()));
    assert_eq!(sent.card_id, bytes(case.deal.uuid()));
    assert_eq!(sent.contact_id, bytes(case.contact.uuid()));
    assert_eq!(
        (&sent.author_id, &sent.author_name),
        (&author.user_id, &author.name),
        "the employee, where nothing is set"
    );

    show_bot(&world, 2, "Радист").await;
    world.answer(&case.conversation, "it is me").await;
    let sent = told(&world, 2).await.remove(1);
    assert_eq!((&sent.author_id[..], &sent.author_name[..]), ("", "Радист"));
    let kept = world.messages(&case.conversation).await;
    let last = kept.last().expect("it");
    let shown = last.author.clone().expect("an author");
    assert_eq!(shown, author, "the message itself names the employee");

    show_bot(&world, 3, "").await;
    world.answer(&case.conversation, "and again").await;
    let sent = told(&world, 3).await;
    assert_eq!(sent[2].author_id, author.user_id);
    assert_eq!(sent.len(), 3, "nothing of a conversation without a card");
}
