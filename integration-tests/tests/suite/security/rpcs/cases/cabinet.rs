//! The cases of the client's cabinet.

use api::cabinet::v1 as cab;
use api::error::v1::ErrorReason as R;

use super::{Cases, Door, add};

/// Those of administrators and of clients.
pub(super) fn cases(cases: &mut Cases) {
    settings(cases);
    providers(cases);
    sessions(cases);
    page(cases);
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

fn providers(cases: &mut Cases) {
    let nobodys = types::SmsProviderId::generate().to_string();
    add(
        cases,
        "/beseda.cabinet.v1.SmsService/ListSmsWidgets",
        Door::Administrators,
        &cab::ListSmsWidgetsRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.cabinet.v1.SmsService/CreateSmsProvider",
        Door::Administrators,
        &cab::CreateSmsProviderRequest {
            sms_provider: Some(cab::SmsProvider {
                widget_key: "nobody".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.cabinet.v1.SmsService/ListSmsProviders",
        Door::Administrators,
        &cab::ListSmsProvidersRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.cabinet.v1.SmsService/UpdateSmsProvider",
        Door::Administrators,
        &cab::UpdateSmsProviderRequest {
            sms_provider: Some(cab::SmsProvider {
                id: nobodys.clone(),
                title: "Х".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::SmsProviderNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.cabinet.v1.SmsService/DeleteSmsProvider",
        Door::Administrators,
        &cab::DeleteSmsProviderRequest {
            sms_provider_id: nobodys,
        },
        R::SmsProviderNotFound,
        R::FieldInvalid,
    );
}

/// A client's own page: the cabinet of the client here is switched off.
fn page(cases: &mut Cases) {
    let off = R::CabinetDisabled;
    add(
        cases,
        "/beseda.cabinet.v1.CabinetService/GetHome",
        Door::Clients,
        &cab::GetHomeRequest {},
        off,
        off,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetService/ListDealEvents",
        Door::Clients,
        &cab::ListDealEventsRequest::default(),
        off,
        off,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetService/ListCabinetMessages",
        Door::Clients,
        &cab::ListCabinetMessagesRequest::default(),
        off,
        off,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetService/SendCabinetMessage",
        Door::Clients,
        &cab::SendCabinetMessageRequest::default(),
        off,
        off,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetService/WatchCabinetMessages",
        Door::Clients,
        &cab::WatchCabinetMessagesRequest::default(),
        off,
        off,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetService/DownloadCabinetFile",
        Door::Clients,
        &cab::DownloadCabinetFileRequest::default(),
        off,
        off,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetService/DownloadCabinetRecording",
        Door::Clients,
        &cab::DownloadCabinetRecordingRequest::default(),
        off,
        off,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetErasureService/RequestErasure",
        Door::Clients,
        &cab::RequestErasureRequest { confirmed: true },
        off,
        off,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetErasureService/ConfirmErasure",
        Door::Clients,
        &cab::ConfirmErasureRequest {
            request_token: "crq_x".into(),
            code: "123456".into(),
        },
        off,
        off,
    );
}

fn sessions(cases: &mut Cases) {
    add(
        cases,
        "/beseda.cabinet.v1.CabinetSessionService/RequestCode",
        Door::Open,
        &cab::RequestCodeRequest {
            cabinet_id: types::CabinetId::generate().to_string(),
            phone: "+79990000001".into(),
        },
        R::CabinetNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.cabinet.v1.CabinetSessionService/ConfirmCode",
        Door::Open,
        &cab::ConfirmCodeRequest {
            request_token: "crq_x".into(),
            code: "123456".into(),
        },
        R::CodeInvalid,
        R::FieldInvalid,
    );
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
