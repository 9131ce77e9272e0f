//! The cases of rules: settings, log, dry runs.

use api::error::v1::ErrorReason as R;
use api::sync::v1 as sync;
use types::{IntegrationId, PortalId, RunId};

use super::{Cases, Door, Theirs, add};

/// Those of settings and of runs.
pub(super) fn cases(theirs: &Theirs, cases: &mut Cases) {
    changes(theirs, cases);
    of_one(cases);
    of_all(cases);
    runs(theirs, cases);
    portals(cases);
}

fn changes(theirs: &Theirs, cases: &mut Cases) {
    let integration = sync::Integration {
        id: IntegrationId::generate().to_string(),
        name: "Сайт".into(),
        method: sync::TransferMethod::ContactAndDeal.into(),
        default_place: Some(sync::DealPlace {
            pipeline_id: theirs.cards.pipeline.id.clone(),
            ..Default::default()
        }),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/CreateIntegration",
        Door::Administrators,
        &sync::CreateIntegrationRequest {
            integration: Some(integration.clone()),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/UpdateIntegration",
        Door::Administrators,
        &sync::UpdateIntegrationRequest {
            integration: Some(integration),
            ..Default::default()
        },
        R::IntegrationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/SetOldIntegration",
        Door::Administrators,
        &sync::SetOldIntegrationRequest { enabled: false },
        None,
        None,
    );
}

fn of_one(cases: &mut Cases) {
    let integration_id = IntegrationId::generate().to_string();
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/GetIntegration",
        Door::Administrators,
        &sync::GetIntegrationRequest {
            integration_id: integration_id.clone(),
        },
        R::IntegrationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/DeleteIntegration",
        Door::Administrators,
        &sync::DeleteIntegrationRequest {
            integration_id: integration_id.clone(),
            ..Default::default()
        },
        R::IntegrationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/GetCatalogue",
        Door::Administrators,
        &sync::GetCatalogueRequest {
            integration_id: integration_id.clone(),
            ..Default::default()
        },
        R::IntegrationNotFound,
        None,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/SyncEmployees",
        Door::Administrators,
        &sync::SyncEmployeesRequest {
            integration_id: integration_id.clone(),
        },
        R::IntegrationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/ListEmployees",
        Door::Administrators,
        &sync::ListEmployeesRequest { integration_id },
        R::IntegrationNotFound,
        R::FieldInvalid,
    );
}

fn of_all(cases: &mut Cases) {
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/ListIntegrations",
        Door::Administrators,
        &sync::ListIntegrationsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/ListParameters",
        Door::Administrators,
        &sync::ListParametersRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/PreviewName",
        Door::Administrators,
        &sync::PreviewNameRequest {
            template: "{{nobody}}".into(),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.IntegrationService/GetOldIntegration",
        Door::Administrators,
        &sync::GetOldIntegrationRequest {},
        None,
        None,
    );
}

fn runs(theirs: &Theirs, cases: &mut Cases) {
    let run_id = RunId::generate().to_string();
    add(
        cases,
        "/beseda.sync.v1.RunService/ListRuns",
        Door::Administrators,
        &sync::ListRunsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.sync.v1.RunService/ExplainRun",
        Door::Administrators,
        &sync::ExplainRunRequest {
            run_id: run_id.clone(),
        },
        R::RunNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.RunService/RerunRun",
        Door::Administrators,
        &sync::RerunRunRequest { run_id },
        R::RunNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.RunService/DryRun",
        Door::Administrators,
        &sync::DryRunRequest {
            requests: Some(sync::dry_run_request::Requests::Conversation(
                theirs.conversation.id.clone(),
            )),
            ..Default::default()
        },
        R::RequestNotFound,
        R::FieldInvalid,
    );
}

fn portals(cases: &mut Cases) {
    let portal_id = PortalId::generate().to_string();
    add(
        cases,
        "/beseda.sync.v1.PortalService/BeginPortalConnection",
        Door::Administrators,
        &sync::BeginPortalConnectionRequest {},
        R::AmoCrmNotSetUp,
        R::AmoCrmNotSetUp,
    );
    add(
        cases,
        "/beseda.sync.v1.PortalService/CompletePortalConnection",
        Door::Administrators,
        &sync::CompletePortalConnectionRequest {
            code: "code".into(),
            state: "state".into(),
            referer: "metadata.internal".into(),
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.PortalService/GetPortal",
        Door::Administrators,
        &sync::GetPortalRequest {
            portal_id: portal_id.clone(),
        },
        R::PortalNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.sync.v1.PortalService/ListPortals",
        Door::Administrators,
        &sync::ListPortalsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.sync.v1.PortalService/DisconnectPortal",
        Door::Administrators,
        &sync::DisconnectPortalRequest { portal_id },
        R::PortalNotFound,
        R::FieldInvalid,
    );
}
