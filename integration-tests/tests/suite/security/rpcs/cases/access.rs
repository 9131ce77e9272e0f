//! The cases of questions about rights.

use api::conversations::v1 as conv;
use api::crm::v1 as crm;
use api::error::v1::ErrorReason as R;
use api::identity::v1 as id;

use super::{Cases, Door, Theirs, add};

/// Those about conversations and cards.
pub(super) fn access_cases(theirs: &Theirs, cases: &mut Cases) {
    visibility_cases(theirs, cases);
    card_cases(theirs, cases);
}

fn visibility_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::{Administrators, Everybody};
    let question = conv::VisibilityQuestion {
        conversation_id: theirs.conversation.id.clone(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.conversations.v1.VisibilityService/CheckVisibility",
        Everybody,
        &conv::CheckVisibilityRequest {
            question: Some(question.clone()),
        },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.VisibilityService/BatchCheckVisibility",
        Everybody,
        &conv::BatchCheckVisibilityRequest {
            questions: vec![question],
        },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.VisibilityService/WhoCanSee",
        Administrators,
        &conv::WhoCanSeeRequest {
            conversation_id: theirs.conversation.id.clone(),
            ..Default::default()
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    let subject = id::rights_subject::Subject::UserId(theirs.admin.user().id.clone());
    add(
        cases,
        "/beseda.conversations.v1.VisibilityService/PreviewRights",
        Administrators,
        &conv::PreviewRightsRequest {
            rights: Some(id::Rights {
                subject: Some(id::RightsSubject {
                    subject: Some(subject),
                }),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::UserNotFound,
        R::FieldInvalid,
    );
}

fn card_cases(theirs: &Theirs, cases: &mut Cases) {
    let question = crm::AccessQuestion {
        card_id: theirs.cards.deal.id.clone(),
        action: id::RightAction::View.into(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.crm.v1.AccessService/CheckAccess",
        Door::Everybody,
        &crm::CheckAccessRequest {
            question: Some(question.clone()),
        },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.crm.v1.AccessService/BatchCheckAccess",
        Door::Everybody,
        &crm::BatchCheckAccessRequest {
            questions: vec![question],
        },
        None,
        R::FieldInvalid,
    );
}
