//! Chats go with their contacts when crm merges them, and come back when it parts them.

use api::conversations::v1::{ConversationVisibility as Seen, LinkConversationRequest};
use api::crm::internal::v1::{CardChanged, CardKind};
use api::identity::v1::RightLevel::{Allowed, Own};
use auth::Role;
use prost::Message as _;
use testkit::wait_for;
use types::{ContactId, UserId};

use crate::rights::{change, sees, tell_contact, viewing, watch};
use crate::world::{World, with};

/// Tells that a contact went into another, or came out of it again.
fn tell(world: &World, contact: ContactId, owner: UserId, version: i64, target: ContactId) {
    let bytes = |id: uuid::Uuid| id.as_bytes().to_vec();
    let merged = version % 2 == 0;
    let mut card = CardChanged {
        account_id: bytes(world.account.uuid()),
        kind: CardKind::Contact.into(),
        card_id: bytes(contact.uuid()),
        version,
        name: "Анна".to_owned(),
        responsible_user_id: bytes(owner.uuid()),
        deleted: merged,
        ..CardChanged::default()
    };
    let other = bytes(target.uuid());
    match merged {
        true => card.merged_into = other,
        false => card.unmerged_from = other,
    }
    let payload = card.encode_to_vec();
    world
        .crm
        .tell(world.account, "crm.contact.changed", payload);
}

async fn link(world: &World, conversation: &str, contact: ContactId) {
    let request = LinkConversationRequest {
        conversation_id: conversation.to_owned(),
        contact_id: contact.to_string(),
        card_id: String::new(),
    };
    wait_for("the contact has arrived", async || {
        let request = with(&world.admin, request.clone());
        world.conversations().link_conversation(request).await.ok()
    })
    .await;
}

#[tokio::test]
async fn chats_follow_a_merged_contact_and_come_back() {
    let world = World::start().await;
    let connection = world.connection().await;
    let (token, boris) = world.member(world.account, Role::Manager, None);
    let (_, other) = world.member(world.account, Role::Manager, None);
    world.set_rights(boris, viewing(Own, Allowed));
    let [target, source, third] = [(); 3].map(|()| ContactId::generate());
    tell_contact(&world, target, boris, 1);
    for contact in [source, third] {
        tell_contact(&world, contact, other, 1);
    }
    let chat = world.conversation(&connection, "anna").await;
    let moved = world.conversation(&connection, "ivan").await;
    for conversation in [&chat, &moved] {
        link(&world, conversation, source).await;
        sees(&world, &token, conversation, Seen::Unspecified).await;
    }
    let mut stream = watch(&world, &token).await;
    tell(&world, source, other, 2, target);
    for conversation in [&chat, &moved] {
        sees(&world, &token, conversation, Seen::ContactAndChat).await;
    }
    let told = change(&mut stream).await.conversation.expect("it");
    assert_eq!(told.visibility(), Seen::ContactAndChat);
    assert_eq!(told.contact_id, target.to_string());

    // What an employee decided after the merge is not undone with it.
    link(&world, &moved, third).await;
    sees(&world, &token, &moved, Seen::Unspecified).await;
    link(&world, &moved, target).await;
    let stays = world.conversation(&connection, "pyotr").await;
    link(&world, &stays, target).await;
    link(&world, &moved, third).await;
    tell(&world, source, other, 3, target);
    sees(&world, &token, &chat, Seen::Unspecified).await;
    sees(&world, &token, &stays, Seen::ContactAndChat).await;
    let admins = world.admin.clone();
    sees(&world, &admins, &chat, Seen::ContactAndChat).await;
}
