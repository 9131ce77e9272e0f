//! Rights on single fields (IDN-13).

use api::crm::v1::{
    Contact, ListContactsRequest, ListDealsRequest, ListTimelineEntriesRequest, Phone,
    UpdateContactRequest,
};
use api::error::v1::ErrorReason as R;
use api::identity::v1::FieldRight;
use api::identity::v1::RightEntity::{Contacts, Deals};
use api::identity::v1::RightLevel::Allowed;
use types::PipelineId;

use crate::world::{World, field_rule, mask, reason, row};

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_field_is_left_out_named_and_cannot_be_searched_or_changed() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    let phone = Phone {
        number: "+74951234567".into(),
        label: String::new(),
    };
    let contact = Contact {
        name: "Иван".into(),
        phones: vec![phone.clone()],
        ..Contact::default()
    };
    let contact = world
        .create_contact(&world.admin, contact)
        .await
        .expect("made");
    let request = |contact: Contact| UpdateContactRequest {
        contact: Some(contact),
        update_mask: mask(&["phones"]),
    };
    let changed = Contact {
        phones: vec![
            phone.clone(),
            Phone {
                number: "+74951234568".into(),
                label: String::new(),
            },
        ],
        ..contact.clone()
    };
    world
        .contacts()
        .update_contact(world.admin.ask(request(changed.clone())))
        .await
        .expect("changed");
    let rule = |right| [field_rule(Contacts, "phones", right)];
    let timeline = async || {
        let request = ListTimelineEntriesRequest {
            card_id: contact.id.clone(),
            ..ListTimelineEntriesRequest::default()
        };
        let reply = world
            .timeline()
            .list_timeline_entries(boris.ask(request))
            .await
            .expect("a timeline");
        reply
            .into_inner()
            .entries
            .into_iter()
            .map(|entry| entry.field)
            .collect::<Vec<_>>()
    };
    let by_phone = || ListContactsRequest {
        phone: phone.number.clone(),
        ..ListContactsRequest::default()
    };

    world
        .set_rights(
            &boris,
            &row(Contacts, Allowed),
            &[],
            &rule(FieldRight::Hidden),
        )
        .await;
    let seen = world.get_contact(&boris, &contact.id).await.expect("seen");
    assert_eq!(
        (seen.phones.len(), seen.hidden_fields),
        (0, vec!["phones".to_owned()])
    );
    assert_eq!(timeline().await, [""], "only that it was added");
    let refused = world
        .contact_names(&boris, by_phone())
        .await
        .expect_err("hidden");
    assert_eq!(reason(&refused), R::PermissionMissing);
    let erased = Contact {
        id: contact.id.clone(),
        ..Contact::default()
    };
    let refused = world
        .contacts()
        .update_contact(boris.ask(request(erased.clone())))
        .await
        .expect_err("hidden");
    assert_eq!(reason(&refused), R::FieldNotEditable);

    world
        .set_rights(
            &boris,
            &row(Contacts, Allowed),
            &[],
            &rule(FieldRight::ReadOnly),
        )
        .await;
    let seen = world.get_contact(&boris, &contact.id).await.expect("seen");
    assert_eq!((seen.phones.len(), seen.hidden_fields.len()), (2, 0));
    assert_eq!(timeline().await, ["phones", ""]);
    assert_eq!(
        world
            .contact_names(&boris, by_phone())
            .await
            .expect("found"),
        ["Иван"]
    );
    let refused = world
        .contacts()
        .update_contact(boris.ask(request(erased)))
        .await
        .expect_err("read only");
    assert_eq!(reason(&refused), R::FieldNotEditable);
    let new = Contact {
        id: String::new(),
        ..changed
    };
    let refused = world
        .create_contact(&boris, new)
        .await
        .expect_err("read only");
    assert_eq!(reason(&refused), R::FieldNotEditable);
    let named = Contact {
        name: "Ольга".into(),
        ..Contact::default()
    };
    world
        .create_contact(&boris, named)
        .await
        .expect("without the field");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_tells_nothing_of_a_hidden_main_contact_or_pipeline() {
    let world = World::start().await;
    let boris = world.manager("Борис", None).await;
    let anna = world.contact(&world.admin, "Анна").await;
    let of_contact = ListDealsRequest {
        contact_id: anna.id,
        ..ListDealsRequest::default()
    };
    let of_pipeline = ListDealsRequest {
        pipeline_id: PipelineId::generate().to_string(),
        ..ListDealsRequest::default()
    };
    for (field, request) in [
        ("main_contact_id", of_contact),
        ("pipeline_id", of_pipeline),
    ] {
        let rule = [field_rule(Deals, field, FieldRight::Hidden)];
        world
            .set_rights(&boris, &row(Deals, Allowed), &[], &rule)
            .await;
        let refused = world.deal_names(&boris, request).await.expect_err(field);
        assert_eq!(reason(&refused), R::PermissionMissing);
    }
}
