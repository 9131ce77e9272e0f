//! What happened to a card, told with author, before and after.

use std::collections::BTreeMap;

use api::crm::v1::{
    AddDealFollowerRequest, Deal, ListTimelineEntriesRequest, Money, TimelineEntry,
    UpdateDealRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::RightEntity::Deals;
use api::identity::v1::RightLevel::Own;

use crate::world::{World, mask, reason, row};

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
