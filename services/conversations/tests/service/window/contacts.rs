//! The window: where it opens, and the contacts and chats that it shows.

use std::time::Duration;

use api::conversations::v1::{
    Chat, LinkConversationRequest, ListContactChatsRequest, ListContactChatsResponse,
    ListWindowContactsRequest, OpenWindowRequest, OpenWindowResponse, WindowArea, WindowContact,
    WindowPlace,
};
use api::crm::internal::v1::{CardChanged, CardKind};
use api::identity::v1 as id;
use api::identity::v1::RightLevel::{Allowed, Own};
use auth::Role;
use prost::Message as _;
use testkit::{wait_for, wait_for_state};
use tonic::Status;
use types::{AccountId, ContactId, DealId, StageId, UserId};

use super::chat_of;
use crate::rights::{bytes, seer, tell_contact, viewing};
use crate::world::{World, refusal, with};

/// All entries of the left menu, one a page.
pub async fn listed(world: &World, token: &str) -> Vec<WindowContact> {
    let (mut request, mut found) = (ListWindowContactsRequest::default(), Vec::new());
    request.page_size = 1;
    loop {
        let asked = with(token, request.clone());
        let page = world.chats().list_window_contacts(asked).await;
        let page = page.expect("a page").into_inner();
        assert!(page.contacts.len() <= 1);
        found.extend(page.contacts);
        if page.next_page_token.is_empty() {
            return found;
        }
        request.page_token = page.next_page_token;
    }
}

async fn open(
    world: &World,
    token: &str,
    place: WindowPlace,
    card_id: impl ToString,
) -> Result<OpenWindowResponse, Status> {
    let request = OpenWindowRequest {
        place: place.into(),
        card_id: card_id.to_string(),
        ..OpenWindowRequest::default()
    };
    let opened = world.chats().open_window(with(token, request)).await?;
    Ok(opened.into_inner())
}

async fn chats(
    world: &World,
    token: &str,
    contact: ContactId,
    page_token: &str,
) -> Result<ListContactChatsResponse, Status> {
    let request = ListContactChatsRequest {
        contact_id: contact.to_string(),
        page_size: 1,
        page_token: page_token.to_owned(),
    };
    let page = world.chats().list_contact_chats(with(token, request)).await;
    Ok(page?.into_inner())
}

/// Somebody who sees their own contacts alone.
fn own(world: &World) -> (String, UserId) {
    let (token, user) = world.member(world.account, Role::Manager, None);
    world.set_rights(user, viewing(Own, Allowed));
    (token, user)
}

async fn link(world: &World, conversation: &str, contact: ContactId) {
    let request = LinkConversationRequest {
        conversation_id: conversation.to_owned(),
        contact_id: contact.to_string(),
        ..LinkConversationRequest::default()
    };
    wait_for_state("the contact has arrived", async || {
        let asked = with(&world.admin, request.clone());
        world.conversations().link_conversation(asked).await
    })
    .await;
}

/// A client of this name writes; the conversation.
async fn written(world: &World, connection: &str, name: &str) -> String {
    world.clock.advance(Duration::from_secs(1));
    let event = world.message_named(connection, name, name);
    let results = world.publish(vec![event]).await.expect("published");
    results[0].conversation_id.clone()
}

/// An employee answers, later than all that happened before.
async fn answered(world: &World, conversation: &str) {
    world.clock.advance(Duration::from_secs(1));
    world.answer(conversation, "Здравствуйте").await;
}

/// What entries are called, those that wait with a mark.
fn told(entries: &[WindowContact]) -> Vec<String> {
    let told = entries.iter().map(|entry| match entry.unanswered {
        true => format!("{}!", entry.name),
        false => entry.name.clone(),
    });
    told.collect()
}

fn last(entry: &WindowContact) -> &Chat {
    entry.last_chat.as_ref().expect("a chat")
}

fn tell_deal(world: &World, deal: DealId, owner: UserId, version: i64, contacts: &[ContactId]) {
    let card = CardChanged {
        account_id: bytes(world.account.uuid()),
        kind: CardKind::Deal.into(),
        card_id: bytes(deal.uuid()),
        version,
        name: "Окна".to_owned(),
        responsible_user_id: bytes(owner.uuid()),
        stage_id: bytes(StageId::generate().uuid()),
        contact_ids: contacts.iter().map(|id| bytes(id.uuid())).collect(),
        ..CardChanged::default()
    };
    world
        .crm
        .tell(world.account, "crm.deal.changed", card.encode_to_vec());
}

#[tokio::test]
async fn the_left_menu_lists_each_contact_once_and_those_that_wait_first() {
    let world = World::start().await;
    let connection = world.connection().await.id;
    let manager = seer(&world).await;
    let (stranger, owner) = own(&world);
    let anna = ContactId::generate();
    tell_contact(&world, anna, owner, 1);
    let first = written(&world, &connection, "anna 1").await;
    let second = written(&world, &connection, "anna 2").await;
    for conversation in [&first, &second] {
        link(&world, conversation, anna).await;
    }
    let pyotr = written(&world, &connection, "Пётр").await;
    world.clock.advance(Duration::from_secs(1));
    let mut event = world.message_named(&connection, "club", "Клуб");
    event.group_chat = true;
    let club = world.publish(vec![event]).await.expect("published");
    let club = &club[0].conversation_id;
    link(&world, club, anna).await;

    let all = listed(&world, &world.admin).await;
    assert_eq!(told(&all), ["Клуб!", "Пётр!", "Анна!"]);
    let ids: Vec<_> = all.iter().map(|it| &it.contact_id[..]).collect();
    assert_eq!(ids, ["", "", &anna.to_string()]);
    assert!(last(&all[0]).group);
    assert_eq!(last(&all[2]).id, chat_of(&world, &second).await);
    // A group is an administrator's alone, and a client without a contact nobody's who sees their own contacts alone.
    assert_eq!(told(&listed(&world, &manager).await), ["Пётр!", "Анна!"]);
    wait_for("the rights have arrived", async || {
        (told(&listed(&world, &stranger).await) == ["Анна!"]).then_some(())
    })
    .await;

    for conversation in [&pyotr, club, &second] {
        answered(&world, conversation).await;
    }
    let all = listed(&world, &world.admin).await;
    assert_eq!(told(&all), ["Анна!", "Клуб", "Пётр"]);
    assert_eq!(last(&all[0]).id, chat_of(&world, &second).await);
    assert!(!last(&all[0]).unanswered, "the other chat waits");
    answered(&world, &first).await;
    let all = listed(&world, &world.admin).await;
    assert_eq!(told(&all), ["Анна", "Клуб", "Пётр"]);
    assert_eq!(last(&all[0]).id, chat_of(&world, &first).await);

    let foreign = world.administrator_of(AccountId::generate());
    assert!(listed(&world, &foreign).await.is_empty());
    let menu = open(&world, &world.admin, WindowPlace::LeftMenu, "").await;
    let menu = menu.expect("open");
    assert_eq!(menu.contacts, listed(&world, &world.admin).await);
    assert_eq!(menu.next_page_token, "");
}

#[tokio::test]
async fn a_contact_expands_into_its_chats() {
    let world = World::start().await;
    let connection = world.connection().await.id;
    let (owners, owner) = own(&world);
    let (others, _) = own(&world);
    let anna = ContactId::generate();
    tell_contact(&world, anna, owner, 1);
    let mut expected = Vec::new();
    for name in ["Анна", "Анна с работы"] {
        let conversation = written(&world, &connection, name).await;
        link(&world, &conversation, anna).await;
        expected.insert(0, chat_of(&world, &conversation).await);
    }
    let mut event = world.message_named(&connection, "club", "Клуб");
    event.group_chat = true;
    let club = world.publish(vec![event]).await.expect("published");
    link(&world, &club[0].conversation_id, anna).await;

    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = wait_for("the rights have arrived", async || {
            chats(&world, &owners, anna, &page_token).await.ok()
        })
        .await;
        found.extend(page.chats.into_iter().map(|chat| chat.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, expected);
    let foreign = world.administrator_of(AccountId::generate());
    for token in [&others, &foreign] {
        let hidden = refusal(chats(&world, token, anna, "").await);
        assert!(hidden.starts_with("NotFound CONTACT_NOT_FOUND"), "{hidden}");
    }
    let other = chats(&world, &world.admin, anna, "bm9uc2Vuc2U").await;
    assert!(refusal(other).contains("PAGE_TOKEN_MISMATCH"));
}

#[tokio::test]
async fn a_deal_opens_with_all_its_contacts() {
    let world = World::start().await;
    let connection = world.connection().await.id;
    let (token, owner) = own(&world);
    let (_, other) = world.member(world.account, Role::Manager, None);
    let [anna, silent, hidden] = [(); 3].map(|()| ContactId::generate());
    tell_contact(&world, anna, owner, 1);
    tell_contact(&world, silent, owner, 1);
    tell_contact(&world, hidden, other, 1);
    let deal = DealId::generate();
    let conversation = written(&world, &connection, "anna").await;
    link(&world, &conversation, anna).await;
    tell_deal(&world, deal, other, 1, &[silent, anna, hidden]);
    for place in [WindowPlace::Deal, WindowPlace::InboxDeal] {
        let opened = wait_for("the deal has arrived", async || {
            open(&world, &token, place, deal).await.ok()
        })
        .await;
        let contacts = &opened.contacts;
        let ids: Vec<_> = contacts.iter().map(|it| it.contact_id.clone()).collect();
        assert_eq!(ids, [silent.to_string(), anna.to_string()]);
        assert_eq!(contacts[0].last_chat, None);
        assert_eq!(last(&contacts[1]).id, chat_of(&world, &conversation).await);
        assert_eq!(opened.responsible_user_id, other.to_string());
    }
    // Opened again it tells who is responsible by then.
    tell_deal(&world, deal, owner, 2, &[silent, anna, hidden]);
    wait_for("it is told anew", async || {
        let opened = open(&world, &token, WindowPlace::Deal, deal).await;
        let opened = opened.expect("open");
        (opened.responsible_user_id == owner.to_string()).then_some(())
    })
    .await;
    // What is hidden of the deal is not told here either (IDN-13).
    let (limited, user) = world.member(world.account, Role::Manager, None);
    let hidden = |field: &str| id::FieldRule {
        entity: id::RightEntity::Deals.into(),
        field: field.to_owned(),
        right: id::FieldRight::Hidden.into(),
        ..id::FieldRule::default()
    };
    let all = viewing(id::RightLevel::Allowed, id::RightLevel::Allowed);
    let fields = vec![hidden("responsible_user_id"), hidden("contact_ids")];
    world.set_rights(user, id::Rights { fields, ..all });
    let opened = wait_for("the rights have arrived", async || {
        open(&world, &limited, WindowPlace::Deal, deal).await.ok()
    })
    .await;
    assert_eq!(
        (&opened.responsible_user_id[..], opened.contacts.len()),
        ("", 0)
    );
    // Who may not view the deal or the contact does not open the window for it.
    let (blind, user) = world.member(world.account, Role::Manager, None);
    world.set_rights(user, viewing(Own, id::RightLevel::Forbidden));
    let refused = refusal(open(&world, &blind, WindowPlace::Deal, deal).await);
    assert!(refused.starts_with("NotFound DEAL_NOT_FOUND"), "{refused}");
    let refused = refusal(open(&world, &blind, WindowPlace::Contact, anna).await);
    assert!(
        refused.starts_with("NotFound CONTACT_NOT_FOUND"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_contact_opens_with_the_chat_of_the_last_communication() {
    let world = World::start().await;
    let connection = world.connection().await.id;
    let (token, owner) = own(&world);
    let anna = ContactId::generate();
    tell_contact(&world, anna, owner, 1);
    let mut conversations = Vec::new();
    for name in ["one", "two"] {
        conversations.push(written(&world, &connection, name).await);
        link(&world, &conversations[conversations.len() - 1], anna).await;
    }
    for conversation in [&conversations[1], &conversations[0]] {
        answered(&world, conversation).await;
        for place in [WindowPlace::Contact, WindowPlace::CustomerContact] {
            let opened = wait_for("the rights have arrived", async || {
                open(&world, &token, place, anna).await.ok()
            })
            .await;
            assert_eq!(opened.contacts.len(), 1);
            assert_eq!(
                last(&opened.contacts[0]).id,
                chat_of(&world, conversation).await
            );
            assert_eq!(opened.responsible_user_id, owner.to_string());
        }
    }
}

#[tokio::test]
async fn the_window_opens_from_five_places_alone() {
    let world = World::start().await;
    let (_, owner) = own(&world);
    let (anna, deal) = (ContactId::generate(), DealId::generate());
    tell_contact(&world, anna, owner, 1);
    tell_deal(&world, deal, owner, 1, &[anna]);
    wait_for("the deal has arrived", async || {
        let opened = open(&world, &world.admin, WindowPlace::Deal, deal).await;
        opened.ok()
    })
    .await;
    let (deal, anna) = (deal.to_string(), anna.to_string());
    for (place, card, area) in [
        (WindowPlace::LeftMenu, "", WindowArea::Screen),
        (WindowPlace::Deal, &deal, WindowArea::Deal),
        (WindowPlace::InboxDeal, &deal, WindowArea::Deal),
        (WindowPlace::CustomerContact, &anna, WindowArea::Contact),
        (WindowPlace::Contact, &anna, WindowArea::Contact),
    ] {
        let opened = open(&world, &world.admin, place, card).await.expect("open");
        let layout = opened.layout.expect("a layout");
        let menu = place == WindowPlace::LeftMenu;
        assert_eq!((layout.area(), &layout.return_to[..]), (area, card));
        assert_eq!(
            (layout.close_button, layout.search, layout.groups),
            (!menu, menu, menu)
        );
        assert!(layout.closes_on_leaving);
    }
    for (place, card) in [
        (WindowPlace::Unspecified, ""),
        (WindowPlace::LeftMenu, &deal[..]),
        (WindowPlace::Deal, ""),
        (WindowPlace::Deal, &anna),
        (WindowPlace::Contact, &deal),
    ] {
        let refused = refusal(open(&world, &world.admin, place, card).await);
        assert!(refused.contains("FIELD_INVALID"), "{place:?}: {refused}");
    }
    let sixth = OpenWindowRequest {
        place: 6,
        ..OpenWindowRequest::default()
    };
    let sixth = world.chats().open_window(with(&world.admin, sixth)).await;
    assert!(refusal(sixth).contains("FIELD_INVALID"));
}
