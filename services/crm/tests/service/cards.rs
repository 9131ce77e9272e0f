//! Making, reading, changing and deleting cards, as somebody who may everything.

use api::crm::v1::{
    Address, BatchGetContactsRequest, Company, Contact, CreateCompanyRequest, CreateContactRequest,
    CreateCustomerRequest, Customer, Deal, DeleteContactRequest, Email, GetCustomerRequest,
    MessengerIdentity, Money, Phone, UpdateContactRequest, UpdateDealRequest,
};
use api::error::v1::ErrorReason as R;

use crate::world::{World, mask, reason};

fn full() -> Contact {
    Contact {
        name: " Иван Петров ".into(),
        phones: vec![
            Phone {
                number: "+7 (495) 123-45-67".into(),
                label: "рабочий".into(),
            },
            Phone {
                number: "+74951234567".into(),
                label: "тот же".into(),
            },
            Phone {
                number: "+34 612 345 678".into(),
                ..Phone::default()
            },
        ],
        emails: vec![Email {
            address: "Ivan@Example.com".into(),
            label: String::new(),
        }],
        addresses: vec![Address {
            text: "Москва,\nТверская, 1".into(),
            label: "доставка".into(),
        }],
        messengers: vec![MessengerIdentity {
            connector_key: "telegram".into(),
            external_id: "42".into(),
            name: "ivan".into(),
        }],
        ..Contact::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_keeps_several_numbers_e_mails_addresses_and_messengers() {
    let world = World::start().await;
    let made = world
        .create_contact(&world.admin, full())
        .await
        .expect("made");
    assert_eq!(made.name, "Иван Петров");
    let numbers: Vec<_> = made.phones.iter().map(|phone| &phone.number[..]).collect();
    assert_eq!(
        numbers,
        ["+74951234567", "+34612345678"],
        "one form, each once"
    );
    assert_eq!(made.responsible_user_id, world.admin.id());
    assert_eq!(
        world
            .get_contact(&world.admin, &made.id)
            .await
            .expect("there"),
        made
    );

    let request = UpdateContactRequest {
        contact: Some(Contact {
            id: made.id.clone(),
            etag: made.etag.clone(),
            phones: vec![Phone {
                number: "+34 612 345 678".into(),
                label: "мобильный".into(),
            }],
            ..Contact::default()
        }),
        update_mask: mask(&["phones", "emails"]),
    };
    let reply = world
        .contacts()
        .update_contact(world.admin.ask(request.clone()))
        .await;
    let after = reply.expect("changed").into_inner().contact.expect("it");
    assert_eq!(after.phones.len(), 1);
    assert_eq!(
        (after.phones[0].label.as_str(), after.emails.len()),
        ("мобильный", 0)
    );
    assert_eq!(
        (&after.name, &after.addresses, &after.messengers),
        (&made.name, &made.addresses, &made.messengers)
    );
    assert_eq!(
        world
            .get_contact(&world.admin, &made.id)
            .await
            .expect("there"),
        after
    );

    let stale = world
        .contacts()
        .update_contact(world.admin.ask(request))
        .await;
    assert_eq!(reason(&stale.expect_err("stale")), R::EtagMismatch);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_is_named() {
    let world = World::start().await;
    let wrong = Contact {
        name: String::new(),
        responsible_user_id: "user_x".into(),
        phones: vec![Phone {
            number: "12".into(),
            label: "x".repeat(51),
        }],
        emails: vec![Email {
            address: "nobody".into(),
            ..Email::default()
        }],
        addresses: vec![Address::default()],
        messengers: vec![MessengerIdentity::default()],
        company_id: "con_01h455vb4pex5vsknk084sn02q".into(),
        ..Contact::default()
    };
    let refused = world
        .create_contact(&world.admin, wrong)
        .await
        .expect_err("wrong");
    assert_eq!(reason(&refused), R::FieldInvalid);
    for field in [
        "contact.name",
        "contact.responsible_user_id",
        "contact.phones[0].number",
        "contact.phones[0].label",
        "contact.emails[0].address",
        "contact.addresses[0].text",
        "contact.messengers[0].connector_key",
        "contact.messengers[0].external_id",
        "contact.company_id",
    ] {
        assert!(
            refused.message().contains(field),
            "{field}: {}",
            refused.message()
        );
    }
    let many = Contact {
        phones: vec![
            Phone {
                number: "+74951234567".into(),
                ..Phone::default()
            };
            21
        ],
        ..full()
    };
    let refused = world
        .create_contact(&world.admin, many)
        .await
        .expect_err("too many");
    assert!(
        refused.message().contains("contact.phones: has 21 items"),
        "{}",
        refused.message()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deal_has_a_place_contacts_and_a_price_and_is_closed_on_a_final_stage() {
    let world = World::start().await;
    let none = world
        .create_deal(
            &world.admin,
            Deal {
                name: "Рано".into(),
                ..Deal::default()
            },
        )
        .await;
    assert!(
        none.expect_err("no pipeline")
            .message()
            .contains("deal.pipeline_id")
    );
    let pipeline = world.pipeline("Продажи", &["Звонок"]).await;
    let other = world.pipeline("Опт", &[]).await;
    let (ivan, olga) = (
        world.contact(&world.admin, "Иван").await,
        world.contact(&world.admin, "Ольга").await,
    );
    let deal = Deal {
        name: "Окна".into(),
        main_contact_id: ivan.id.clone(),
        contact_ids: vec![olga.id.clone(), ivan.id.clone()],
        price: Some(Money {
            amount_minor: 1_000_050,
            currency: "RUB".into(),
        }),
        ..Deal::default()
    };
    let made = world.create_deal(&world.admin, deal).await.expect("made");
    assert_eq!(
        (&made.pipeline_id, &made.stage_id),
        (&pipeline.id, &pipeline.stages[0].id),
        "the first of the first"
    );
    assert_eq!(
        (&made.main_contact_id, &made.contact_ids),
        (&ivan.id, &vec![olga.id.clone()])
    );
    assert_eq!(
        world.get_deal(&world.admin, &made.id).await.expect("there"),
        made
    );

    let change = async |deal: Deal| {
        let request = UpdateDealRequest {
            deal: Some(Deal {
                id: made.id.clone(),
                ..deal
            }),
            update_mask: None,
        };
        let reply = world.deals().update_deal(world.admin.ask(request)).await?;
        Ok::<_, tonic::Status>(reply.into_inner().deal.expect("it"))
    };
    let won = pipeline.stages[2].id.clone();
    let closed = change(Deal {
        stage_id: won.clone(),
        ..Deal::default()
    })
    .await
    .expect("won");
    assert!(closed.close_time.is_some());
    let moved = change(Deal {
        pipeline_id: other.id.clone(),
        ..Deal::default()
    })
    .await
    .expect("moved");
    assert_eq!(
        (&moved.stage_id, moved.close_time),
        (&other.stages[0].id, None)
    );
    let mixed = Deal {
        pipeline_id: other.id.clone(),
        stage_id: won,
        ..Deal::default()
    };
    assert_eq!(
        reason(&change(mixed).await.expect_err("not of it")),
        R::StageNotFound
    );
    let stranger = Deal {
        main_contact_id: "con_01h455vb4pex5vsknk084sn02q".into(),
        ..Deal::default()
    };
    assert_eq!(
        reason(&change(stranger).await.expect_err("nobody")),
        R::ContactNotFound
    );
    let money = Deal {
        price: Some(Money {
            amount_minor: -1,
            currency: "rub".into(),
        }),
        ..Deal::default()
    };
    assert_eq!(
        reason(&change(money).await.expect_err("no money")),
        R::FieldInvalid
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_card_is_not_there_and_not_linked() {
    let world = World::start().await;
    world.pipeline("Продажи", &[]).await;
    let ivan = world.contact(&world.admin, "Иван").await;
    let deal = Deal {
        name: "Окна".into(),
        main_contact_id: ivan.id.clone(),
        ..Deal::default()
    };
    let deal = world.create_deal(&world.admin, deal).await.expect("made");
    let delete = |etag: &str| {
        let etag = etag.to_owned();
        world.admin.ask(DeleteContactRequest {
            contact_id: ivan.id.clone(),
            etag,
        })
    };
    let stale = world.contacts().delete_contact(delete("v7")).await;
    assert_eq!(reason(&stale.expect_err("stale")), R::EtagMismatch);
    world
        .contacts()
        .delete_contact(delete(&ivan.etag))
        .await
        .expect("deleted");
    let again = world.contacts().delete_contact(delete("")).await;
    assert_eq!(reason(&again.expect_err("gone")), R::ContactNotFound);
    let gone = world.get_contact(&world.admin, &ivan.id).await;
    assert_eq!(reason(&gone.expect_err("gone")), R::ContactNotFound);
    let request = UpdateContactRequest {
        contact: Some(Contact {
            id: ivan.id.clone(),
            name: "Он".into(),
            ..Contact::default()
        }),
        update_mask: None,
    };
    let gone = world
        .contacts()
        .update_contact(world.admin.ask(request))
        .await;
    assert_eq!(reason(&gone.expect_err("gone")), R::ContactNotFound);
    assert_eq!(
        world
            .get_deal(&world.admin, &deal.id)
            .await
            .expect("there")
            .main_contact_id,
        ""
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_create_makes_one_card() {
    let world = World::start().await;
    let request = CreateContactRequest {
        contact: Some(full()),
        request_id: types::new_uuid().to_string(),
    };
    let create = async |request: &CreateContactRequest| {
        let reply = world
            .contacts()
            .create_contact(world.admin.ask(request.clone()))
            .await?;
        Ok::<_, tonic::Status>(reply.into_inner().contact.expect("it"))
    };
    let first = create(&request).await.expect("made");
    assert_eq!(create(&request).await.expect("the same"), first);
    let other = CreateContactRequest {
        contact: Some(Contact {
            name: "Другой".into(),
            ..full()
        }),
        ..request
    };
    assert_eq!(
        reason(&create(&other).await.expect_err("reused")),
        R::RequestIdReused
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_read_at_once_in_the_order_asked() {
    let world = World::start().await;
    let (a, b) = (
        world.contact(&world.admin, "А").await,
        world.contact(&world.admin, "Б").await,
    );
    let unknown = "con_01h455vb4pex5vsknk084sn02q".to_owned();
    let request = BatchGetContactsRequest {
        contact_ids: vec![b.id.clone(), unknown, a.id.clone()],
    };
    let reply = world
        .contacts()
        .batch_get_contacts(world.admin.ask(request))
        .await
        .expect("read");
    assert_eq!(reply.into_inner().contacts, [b, a]);
    for ids in [
        Vec::new(),
        vec!["con_x".to_owned()],
        vec![String::new(); 101],
    ] {
        let request = BatchGetContactsRequest { contact_ids: ids };
        let refused = world
            .contacts()
            .batch_get_contacts(world.admin.ask(request))
            .await;
        assert_eq!(reason(&refused.expect_err("wrong")), R::FieldInvalid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_of_a_company_is_kept() {
    let world = World::start().await;
    let request = CreateCompanyRequest {
        company: Some(Company {
            name: "Ромашка".into(),
            ..Company::default()
        }),
        ..CreateCompanyRequest::default()
    };
    let company = world
        .companies()
        .create_company(world.admin.ask(request))
        .await;
    let company = company.expect("made").into_inner().company.expect("it");
    let customer = Customer {
        name: "Постоянный".into(),
        company_id: company.id.clone(),
        next_price: Some(Money {
            amount_minor: 5,
            currency: "EUR".into(),
        }),
        next_purchase_time: Some(prost_types::Timestamp {
            seconds: 1_800_000_000,
            nanos: 0,
        }),
        ..Customer::default()
    };
    let request = CreateCustomerRequest {
        customer: Some(customer),
        ..CreateCustomerRequest::default()
    };
    let made = world
        .customers()
        .create_customer(world.admin.ask(request))
        .await;
    let made = made.expect("made").into_inner().customer.expect("it");
    let request = GetCustomerRequest {
        customer_id: made.id.clone(),
    };
    let read = world
        .customers()
        .get_customer(world.admin.ask(request))
        .await
        .expect("there");
    assert_eq!(read.into_inner().customer, Some(made.clone()));
    assert_eq!(made.company_id, company.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_names_who_is_responsible() {
    let world = World::start().await;
    let program = world.program(&["crm.write"]);
    let nobody = world
        .create_contact(&program, full())
        .await
        .expect_err("nobody");
    assert!(
        nobody.message().contains("contact.responsible_user_id"),
        "{}",
        nobody.message()
    );
    let boris = world.manager("Борис", None).await;
    let of = |user: String| Contact {
        responsible_user_id: user,
        ..full()
    };
    let made = world
        .create_contact(&program, of(boris.id()))
        .await
        .expect("made");
    assert_eq!(made.responsible_user_id, boris.id());
    let unknown = world
        .create_contact(&program, of(types::UserId::generate().to_string()))
        .await;
    assert_eq!(reason(&unknown.expect_err("nobody here")), R::UserNotFound);
    let reader = world.program(&["crm.read"]);
    let refused = world
        .create_contact(&reader, of(boris.id()))
        .await
        .expect_err("reads only");
    assert_eq!(reason(&refused), R::ScopeMissing);
    let seen = world
        .get_contact(&program, &made.id)
        .await
        .expect_err("writes only");
    assert_eq!(reason(&seen), R::ScopeMissing);
    assert_eq!(
        world
            .get_contact(&reader, &made.id)
            .await
            .expect("reads all"),
        made
    );
}
