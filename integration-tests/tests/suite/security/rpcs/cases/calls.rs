//! Telephone calls.

use api::crm::v1 as crm;
use api::error::v1::ErrorReason as R;

use super::{Cases, Door, Theirs, add};

pub(super) fn cases(theirs: &Theirs, cases: &mut Cases) {
    let call = crm::CallHeader {
        call: Some(crm::Call {
            contact_id: theirs.cards.contact.id.clone(),
            direction: crm::CallDirection::Incoming.into(),
            start_time: Some(prost_types::Timestamp::default()),
            ..Default::default()
        }),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.crm.v1.CallService/RecordCall",
        Door::Everybody,
        &crm::RecordCallRequest {
            part: Some(crm::record_call_request::Part::Header(call)),
        },
        R::ContactNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.CallService/DownloadRecording",
        Door::Everybody,
        &crm::DownloadRecordingRequest {
            call_id: types::TimelineEntryId::generate().to_string(),
        },
        R::RecordingNotFound,
        R::FieldInvalid,
    );
}
