//! Who may do what with which card.

use api::crm::v1::{
    AddDealFollowerRequest, Contact, Deal, DeleteDealRequest, ListContactsRequest,
    ListDealsRequest, RemoveDealFollowerRequest, UpdateContactRequest, UpdateDealRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::RightAction::{Create, Edit, View};
use api::identity::v1::RightEntity::{Contacts, Deals};
use api::identity::v1::RightLevel::{Allowed, Forbidden, Group, Own};
use api::identity::v1::StageRight;
use tonic::Status;
use types::GroupId;

use crate::world::{Who, World, cell, reason, row, stage_rule};

async fn rename(world: &World, who: &Who, id: &str) -> Result<Contact, Status> {
    let contact = Contact {
        id: id.to_owned(),
        name: "Новое имя".into(),
        ..Contact::default()
    };
    let request = UpdateContactRequest {
        contact: Some(contact),
        update_mask: None,
    };
    Ok(world
        .contacts()
        .update_contact(who.ask(request))
        .await?
        .into_inner()
        .contact
        .expect("it"))
}

async fn contacts_of_three(world: &World) -> (Who, [Contact; 3]) {
    let group = GroupId::generate();
    let boris = world.manager("Борис", Some(group)).await;
    let colleague = world.manager("Вера", Some(group)).await;
    let mut contacts = Vec::new();
    for (name, of) in [
        ("Свой", &boris),
        ("Отдела", &colleague),
        ("Чужой", &world.admin),
    ] {
        let contact = Contact {
            name: name.into(),
            responsible_user_id: of.id(),
            ..Contact::default()
        };
        contacts.push(
            world
                .create_contact(&world.admin, contact)
                .await
                .expect("made"),
        );
        world.advance(1);
    }
    (boris, contacts.try_into().expect("three"))
}

/// IDN-08…IDN-12 for View: what a colour lets see, alone and in lists.
#[tokio::test(flavor = "multi_thread")]
async fn a_colour_decides_which_contacts_are_seen() {
    let world = World::start().await;
    let (boris, contacts) = contacts_of_three(&world).await;
    for (level, seen) in [(Forbidden, 0), (Own, 1), (Group, 2), (Allowed, 3)] {
        world
            .set_rights(&boris, &row(Contacts, level), &[], &[])
            .await;
        let mut names: Vec<_> = contacts[..seen]
            .iter()
            .map(|contact| contact.name.clone())
            .collect();
        names.reverse();
        let listed = world
            .contact_names(&boris, ListContactsRequest::default())
            .await
            .expect("a list");
        assert_eq!(listed, names, "{level:?}");
        for (place, contact) in contacts.iter().enumerate() {
            match world.get_contact(&boris, &contact.id).await {
                Ok(_) => assert!(place < seen, "{level:?} {}", contact.name),
                Err(status) => {
                    assert!(place >= seen, "{level:?} {}", contact.name);
                    assert_eq!(reason(&status), R::ContactNotFound);
                }
            }
        }
    }
}

/// IDN-07: each action has a right of its own.
#[tokio::test(flavor = "multi_thread")]
async fn each_action_has_its_own_right() {
    let world = World::start().await;
    let (boris, [own, group, _]) = contacts_of_three(&world).await;
    let view = cell(Contacts, View, Allowed);
    world
        .set_rights(&boris, &[view, cell(Contacts, Edit, Own)], &[], &[])
        .await;
    rename(&world, &boris, &own.id).await.expect("one's own");
    let refused = rename(&world, &boris, &group.id)
        .await
        .expect_err("another's");
    assert_eq!(reason(&refused), R::PermissionMissing);
    let new = |of: String| Contact {
        name: "Н".into(),
        responsible_user_id: of,
        ..Contact::default()
    };
    let refused = world
        .create_contact(&boris, new(String::new()))
        .await
        .expect_err("not set");
    assert_eq!(reason(&refused), R::PermissionMissing);

    let (view, create) = (cell(Contacts, View, Allowed), cell(Contacts, Create, Own));
    world.set_rights(&boris, &[view, create], &[], &[]).await;
    world
        .create_contact(&boris, new(String::new()))
        .await
        .expect("for oneself");
    let refused = world
        .create_contact(&boris, new(world.admin.id()))
        .await
        .expect_err("for another");
    assert_eq!(reason(&refused), R::PermissionMissing);
    let refused = rename(&world, &boris, &own.id)
        .await
        .expect_err("no longer");
    assert_eq!(
        reason(&refused),
        R::PermissionMissing,
        "a change of rights counts at once"
    );
}

/// IDN-28…IDN-31 over Get and List.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_on_a_stage_replaces_the_right_on_deals() {
    let world = World::start().await;
    let pipeline = world
        .pipeline("Продажи", &["Открытый", "Закрытый", "Обычный"])
        .await;
    let [open, closed, usual] = [1, 2, 3].map(|place| pipeline.stages[place].id.clone());
    let boris = world.manager("Борис", None).await;
    let mut deals = Vec::new();
    for (name, of, stage) in [
        ("чужая открытая", &world.admin, &open),
        ("своя закрытая", &boris, &closed),
        ("чужая обычная", &world.admin, &usual),
        ("своя обычная", &boris, &usual),
    ] {
        deals.push(world.deal(name, of, stage).await);
        world.advance(1);
    }
    let stages = [
        stage_rule(&open, View, StageRight::Allowed),
        stage_rule(&closed, View, StageRight::Forbidden),
    ];
    for (level, seen) in [
        (Forbidden, vec!["чужая открытая"]),
        (Own, vec!["своя обычная", "чужая открытая"]),
        (
            Allowed,
            vec!["своя обычная", "чужая обычная", "чужая открытая"],
        ),
    ] {
        world
            .set_rights(&boris, &row(Deals, level), &stages, &[])
            .await;
        let listed = world
            .deal_names(
                &boris,
                ListDealsRequest {
                    page_size: 1,
                    ..ListDealsRequest::default()
                },
            )
            .await;
        assert_eq!(listed.expect("a list"), seen, "{level:?}");
        for deal in &deals {
            let got = world.get_deal(&boris, &deal.id).await;
            assert_eq!(
                got.is_ok(),
                seen.contains(&&deal.name[..]),
                "{level:?} {}",
                deal.name
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deal_is_not_moved_to_a_stage_where_the_caller_may_not_work() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Закрытый"]).await;
    let (first, closed) = (pipeline.stages[0].id.clone(), pipeline.stages[1].id.clone());
    let boris = world.manager("Борис", None).await;
    world
        .set_rights(
            &boris,
            &row(Deals, Own),
            &[stage_rule(&closed, Edit, StageRight::Forbidden)],
            &[],
        )
        .await;
    let deal = world.deal("Окна", &boris, &first).await;
    let change = |deal: Deal| UpdateDealRequest {
        deal: Some(deal),
        update_mask: None,
    };
    let renamed = Deal {
        id: deal.id.clone(),
        name: "Двери".into(),
        ..Deal::default()
    };
    world
        .deals()
        .update_deal(boris.ask(change(renamed)))
        .await
        .expect("one's own");
    let moved = Deal {
        id: deal.id,
        stage_id: closed,
        ..Deal::default()
    };
    let refused = world
        .deals()
        .update_deal(boris.ask(change(moved)))
        .await
        .expect_err("forbidden there");
    assert_eq!(reason(&refused), R::PermissionMissing);
}

/// IDN-21 and A-03: a subscription shows a deal where View is forbidden, but not on a forbidden stage.
#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_shows_a_deal_that_is_forbidden_otherwise() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["Закрытый"]).await;
    let (first, closed) = (pipeline.stages[0].id.clone(), pipeline.stages[1].id.clone());
    let boris = world.manager("Борис", None).await;
    world
        .set_rights(&boris, &row(Deals, Forbidden), &[], &[])
        .await;
    let (shown, hidden) = (
        world.deal("Окна", &world.admin, &first).await,
        world.deal("Двери", &world.admin, &closed).await,
    );
    let all = || ListDealsRequest::default();
    assert!(
        world
            .deal_names(&boris, all())
            .await
            .expect("a list")
            .is_empty()
    );
    for deal in [&shown, &hidden] {
        let request = AddDealFollowerRequest {
            deal_id: deal.id.clone(),
            user_id: boris.id(),
        };
        let own = world
            .deals()
            .add_deal_follower(boris.ask(AddDealFollowerRequest {
                user_id: String::new(),
                ..request.clone()
            }))
            .await;
        assert_eq!(reason(&own.expect_err("not seen")), R::DealNotFound);
        let reply = world
            .deals()
            .add_deal_follower(world.admin.ask(request))
            .await
            .expect("subscribed");
        assert_eq!(
            reply.into_inner().deal.expect("it").follower_user_ids,
            [boris.id()]
        );
    }
    assert_eq!(
        world.deal_names(&boris, all()).await.expect("a list").len(),
        2
    );
    world
        .set_rights(
            &boris,
            &row(Deals, Forbidden),
            &[stage_rule(&closed, View, StageRight::Forbidden)],
            &[],
        )
        .await;
    assert_eq!(
        world.deal_names(&boris, all()).await.expect("a list"),
        ["Окна"]
    );
    world.get_deal(&boris, &shown.id).await.expect("subscribed");
    let refused = world
        .get_deal(&boris, &hidden.id)
        .await
        .expect_err("a forbidden stage wins");
    assert_eq!(reason(&refused), R::DealNotFound);
    let request = DeleteDealRequest {
        deal_id: shown.id.clone(),
        etag: String::new(),
    };
    let refused = world
        .deals()
        .delete_deal(boris.ask(request))
        .await
        .expect_err("only seen");
    assert_eq!(reason(&refused), R::PermissionMissing);

    let request = RemoveDealFollowerRequest {
        deal_id: shown.id.clone(),
        user_id: String::new(),
    };
    world
        .deals()
        .remove_deal_follower(boris.ask(request))
        .await
        .expect("one's own");
    assert!(
        world
            .deal_names(&boris, all())
            .await
            .expect("a list")
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_seen_cannot_be_linked() {
    let world = World::start().await;
    world.pipeline("Продажи", &[]).await;
    let (boris, [own, _, foreign]) = contacts_of_three(&world).await;
    let cells: Vec<_> = row(Contacts, Own)
        .into_iter()
        .chain(row(Deals, Own))
        .collect();
    world.set_rights(&boris, &cells, &[], &[]).await;
    let deal = |contact: &str| Deal {
        name: "Окна".into(),
        main_contact_id: contact.to_owned(),
        ..Deal::default()
    };
    world
        .create_deal(&boris, deal(&own.id))
        .await
        .expect("one's own");
    let refused = world
        .create_deal(&boris, deal(&foreign.id))
        .await
        .expect_err("another's");
    assert_eq!(reason(&refused), R::ContactNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rights_arrives_by_an_event() {
    let world = World::start().await;
    let (boris, [own, _, _]) = contacts_of_three(&world).await;
    world
        .set_rights(&boris, &row(Contacts, Own), &[], &[])
        .await;
    world.get_contact(&boris, &own.id).await.expect("one's own");
    world.forbid_by_event(&boris).await;
    let refused = testkit::wait_for("the right is gone", async || {
        world.get_contact(&boris, &own.id).await.err()
    })
    .await;
    assert_eq!(reason(&refused), R::ContactNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_administrator_finds_nothing() {
    let world = World::start().await;
    world.pipeline("Продажи", &[]).await;
    let contact = world.contact(&world.admin, "Иван").await;
    let stranger = world.stranger();
    let refused = world
        .get_contact(&stranger, &contact.id)
        .await
        .expect_err("theirs");
    assert_eq!(reason(&refused), R::ContactNotFound);
    let refused = rename(&world, &stranger, &contact.id)
        .await
        .expect_err("theirs");
    assert_eq!(reason(&refused), R::ContactNotFound);
    assert!(
        world
            .contact_names(&stranger, ListContactsRequest::default())
            .await
            .expect("a list")
            .is_empty()
    );
}
