//! The cases of the client's cabinet.

use api::cabinet::v1 as cab;
use api::error::v1::ErrorReason as R;

use super::{Cases, Door, add};

/// Those of administrators and of clients.
pub(super) fn cases(cases: &mut Cases) {
    settings(cases);
    sessions(cases);
}

fn settings(cases: &mut Cases) {
    add(
        cases,
        "/beseda.cabinet.v1.CabinetSettingsService/GetCabinetSettings",
        Door::Everybody,
        &cab::GetCabinetSettingsRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetSettingsService/UpdateCabinetSettings",
        Door::Administrators,
        &cab::UpdateCabinetSettingsRequest {
            settings: Some(cab::CabinetSettings {
                log_in_text: "no marker".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetSettingsService/UploadLogo",
        Door::Administrators,
        &cab::UploadLogoRequest {
            png: b"no picture".to_vec(),
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetSettingsService/DeleteLogo",
        Door::Administrators,
        &cab::DeleteLogoRequest {},
        None,
        None,
    );
}

fn sessions(cases: &mut Cases) {
    add(
        cases,
        "/beseda.cabinet.v1.CabinetSessionService/GetCabinet",
        Door::Open,
        &cab::GetCabinetRequest {
            cabinet_id: types::CabinetId::generate().to_string(),
        },
        R::CabinetNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetSessionService/SignOut",
        Door::Clients,
        &cab::SignOutRequest {},
        None,
        None,
    );
}
