//! What happened to a card, told with author, before and after.

use std::collections::BTreeMap;

use api::crm::internal::v1::{AddSentMessagesRequest, SentMessage};
use api::crm::v1::{
    AddDealFollowerRequest, Contact, Deal, ListTimelineEntriesRequest, Money, TimelineEntry,
    TimelineEntryKind, UpdateDealRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::RightEntity::{Contacts, Deals};
use api::identity::v1::RightLevel::{Allowed, Own};
use tonic::Status;
use types::{ContactId, ConversationId, DealId, MessageId};
use uuid::Uuid;

use crate::world::{Who, World, mask, reason, row};

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_with_author_before_and_after() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Звонок"]).await;
    let boris = world.manager("Борис", None).await;
    world.set_rights(&boris, &row(Deals, Own), &[], &[]).await;
    let deal = world.deal("Окна", &boris, &pipeline.stages[0].id).await;
    let change = Deal {
        id: deal.id.clone(),
        name: "Двери".into(),
        stage_id: pipeline.stages[1].id.clone(),
        price: Some(Money {
            amount_minor: 100,
            currency: "RUB".into(),
        }),
        ..Deal::default()
    };
    let request = UpdateDealRequest {
        deal: Some(change.clone()),
        update_mask: None,
    };
    world
        .deals()
        .update_deal(boris.ask(request.clone()))
        .await
        .expect("changed");
    let same = world
        .deals()
        .update_deal(boris.ask(request))
        .await
        .expect("nothing to change")
        .into_inner();
    assert_eq!(
        same.deal.expect("it").etag,
        "v2",
        "what changes nothing is no change"
    );
    let follow = AddDealFollowerRequest {
        deal_id: deal.id.clone(),
        user_id: String::new(),
    };
    world
        .deals()
        .add_deal_follower(boris.ask(follow))
        .await
        .expect("subscribed");
    let hand_over = UpdateDealRequest {
        deal: Some(Deal {
            id: deal.id.clone(),
            responsible_user_id: world.admin.id(),
            ..Deal::default()
        }),
        update_mask: mask(&["responsible_user_id"]),
    };
    world
        .deals()
        .update_deal(boris.ask(hand_over))
        .await
        .expect("handed over");

    let mut entries: Vec<TimelineEntry> = Vec::new();
    let mut request = ListTimelineEntriesRequest {
        card_id: deal.id.clone(),
        page_size: 2,
        ..ListTimelineEntriesRequest::default()
    };
    loop {
        let reply = world
            .timeline()
            .list_timeline_entries(world.admin.ask(request.clone()))
            .await;
        let reply = reply.expect("a page").into_inner();
        entries.extend(reply.entries);
        if reply.next_page_token.is_empty() {
            break;
        }
        request.page_token = reply.next_page_token;
    }
    let told: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| {
            format!(
                "{:?} {} {} {} -> {}",
                entry.kind(),
                entry.author_name,
                entry.field,
                in_order(&entry.before_json),
                in_order(&entry.after_json)
            )
        })
        .collect();
    let (b, a) = (boris.id(), world.admin.id());
    let [s0, s1] = [0, 1].map(|place| pipeline.stages[place].id.clone());
    assert_eq!(
        told,
        [
            "Created Анна   -> \"Окна\"".to_owned(),
            "FieldChanged Борис name \"Окна\" -> \"Двери\"".to_owned(),
            format!("StageChanged Борис stage_id \"{s0}\" -> \"{s1}\""),
            "FieldChanged Борис price  -> {\"amount_minor\":100,\"currency\":\"RUB\"}".to_owned(),
            format!("FollowerAdded Борис   -> \"{b}\""),
            format!("ResponsibleChanged Борис responsible_user_id \"{b}\" -> \"{a}\""),
        ]
    );
    request.page_token = String::new();
    let refused = world
        .timeline()
        .list_timeline_entries(boris.ask(request))
        .await;
    assert_eq!(
        reason(&refused.expect_err("no longer one's own")),
        R::DealNotFound
    );
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// A message in a conversation with the contact, at a card or at none.
fn message(card: &str, contact: &Contact, author: &str, name: &str) -> SentMessage {
    let contact: ContactId = contact.id.parse().expect("an id");
    let card: Option<DealId> = card.parse().ok();
    SentMessage {
        message_id: bytes(MessageId::generate().uuid()),
        conversation_id: bytes(ConversationId::generate().uuid()),
        card_id: card.map(|id| bytes(id.uuid())).unwrap_or_default(),
        contact_id: bytes(contact.uuid()),
        author_id: author.to_owned(),
        author_name: name.to_owned(),
        create_time: Some(prost_types::Timestamp::default()),
    }
}

async fn add(world: &World, messages: &[SentMessage]) -> Result<(), Status> {
    let request = AddSentMessagesRequest {
        account_id: bytes(world.account.uuid()),
        messages: messages.to_vec(),
    };
    let service = world.service();
    let mut internal = world.internal();
    let added = internal.add_sent_messages(service.ask(request));
    added.await.map(drop)
}

/// Authors of the messages that a timeline tells of, the newest first.
async fn told(world: &World, who: &Who, card: &str) -> Vec<String> {
    let request = ListTimelineEntriesRequest {
        card_id: card.to_owned(),
        ..ListTimelineEntriesRequest::default()
    };
    let listed = world
        .timeline()
        .list_timeline_entries(who.ask(request))
        .await;
    let entries = listed.expect("a page").into_inner().entries.into_iter();
    let sent = entries.filter(|entry| entry.kind() == TimelineEntryKind::MessageSent);
    sent.map(|entry| {
        assert!(
            entry.after_json.contains("msg_") && entry.text.is_empty(),
            "ids alone"
        );
        format!("{} {}", entry.author_id, entry.author_name)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_told_once_and_to_those_who_may_read_them() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Звонок"]).await;
    let boris = world.manager("Борис", None).await;
    let contact = world.contact(&world.admin, "Анна").await;
    let deal = world.deal("Окна", &boris, &pipeline.stages[0].id).await;
    let first = message(&deal.id, &contact, &boris.id(), "Борис");
    let second = message(&deal.id, &contact, "", "Радист");
    let at_contact = message("", &contact, &boris.id(), "Борис");
    let all = [first, second, at_contact];
    add(&world, &all).await.expect("told");
    add(&world, &all).await.expect("told again");
    let names = [" Радист".to_owned(), format!("{} Борис", boris.id())];
    assert_eq!(told(&world, &world.admin, &deal.id).await, names);
    assert_eq!(told(&world, &world.admin, &contact.id).await, names[1..]);

    // The contact is another's: whoever sees the deal alone does not read what was said (IDN-35).
    world.set_rights(&boris, &row(Deals, Own), &[], &[]).await;
    assert_eq!(told(&world, &boris, &deal.id).await, [""; 0]);
    let mut cells = row(Deals, Own);
    cells.extend(row(Contacts, Allowed));
    world.set_rights(&boris, &cells, &[], &[]).await;
    assert_eq!(told(&world, &boris, &deal.id).await, names);
    // Without a right on deals the contact is shown without its chat.
    let contacts = row(Contacts, Allowed);
    world.set_rights(&boris, &contacts, &[], &[]).await;
    assert_eq!(told(&world, &boris, &contact.id).await, [""; 0]);

    let nowhere = SentMessage {
        card_id: bytes(DealId::generate().uuid()),
        ..all[0].clone()
    };
    add(&world, &[nowhere]).await.expect("a card that is gone");
    let no_card = SentMessage {
        card_id: Vec::new(),
        contact_id: Vec::new(),
        ..all[0].clone()
    };
    let refused = add(&world, &[no_card]).await.expect_err("no card");
    assert_eq!(reason(&refused), R::FieldInvalid);
    let refused = add(&world, &vec![all[0].clone(); 101]).await;
    assert_eq!(reason(&refused.expect_err("too many")), R::TooLarge);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_cards_id_has_a_timeline() {
    let world = World::start().await;
    for card_id in ["", "pip_01h455vb4pex5vsknk084sn02q", "x"] {
        let request = ListTimelineEntriesRequest {
            card_id: card_id.into(),
            ..ListTimelineEntriesRequest::default()
        };
        let refused = world
            .timeline()
            .list_timeline_entries(world.admin.ask(request))
            .await;
        assert_eq!(reason(&refused.expect_err("no card")), R::FieldInvalid);
    }
}

/// JSON with the keys of an object in alphabetical order: a store gives them back in an order of its own.
fn in_order(json: &str) -> String {
    match serde_json::from_str::<BTreeMap<String, serde_json::Value>>(json) {
        Ok(object) => serde_json::to_string(&object).expect("an object"),
        Err(_) => json.to_owned(),
    }
}
