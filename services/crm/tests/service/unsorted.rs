//! Requests that nobody has taken up yet (IDN-04).

use api::crm::v1::unsorted_service_client::UnsortedServiceClient;
use api::crm::v1::{
    AcceptUnsortedRecordRequest, Contact, CreateUnsortedRecordRequest,
    DeclineUnsortedRecordRequest, GetUnsortedRecordRequest, LinkUnsortedRecordRequest,
    ListUnsortedRecordsRequest, MessengerIdentity, Phone, UnsortedRecord, UnsortedState,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::RightAction::View;
use api::identity::v1::RightEntity::{Contacts, Deals, Unsorted};
use api::identity::v1::RightLevel::{Allowed, Group, Own};
use tonic::Status;
use tonic::transport::Channel;

use crate::world::{Who, World, cell, reason, row};

fn client(world: &World) -> UnsortedServiceClient<Channel> {
    world.unsorted()
}

fn draft() -> UnsortedRecord {
    UnsortedRecord {
        title: "Вопрос с сайта".into(),
        source_key: "onlinechat".into(),
        text: "Сколько стоит?".into(),
        contact_name: "Иван".into(),
        phone: "+7 495 123-45-67".into(),
        email: "ivan@example.com".into(),
        messenger: Some(MessengerIdentity {
            connector_key: "telegram".into(),
            external_id: "42".into(),
            name: "ivan".into(),
        }),
        ..UnsortedRecord::default()
    }
}

async fn create(
    world: &World,
    who: &Who,
    record: UnsortedRecord,
) -> Result<UnsortedRecord, Status> {
    let request = who.ask(CreateUnsortedRecordRequest {
        record: Some(record),
        request_id: String::new(),
    });
    Ok(client(world)
        .create_unsorted_record(request)
        .await?
        .into_inner()
        .record
        .expect("it"))
}

async fn accept(
    world: &World,
    who: &Who,
    id: &str,
    contact: &str,
) -> Result<UnsortedRecord, Status> {
    let request = AcceptUnsortedRecordRequest {
        record_id: id.to_owned(),
        contact_id: contact.to_owned(),
        ..AcceptUnsortedRecordRequest::default()
    };
    Ok(client(world)
        .accept_unsorted_record(who.ask(request))
        .await?
        .into_inner()
        .record
        .expect("it"))
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_makes_a_contact_and_a_deal_and_finds_the_contact_again() {
    let world = World::start().await;
    world.pipeline("Продажи", &[]).await;
    let other = world.pipeline("Опт", &[]).await;
    let record = create(&world, &world.admin, draft()).await.expect("made");
    assert_eq!(
        (record.state(), &record.phone[..]),
        (UnsortedState::Pending, "+74951234567")
    );
    let accepted = accept(&world, &world.admin, &record.id, "")
        .await
        .expect("accepted");
    assert_eq!(
        (accepted.state(), accepted.decided_by),
        (UnsortedState::Accepted, world.admin.id())
    );
    let contact = world
        .get_contact(&world.admin, &accepted.contact_id)
        .await
        .expect("there");
    assert_eq!(
        (
            &contact.name[..],
            contact.phones.len(),
            contact.emails.len(),
            contact.messengers.len()
        ),
        ("Иван", 1, 1, 1)
    );
    let deal = world
        .get_deal(&world.admin, &accepted.deal_id)
        .await
        .expect("there");
    assert_eq!(
        (&deal.name[..], &deal.main_contact_id),
        ("Вопрос с сайта", &contact.id)
    );
    let again = accept(&world, &world.admin, &record.id, "")
        .await
        .expect_err("decided");
    assert_eq!(reason(&again), R::UnsortedDecided);

    let second = UnsortedRecord {
        pipeline_id: other.id.clone(),
        messenger: None,
        ..draft()
    };
    let second = create(&world, &world.admin, second).await.expect("made");
    let accepted = accept(&world, &world.admin, &second.id, "")
        .await
        .expect("accepted");
    assert_eq!(accepted.contact_id, contact.id, "the number is known");
    assert_eq!(
        world
            .get_deal(&world.admin, &accepted.deal_id)
            .await
            .expect("there")
            .pipeline_id,
        other.id
    );

    let olga = world.contact(&world.admin, "Ольга").await;
    let third = create(&world, &world.admin, draft()).await.expect("made");
    let accepted = accept(&world, &world.admin, &third.id, &olga.id)
        .await
        .expect("accepted");
    assert_eq!(accepted.contact_id, olga.id, "the one that was named");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_linked_or_declined_once() {
    let world = World::start().await;
    let pipeline = world.pipeline("Продажи", &[]).await;
    let deal = world
        .deal("Окна", &world.admin, &pipeline.stages[0].id)
        .await;
    let (a, b) = (
        create(&world, &world.admin, draft()).await.expect("made"),
        create(&world, &world.admin, draft()).await.expect("made"),
    );
    let link = |id: &str, deal: &str| {
        world.admin.ask(LinkUnsortedRecordRequest {
            record_id: id.to_owned(),
            deal_id: deal.to_owned(),
        })
    };
    let unknown = client(&world)
        .link_unsorted_record(link(&a.id, "deal_01h455vb4pex5vsknk084sn02q"))
        .await;
    assert_eq!(reason(&unknown.expect_err("unknown")), R::DealNotFound);
    let linked = client(&world)
        .link_unsorted_record(link(&a.id, &deal.id))
        .await
        .expect("linked");
    let linked = linked.into_inner().record.expect("it");
    assert_eq!(
        (linked.state(), &linked.deal_id),
        (UnsortedState::Linked, &deal.id)
    );
    let decline = |id: &str| {
        world.admin.ask(DeclineUnsortedRecordRequest {
            record_id: id.to_owned(),
        })
    };
    let late = client(&world).decline_unsorted_record(decline(&a.id)).await;
    assert_eq!(reason(&late.expect_err("decided")), R::UnsortedDecided);
    client(&world)
        .decline_unsorted_record(decline(&b.id))
        .await
        .expect("declined");
    let listed = async |state: UnsortedState| {
        let request = ListUnsortedRecordsRequest {
            state: state.into(),
            ..ListUnsortedRecordsRequest::default()
        };
        let reply = client(&world)
            .list_unsorted_records(world.admin.ask(request))
            .await
            .expect("a list");
        reply
            .into_inner()
            .records
            .into_iter()
            .map(|record| record.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(UnsortedState::Linked).await, [&a.id[..]]);
    assert_eq!(listed(UnsortedState::Declined).await, [&b.id[..]]);
    assert!(listed(UnsortedState::Unspecified).await.is_empty());
}

/// IDN-04: nobody is responsible for a record, so only GREEN opens it.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_right_without_conditions_opens_unsorted() {
    let world = World::start().await;
    world.pipeline("Продажи", &[]).await;
    let boris = world.manager("Борис", None).await;
    let record = create(&world, &world.admin, draft()).await.expect("made");
    let get = || {
        boris.ask(GetUnsortedRecordRequest {
            record_id: record.id.clone(),
        })
    };
    for level in [Own, Group] {
        world
            .set_rights(&boris, &row(Unsorted, level), &[], &[])
            .await;
        let refused = client(&world)
            .get_unsorted_record(get())
            .await
            .expect_err("a condition");
        assert_eq!(reason(&refused), R::UnsortedNotFound);
        let request = boris.ask(ListUnsortedRecordsRequest::default());
        assert!(
            client(&world)
                .list_unsorted_records(request)
                .await
                .expect("a list")
                .into_inner()
                .records
                .is_empty()
        );
        let refused = create(&world, &boris, draft())
            .await
            .expect_err("a condition");
        assert_eq!(reason(&refused), R::PermissionMissing);
    }
    world
        .set_rights(&boris, &[cell(Unsorted, View, Allowed)], &[], &[])
        .await;
    client(&world)
        .get_unsorted_record(get())
        .await
        .expect("seen");
    let refused = accept(&world, &boris, &record.id, "")
        .await
        .expect_err("only seen");
    assert_eq!(reason(&refused), R::PermissionMissing);
    world
        .set_rights(&boris, &row(Unsorted, Allowed), &[], &[])
        .await;
    let refused = accept(&world, &boris, &record.id, "")
        .await
        .expect_err("no right to make cards");
    assert_eq!(reason(&refused), R::PermissionMissing);
    let cells: Vec<_> = [Unsorted, Contacts, Deals]
        .into_iter()
        .flat_map(|entity| row(entity, if entity == Unsorted { Allowed } else { Own }))
        .collect();
    world.set_rights(&boris, &cells, &[], &[]).await;
    // A contact of somebody else with the same number is not there for Boris: his own is made.
    let foreign = Contact {
        name: "Чужой".into(),
        phones: vec![Phone {
            number: "+74951234567".into(),
            label: String::new(),
        }],
        ..Contact::default()
    };
    let foreign = world
        .create_contact(&world.admin, foreign)
        .await
        .expect("made");
    let accepted = accept(&world, &boris, &record.id, "")
        .await
        .expect("accepted");
    assert_ne!(accepted.contact_id, foreign.id);
    let contact = world
        .get_contact(&boris, &accepted.contact_id)
        .await
        .expect("his own");
    assert_eq!(contact.responsible_user_id, boris.id());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_records_are_refused() {
    let world = World::start().await;
    let wrong = UnsortedRecord {
        phone: "1".into(),
        email: "x".into(),
        conversation_id: "chat_1".into(),
        ..UnsortedRecord::default()
    };
    let refused = create(&world, &world.admin, wrong)
        .await
        .expect_err("wrong");
    for field in [
        "record.title",
        "record.source_key",
        "record.phone",
        "record.email",
        "record.conversation_id",
    ] {
        assert!(
            refused.message().contains(field),
            "{field}: {}",
            refused.message()
        );
    }
    let unknown = UnsortedRecord {
        pipeline_id: "pip_01h455vb4pex5vsknk084sn02q".into(),
        ..draft()
    };
    let refused = create(&world, &world.admin, unknown)
        .await
        .expect_err("unknown");
    assert_eq!(reason(&refused), R::PipelineNotFound);
}
