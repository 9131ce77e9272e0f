//! The cases of merging.

use api::crm::v1 as crm;
use api::error::v1::ErrorReason as R;

use super::{Cases, Door, Theirs, add};

/// Those of contacts.
pub(super) fn merge_cases(theirs: &Theirs, cases: &mut Cases) {
    let id = theirs.cards.contact.id.clone();
    let source = crm::MergeSource {
        contact_id: types::ContactId::generate().to_string(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.crm.v1.ContactService/MergeContacts",
        Door::Everybody,
        &crm::MergeContactsRequest {
            target_contact_id: id.clone(),
            sources: vec![source],
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.ContactService/UnmergeContacts",
        Door::Everybody,
        &crm::UnmergeContactsRequest {
            contact_id: id,
            ..Default::default()
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
}
