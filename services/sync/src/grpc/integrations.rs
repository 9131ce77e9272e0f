//! Settings of integrations.

mod catalogue;
mod employees;
mod names;
mod old;
mod read;
mod write;

use std::sync::Arc;

use api::sync::v1::integration_service_server::IntegrationService;
use api::sync::v1::{
    CreateIntegrationRequest, CreateIntegrationResponse, DeleteIntegrationRequest,
    DeleteIntegrationResponse, GetCatalogueRequest, GetCatalogueResponse, GetIntegrationRequest,
    GetIntegrationResponse, GetOldIntegrationRequest, GetOldIntegrationResponse,
    ListEmployeesRequest, ListEmployeesResponse, ListIntegrationsRequest, ListIntegrationsResponse,
    ListParametersRequest, ListParametersResponse, PreviewNameRequest, PreviewNameResponse,
    SetOldIntegrationRequest, SetOldIntegrationResponse, SyncEmployeesRequest,
    SyncEmployeesResponse, UpdateIntegrationRequest, UpdateIntegrationResponse,
};
use tonic::{Request, Response, Status};

use super::answer;
use crate::core::Core;

/// `IntegrationService`.
pub struct Integrations(pub Arc<Core>);

macro_rules! operations {
    ($($name:ident($request:ty) -> $response:ty = $operation:path;)*) => {
        #[tonic::async_trait]
        impl IntegrationService for Integrations {
            $(async fn $name(&self, request: Request<$request>) -> Result<Response<$response>, Status> {
                answer($operation(&self.0, request).await)
            })*
        }
    };
}

operations! {
    create_integration(CreateIntegrationRequest) -> CreateIntegrationResponse = write::create;
    get_integration(GetIntegrationRequest) -> GetIntegrationResponse = read::get;
    list_integrations(ListIntegrationsRequest) -> ListIntegrationsResponse = read::list;
    update_integration(UpdateIntegrationRequest) -> UpdateIntegrationResponse = write::update;
    delete_integration(DeleteIntegrationRequest) -> DeleteIntegrationResponse = write::delete;
    list_parameters(ListParametersRequest) -> ListParametersResponse = names::parameters;
    preview_name(PreviewNameRequest) -> PreviewNameResponse = names::preview;
    get_catalogue(GetCatalogueRequest) -> GetCatalogueResponse = catalogue::get;
    sync_employees(SyncEmployeesRequest) -> SyncEmployeesResponse = employees::synchronise;
    list_employees(ListEmployeesRequest) -> ListEmployeesResponse = employees::list;
    get_old_integration(GetOldIntegrationRequest) -> GetOldIntegrationResponse = old::get;
    set_old_integration(SetOldIntegrationRequest) -> SetOldIntegrationResponse = old::set;
}
