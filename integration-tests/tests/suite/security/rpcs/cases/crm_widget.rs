//! The cases of the chat window inside the CRM.

use api::error::v1::ErrorReason as R;
use api::identity::v1 as id;

use super::{Cases, Door, Theirs, add};

/// The widget and the sessions that it begins.
pub(super) fn cases(theirs: &Theirs, cases: &mut Cases) {
    add(
        cases,
        "/beseda.identity.v1.SessionService/BeginCrmSession",
        Door::Crm,
        &id::BeginCrmSessionRequest {
            email: theirs.admin.user().email.clone(),
            name: "Х".into(),
            ..Default::default()
        },
        R::EmailTaken,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.CrmWidgetService/GetCrmWidget",
        Door::Everybody,
        &id::GetCrmWidgetRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.CrmWidgetService/InstallCrmWidget",
        Door::Administrators,
        &id::InstallCrmWidgetRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.CrmWidgetService/UninstallCrmWidget",
        Door::Administrators,
        &id::UninstallCrmWidgetRequest {},
        None,
        None,
    );
}
