//! Contacts that become one, and that part again.

use api::crm::internal::v1::CardChanged;
use api::crm::v1::{
    AddContactFollowerRequest, Contact, CreateTaskRequest, Deal, DeleteTaskRequest, Email,
    GetTaskRequest, ListContactsRequest, ListTimelineEntriesRequest, MergeContactsRequest,
    MergeSource, Phone, Task, TimelineEntryKind, UnmergeContactsRequest, UnmergeContactsResponse,
    UpdateDealRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::FieldRight::ReadOnly;
use api::identity::v1::RightAction::{Delete, Edit, View};
use api::identity::v1::RightEntity::Contacts;
use api::identity::v1::RightLevel::{Allowed, Forbidden, Own};
use prost::Message as _;
use tonic::Status;

use crate::world::{Who, World, cell, field_rule, mask, reason};

fn person(name: &str, phones: &[&str]) -> Contact {
    let phone = |number: &&str| Phone {
        number: (*number).to_owned(),
        ..Phone::default()
    };
    Contact {
        name: name.to_owned(),
        phones: phones.iter().map(phone).collect(),
        ..Contact::default()
    }
}

async fn make(world: &World, name: &str, phones: &[&str]) -> Contact {
    let made = world.create_contact(&world.admin, person(name, phones));
    made.await.expect("made")
}

fn into(target: &Contact, sources: &[&Contact]) -> MergeContactsRequest {
    let source = |it: &&Contact| MergeSource {
        contact_id: it.id.clone(),
        etag: String::new(),
    };
    MergeContactsRequest {
        target_contact_id: target.id.clone(),
        sources: sources.iter().map(source).collect(),
        ..MergeContactsRequest::default()
    }
}

async fn merge(world: &World, who: &Who, request: MergeContactsRequest) -> Result<Contact, Status> {
    let reply = world.contacts().merge_contacts(who.ask(request)).await?;
    Ok(reply.into_inner().contact.expect("it"))
}

async fn unmerge(
    world: &World,
    who: &Who,
    contact: &Contact,
) -> Result<UnmergeContactsResponse, Status> {
    let request = UnmergeContactsRequest {
        contact_id: contact.id.clone(),
        ..UnmergeContactsRequest::default()
    };
    let reply = world.contacts().unmerge_contacts(who.ask(request)).await?;
    Ok(reply.into_inner())
}

/// What does not change by itself.
fn content(contact: &Contact) -> Contact {
    Contact {
        etag: String::new(),
        update_time: None,
        ..contact.clone()
    }
}

async fn deal(world: &World, contact: &Contact) -> Deal {
    let deal = Deal {
        name: "Окна".into(),
        main_contact_id: contact.id.clone(),
        ..Deal::default()
    };
    world.create_deal(&world.admin, deal).await.expect("made")
}

async fn task(world: &World, contact: &Contact) -> Task {
    let request = CreateTaskRequest {
        task: Some(Task {
            text: "Позвонить".into(),
            card_id: contact.id.clone(),
            due_time: Some(prost_types::Timestamp::default()),
            ..Task::default()
        }),
        ..CreateTaskRequest::default()
    };
    let made = world.tasks().create_task(world.admin.ask(request)).await;
    made.expect("made").into_inner().task.expect("it")
}

async fn card_of(world: &World, task: &Task) -> String {
    let request = GetTaskRequest {
        task_id: task.id.clone(),
    };
    let got = world.tasks().get_task(world.admin.ask(request)).await;
    got.expect("there").into_inner().task.expect("it").card_id
}

async fn happened(world: &World, card: &str) -> Vec<TimelineEntryKind> {
    let request = ListTimelineEntriesRequest {
        card_id: card.to_owned(),
        ..ListTimelineEntriesRequest::default()
    };
    let request = world.admin.ask(request);
    let page = world.timeline().list_timeline_entries(request).await;
    let entries = page.expect("a page").into_inner().entries;
    entries.iter().map(|entry| entry.kind()).collect()
}

/// The newest event of a contact.
async fn told(world: &World, contact: &Contact) -> CardChanged {
    let id: types::ContactId = contact.id.parse().expect("an id");
    let payload: Vec<u8> = sqlx::query_scalar(
        "SELECT payload FROM crm.outbox WHERE aggregate_id = $1 ORDER BY position DESC LIMIT 1",
    )
    .bind(id.uuid())
    .fetch_one(&mut world.db.owner().await)
    .await
    .expect("told");
    CardChanged::decode(&payload[..]).expect("a card")
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_become_one_and_part_again() {
    let world = World::start().await;
    world.pipeline("Продажи", &[]).await;
    let ivan = make(&world, "Иван", &["+74951234567"]).await;
    let double = Contact {
        emails: vec![Email {
            address: "ivan@example.com".into(),
            label: String::new(),
        }],
        ..person("Ваня", &["+74951234567", "+34612345678"])
    };
    let double = world.create_contact(&world.admin, double).await;
    let double = double.expect("made");
    let boris = world.manager("Борис", None).await;
    let follow = AddContactFollowerRequest {
        contact_id: double.id.clone(),
        user_id: boris.id(),
    };
    let double = world
        .contacts()
        .add_contact_follower(world.admin.ask(follow))
        .await
        .expect("subscribed")
        .into_inner()
        .contact
        .expect("it");
    let (deal, task) = (deal(&world, &double).await, task(&world, &double).await);

    let one = merge(&world, &world.admin, into(&ivan, &[&double])).await;
    let one = one.expect("merged");
    let numbers: Vec<_> = one.phones.iter().map(|phone| &phone.number[..]).collect();
    assert_eq!(numbers, ["+74951234567", "+34612345678"]);
    assert_eq!((&one.name, &one.emails), (&ivan.name, &double.emails));
    assert_eq!(one.follower_user_ids, [boris.id()]);
    let gone = world.get_contact(&world.admin, &double.id).await;
    assert_eq!(reason(&gone.expect_err("gone")), R::ContactNotFound);
    let moved = world.get_deal(&world.admin, &deal.id).await.expect("there");
    assert_eq!(moved.main_contact_id, ivan.id);
    assert_eq!(card_of(&world, &task).await, ivan.id);
    let by_phone = ListContactsRequest {
        phone: "+34612345678".into(),
        ..ListContactsRequest::default()
    };
    let found = world.contact_names(&world.admin, by_phone).await;
    assert_eq!(found.expect("a page"), ["Иван"]);
    let kinds = happened(&world, &ivan.id).await;
    assert!(kinds.contains(&TimelineEntryKind::Merged), "{kinds:?}");
    let event = told(&world, &double).await;
    let target: types::ContactId = ivan.id.parse().expect("an id");
    assert!(event.deleted);
    assert_eq!(event.merged_into, target.uuid().as_bytes());

    let parted = unmerge(&world, &world.admin, &ivan).await.expect("parted");
    assert_eq!(parted.remains, Some(Default::default()));
    assert_eq!(content(&parted.contact.expect("it")), content(&ivan));
    let back = world.get_contact(&world.admin, &double.id).await;
    assert_eq!(content(&back.expect("there")), content(&double));
    assert_eq!(parted.restored.len(), 1);
    let moved = world.get_deal(&world.admin, &deal.id).await.expect("there");
    assert_eq!(moved.main_contact_id, double.id);
    assert_eq!(card_of(&world, &task).await, double.id);
    let kinds = happened(&world, &double.id).await;
    assert_eq!(
        kinds[..2],
        [TimelineEntryKind::Unmerged, TimelineEntryKind::MergedInto]
    );
    let event = told(&world, &double).await;
    assert!(!event.deleted);
    assert_eq!(event.unmerged_from, target.uuid().as_bytes());
    let again = unmerge(&world, &world.admin, &ivan).await;
    assert_eq!(reason(&again.expect_err("parted")), R::ContactNotMerged);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_after_a_merge_is_left_and_told() {
    let world = World::start().await;
    world.pipeline("Продажи", &[]).await;
    let ivan = make(&world, "Иван", &[]).await;
    let double = make(&world, "Ваня", &[]).await;
    let other = make(&world, "Пётр", &[]).await;
    let (deal, task) = (deal(&world, &double).await, task(&world, &double).await);
    let merged = merge(&world, &world.admin, into(&ivan, &[&double])).await;
    merged.expect("merged");
    let change = UpdateDealRequest {
        deal: Some(Deal {
            id: deal.id.clone(),
            main_contact_id: other.id.clone(),
            ..Deal::default()
        }),
        update_mask: mask(&["main_contact_id"]),
    };
    let changed = world.deals().update_deal(world.admin.ask(change)).await;
    changed.expect("changed");
    let delete = DeleteTaskRequest {
        task_id: task.id.clone(),
    };
    let deleted = world.tasks().delete_task(world.admin.ask(delete)).await;
    deleted.expect("deleted");

    let parted = unmerge(&world, &world.admin, &ivan).await.expect("parted");
    let remains = parted.remains.expect("something");
    assert_eq!(remains.card_ids, std::slice::from_ref(&deal.id));
    assert_eq!((remains.other_cards, remains.deleted_tasks), (0, 1));
    let deal = world.get_deal(&world.admin, &deal.id).await.expect("there");
    assert_eq!(deal.main_contact_id, other.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_are_taken_back_the_newest_first_and_once() {
    let world = World::start().await;
    let ivan = make(&world, "Иван", &[]).await;
    let first = make(&world, "Первый", &["+74951234567"]).await;
    let second = make(&world, "Второй", &["+74951234567"]).await;
    for source in [&first, &second] {
        let merged = merge(&world, &world.admin, into(&ivan, &[source])).await;
        merged.expect("merged");
    }
    let request = UnmergeContactsRequest {
        contact_id: ivan.id.clone(),
        request_id: "0190f5d6-7f2c-7c7e-8a41-0f0e9d3c2b1a".into(),
        ..UnmergeContactsRequest::default()
    };
    for _ in 0..2 {
        let request = world.admin.ask(request.clone());
        let reply = world.contacts().unmerge_contacts(request).await;
        let reply = reply.expect("parted").into_inner();
        assert_eq!(reply.restored[0].id, second.id);
        assert_eq!(reply.contact.expect("it").phones, first.phones);
    }
    let parted = unmerge(&world, &world.admin, &ivan).await.expect("parted");
    assert_eq!(parted.restored[0].id, first.id);
    assert_eq!(parted.contact.expect("it").phones, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_needs_the_rights_to_edit_all_and_to_delete_the_sources() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    let ivan = make(&world, "Иван", &[]).await;
    let double = make(&world, "Ваня", &["+74951234567"]).await;
    let try_it = async || {
        let done = merge(&world, &boris, into(&ivan, &[&double])).await;
        reason(&done.expect_err("refused"))
    };
    let level = |action, level| cell(Contacts, action, level);
    world
        .set_rights(&boris, &[level(View, Own)], &[], &[])
        .await;
    assert_eq!(try_it().await, R::ContactNotFound);
    let cells = [
        level(View, Allowed),
        level(Delete, Allowed),
        level(Edit, Own),
    ];
    world.set_rights(&boris, &cells, &[], &[]).await;
    assert_eq!(try_it().await, R::PermissionMissing);
    let cells = [
        level(View, Allowed),
        level(Edit, Allowed),
        level(Delete, Forbidden),
    ];
    world.set_rights(&boris, &cells, &[], &[]).await;
    assert_eq!(try_it().await, R::PermissionMissing);
    let cells = [View, Edit, Delete].map(|action| level(action, Allowed));
    let phones = [field_rule(Contacts, "phones", ReadOnly)];
    world.set_rights(&boris, &cells, &[], &phones).await;
    assert_eq!(try_it().await, R::FieldNotEditable);

    world.set_rights(&boris, &cells, &[], &[]).await;
    let mut stale = into(&ivan, &[&double]);
    stale.sources[0].etag = "v7".into();
    let stale = merge(&world, &boris, stale).await.expect_err("stale");
    assert_eq!(reason(&stale), R::EtagMismatch);
    for wrong in [
        into(&ivan, &[&ivan]),
        into(&ivan, &[&double, &double]),
        into(&ivan, &[]),
    ] {
        let wrong = merge(&world, &boris, wrong).await.expect_err("refused");
        assert_eq!(reason(&wrong), R::FieldInvalid);
    }
    merge(&world, &boris, into(&ivan, &[&double]))
        .await
        .expect("merged");
}
