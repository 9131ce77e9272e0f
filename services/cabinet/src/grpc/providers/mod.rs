//! SmsService: providers of SMS.

mod create;
mod delete;
mod list;
mod update;
mod wire;

use api::cabinet::v1::sms_service_server::SmsService;
use api::cabinet::v1::{
    CreateSmsProviderRequest, CreateSmsProviderResponse, DeleteSmsProviderRequest,
    DeleteSmsProviderResponse, ListSmsProvidersRequest, ListSmsProvidersResponse,
    ListSmsWidgetsRequest, ListSmsWidgetsResponse, UpdateSmsProviderRequest,
    UpdateSmsProviderResponse,
};
use tonic::{Request, Response, Status};

use crate::state::State;

/// The service.
pub struct Providers(pub State);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl SmsService for Providers {
    async fn list_sms_widgets(
        &self,
        request: Request<ListSmsWidgetsRequest>,
    ) -> Reply<ListSmsWidgetsResponse> {
        Ok(Response::new(list::widgets(&self.0, &request)?))
    }

    async fn create_sms_provider(
        &self,
        request: Request<CreateSmsProviderRequest>,
    ) -> Reply<CreateSmsProviderResponse> {
        Ok(Response::new(create::create(&self.0, request).await?))
    }

    async fn list_sms_providers(
        &self,
        request: Request<ListSmsProvidersRequest>,
    ) -> Reply<ListSmsProvidersResponse> {
        Ok(Response::new(list::providers(&self.0, &request).await?))
    }

    async fn update_sms_provider(
        &self,
        request: Request<UpdateSmsProviderRequest>,
    ) -> Reply<UpdateSmsProviderResponse> {
        Ok(Response::new(update::update(&self.0, request).await?))
    }

    async fn delete_sms_provider(
        &self,
        request: Request<DeleteSmsProviderRequest>,
    ) -> Reply<DeleteSmsProviderResponse> {
        Ok(Response::new(delete::delete(&self.0, &request).await?))
    }
}
