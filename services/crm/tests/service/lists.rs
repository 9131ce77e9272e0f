//! Lists: filters, pages, and that rights and filters together read by indexes.

use api::crm::v1::{
    Contact, Deal, Email, ListContactsRequest, ListDealsRequest, MessengerIdentity, Phone,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::RightAction::View;
use api::identity::v1::RightEntity::{Contacts, Deals};
use api::identity::v1::RightLevel::{Allowed, Forbidden, Group, Own};
use api::identity::v1::StageRight;
use types::GroupId;

use crate::world::{World, reason, row, stage_rule};

fn all() -> ListDealsRequest {
    ListDealsRequest::default()
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_found_by_what_belongs_to_them() {
    let world = World::start().await;
    let ivan = Contact {
        name: "Иван".into(),
        phones: vec![Phone {
            number: "+74951234567".into(),
            label: String::new(),
        }],
        emails: vec![Email {
            address: "Ivan@Example.com".into(),
            label: String::new(),
        }],
        messengers: vec![MessengerIdentity {
            connector_key: "telegram".into(),
            external_id: "42".into(),
            name: String::new(),
        }],
        ..Contact::default()
    };
    world
        .create_contact(&world.admin, ivan)
        .await
        .expect("made");
    world.contact(&world.admin, "Ольга").await;
    let ask = async |request| world.contact_names(&world.admin, request).await;
    let none = ListContactsRequest::default();
    let by_phone = |number: &str| ListContactsRequest {
        phone: number.into(),
        ..none.clone()
    };
    assert_eq!(
        ask(by_phone("7 (495) 123-45-67")).await.expect("found"),
        ["Иван"]
    );
    assert!(
        ask(by_phone("+74951234568"))
            .await
            .expect("none")
            .is_empty()
    );
    let by_email = ListContactsRequest {
        email: "IVAN@example.COM".into(),
        ..none.clone()
    };
    assert_eq!(ask(by_email.clone()).await.expect("found"), ["Иван"]);
    let messenger = |key: &str| ListContactsRequest {
        messenger: Some(MessengerIdentity {
            connector_key: key.into(),
            external_id: "42".into(),
            name: String::new(),
        }),
        ..none.clone()
    };
    assert_eq!(ask(messenger("telegram")).await.expect("found"), ["Иван"]);
    assert!(ask(messenger("whatsapp")).await.expect("none").is_empty());
    let both = ListContactsRequest {
        phone: "+74951234567".into(),
        ..by_email
    };
    assert_eq!(reason(&ask(both).await.expect_err("two")), R::FieldInvalid);
    assert_eq!(
        reason(&ask(by_phone("abc")).await.expect_err("no number")),
        R::FieldInvalid
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deals_are_narrowed_by_place_contact_employee_and_time() {
    let world = World::start().await;
    let sales = world.pipeline("Продажи", &["Звонок"]).await;
    let other = world.pipeline("Опт", &[]).await;
    let boris = world.manager("Борис", None).await;
    let ivan = world.contact(&world.admin, "Иван").await;
    let stage = |place: usize| sales.stages[place].id.clone();
    world.deal("первая", &world.admin, &stage(0)).await;
    world.advance(10);
    let deal = Deal {
        name: "вторая".into(),
        responsible_user_id: boris.id(),
        stage_id: stage(1),
        main_contact_id: ivan.id.clone(),
        ..Deal::default()
    };
    let second = world.create_deal(&world.admin, deal).await.expect("made");
    world.advance(10);
    world.deal("выигранная", &world.admin, &stage(2)).await;
    world.advance(10);
    let deal = Deal {
        name: "опт".into(),
        pipeline_id: other.id.clone(),
        contact_ids: vec![ivan.id.clone()],
        ..Deal::default()
    };
    world.create_deal(&world.admin, deal).await.expect("made");
    let ask = async |request| {
        world
            .deal_names(&world.admin, request)
            .await
            .expect("a list")
    };
    assert_eq!(ask(all()).await, ["опт", "выигранная", "вторая", "первая"]);
    let of_sales = ListDealsRequest {
        pipeline_id: sales.id.clone(),
        ..all()
    };
    assert_eq!(
        ask(of_sales.clone()).await,
        ["выигранная", "вторая", "первая"]
    );
    assert_eq!(
        ask(ListDealsRequest {
            open_only: true,
            ..of_sales.clone()
        })
        .await,
        ["вторая", "первая"]
    );
    assert_eq!(
        ask(ListDealsRequest {
            stage_id: stage(1),
            ..all()
        })
        .await,
        ["вторая"]
    );
    assert!(
        ask(ListDealsRequest {
            pipeline_id: other.id.clone(),
            stage_id: stage(1),
            ..all()
        })
        .await
        .is_empty()
    );
    assert_eq!(
        ask(ListDealsRequest {
            responsible_user_id: boris.id(),
            ..of_sales
        })
        .await,
        ["вторая"]
    );
    let of_ivan = ListDealsRequest {
        contact_id: ivan.id.clone(),
        page_size: 1,
        ..all()
    };
    assert_eq!(ask(of_ivan.clone()).await, ["опт", "вторая"]);
    assert_eq!(
        ask(ListDealsRequest {
            pipeline_id: sales.id.clone(),
            open_only: true,
            ..of_ivan
        })
        .await,
        ["вторая"]
    );
    let since = second.update_time;
    assert_eq!(
        ask(ListDealsRequest {
            changed_since: since,
            ..all()
        })
        .await,
        ["опт", "выигранная", "вторая"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_belongs_to_its_filter_and_account() {
    let world = World::start().await;
    for name in ["А", "Б", "В"] {
        world.contact(&world.admin, name).await;
    }
    let page = |page_token: &str, responsible: &str| ListContactsRequest {
        page_size: 2,
        page_token: page_token.to_owned(),
        responsible_user_id: responsible.to_owned(),
        ..ListContactsRequest::default()
    };
    let reply = world
        .contacts()
        .list_contacts(world.admin.ask(page("", "")))
        .await
        .expect("a page");
    let token = reply.into_inner().next_page_token;
    // They were all made in the same microsecond of a clock that stands: the id decides.
    assert_eq!(
        world
            .contact_names(&world.admin, page(&token, ""))
            .await
            .expect("the rest"),
        ["А"]
    );
    let other = world
        .contact_names(&world.admin, page(&token, &world.admin.id()))
        .await;
    assert_eq!(
        reason(&other.expect_err("another filter")),
        R::PageTokenMismatch
    );
    let stranger = world
        .contact_names(&world.stranger(), page(&token, ""))
        .await;
    assert_eq!(
        reason(&stranger.expect_err("another account")),
        R::PageTokenMismatch
    );
}

/// Lists show exactly what Get shows, for rights of many shapes.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_exactly_what_may_be_read_alone() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &["А", "Б"]).await;
    let group = GroupId::generate();
    let boris = world.manager("Борис", Some(group)).await;
    let colleague = world.manager("Вера", Some(group)).await;
    let mut deals = Vec::new();
    for who in [&boris, &colleague, &world.admin] {
        for stage in &pipeline.stages[..3] {
            deals.push(
                world
                    .deal(&format!("{} {}", who.id(), stage.name), who, &stage.id)
                    .await,
            );
            world.advance(1);
        }
    }
    let followed = api::crm::v1::AddDealFollowerRequest {
        deal_id: deals[7].id.clone(),
        user_id: boris.id(),
    };
    world
        .deals()
        .add_deal_follower(world.admin.ask(followed))
        .await
        .expect("subscribed");
    let rights = [
        StageRight::Unspecified,
        StageRight::Allowed,
        StageRight::Forbidden,
    ];
    for level in [Forbidden, Own, Group, Allowed] {
        for first in rights {
            for second in rights {
                let [a, b] = [1, 2].map(|place| pipeline.stages[place].id.clone());
                let stages = [stage_rule(&a, View, first), stage_rule(&b, View, second)];
                world
                    .set_rights(&boris, &row(Deals, level), &stages, &[])
                    .await;
                for wanted in [None, Some(&boris), Some(&colleague)] {
                    let request = ListDealsRequest {
                        page_size: 2,
                        responsible_user_id: wanted.map(|who| who.id()).unwrap_or_default(),
                        ..all()
                    };
                    let mut listed = world.deal_names(&boris, request).await.expect("a list");
                    let mut alone = Vec::new();
                    for deal in &deals {
                        let is_wanted =
                            wanted.is_none_or(|who| deal.responsible_user_id == who.id());
                        if is_wanted && world.get_deal(&boris, &deal.id).await.is_ok() {
                            alone.push(deal.name.clone());
                        }
                    }
                    listed.sort();
                    alone.sort();
                    assert_eq!(listed, alone, "{level:?} {first:?} {second:?}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_narrow_what_a_number_finds() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    world
        .set_rights(&boris, &row(Contacts, Own), &[], &[])
        .await;
    for of in [&boris, &world.admin] {
        let contact = Contact {
            name: of.id(),
            responsible_user_id: of.id(),
            phones: vec![Phone {
                number: "+74951234567".into(),
                label: String::new(),
            }],
            ..Contact::default()
        };
        world
            .create_contact(&world.admin, contact)
            .await
            .expect("made");
    }
    let request = ListContactsRequest {
        phone: "+74951234567".into(),
        ..ListContactsRequest::default()
    };
    assert_eq!(
        world
            .contact_names(&boris, request.clone())
            .await
            .expect("a list"),
        [boris.id()]
    );
    assert_eq!(
        world
            .contact_names(&world.admin, request)
            .await
            .expect("a list")
            .len(),
        2
    );
}
