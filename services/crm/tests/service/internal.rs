//! What other services ask.

use api::crm::internal::v1::FindContactsRequest;
use api::crm::v1::{Contact, DeleteContactRequest, MessengerIdentity, Phone, UpdateContactRequest};
use types::{AccountId, ContactId};
use uuid::Uuid;

use crate::world::{Who, World};

/// Nobody is found.
const NONE: [Vec<Uuid>; 2] = [Vec::new(), Vec::new()];

fn contact(number: &str, name: &str) -> Contact {
    Contact {
        name: "Иван".into(),
        phones: vec![Phone {
            number: number.into(),
            label: String::new(),
        }],
        messengers: vec![MessengerIdentity {
            connector_key: "telegram".into(),
            external_id: number.into(),
            name: name.into(),
        }],
        ..Contact::default()
    }
}

async fn find(world: &World, account: AccountId, digits: &str, name: &str) -> [Vec<Uuid>; 2] {
    let request = FindContactsRequest {
        account_id: account.uuid().as_bytes().to_vec(),
        digits: digits.into(),
        name: name.into(),
    };
    let found = world
        .internal()
        .find_contacts(world.service().ask(request))
        .await;
    let found = found.expect("found").into_inner();
    let ids = |ids: Vec<Vec<u8>>| {
        let ids = ids.iter();
        ids.map(|id| Uuid::from_slice(id).expect("an id")).collect()
    };
    [ids(found.by_digits), ids(found.by_name)]
}

async fn add(world: &World, number: &str, name: &str) -> (Contact, Uuid) {
    let made = world.create_contact(&world.admin, contact(number, name));
    let made = made.await.expect("made");
    let id: ContactId = made.id.parse().expect("an id");
    (made, id.uuid())
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_found_by_parts_of_numbers_and_names() {
    let world = World::start().await;
    let (mut ivan, id) = add(&world, "+7 (495) 123-45-67", "@Ivan_P").await;
    let (_, other) = add(&world, "+34 600 111 222", "Ёлка").await;
    let find = async |digits, name| find(&world, world.account, digits, name).await;
    assert_eq!(find("7495", "ivan").await, [vec![id], vec![id]]);
    assert_eq!(find("4567", "@IVA").await, [vec![id], vec![id]]);
    assert_eq!(find("0111", "ёлка").await, [vec![other], vec![other]]);
    assert_eq!(find("74951234568", "").await, NONE);
    // What changed is found as it is; what was deleted not at all.
    ivan.phones = contact("+79990000000", "").phones;
    let update = UpdateContactRequest {
        contact: Some(ivan.clone()),
        ..UpdateContactRequest::default()
    };
    let updated = world
        .contacts()
        .update_contact(world.admin.ask(update))
        .await;
    updated.expect("updated");
    assert_eq!(find("7495", "").await, NONE);
    assert_eq!(find("7999", "ivan").await, [vec![id], vec![id]]);
    let delete = DeleteContactRequest {
        contact_id: ivan.id,
        ..DeleteContactRequest::default()
    };
    let deleted = world
        .contacts()
        .delete_contact(world.admin.ask(delete))
        .await;
    deleted.expect("deleted");
    assert_eq!(find("7999", "ivan").await, NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_services_ask_and_only_of_the_account_they_name() {
    let world = World::start().await;
    add(&world, "+74951234567", "@ivan").await;
    let foreign = find(&world, AccountId::generate(), "7495", "ivan").await;
    assert_eq!(foreign, NONE);
    let refused = async |who: &Who, digits: &str| {
        let request = FindContactsRequest {
            account_id: world.account.uuid().as_bytes().to_vec(),
            digits: digits.into(),
            ..FindContactsRequest::default()
        };
        let asked = world.internal().find_contacts(who.ask(request)).await;
        asked.expect_err("refused").code()
    };
    let service = world.service();
    assert_eq!(
        refused(&world.admin, "7495").await,
        tonic::Code::PermissionDenied
    );
    assert_eq!(refused(&service, "749").await, tonic::Code::InvalidArgument);
    assert_eq!(
        refused(&service, "7 49").await,
        tonic::Code::InvalidArgument
    );
}
