//! CabinetSettingsService: «Личный кабинет клиента» in the account's settings.

mod change;
mod connection;
mod get;
mod logo;
mod names;
mod update;
mod wire;

use api::cabinet::v1::cabinet_settings_service_server::CabinetSettingsService;
use api::cabinet::v1::{
    CabinetSettings, DeleteLogoRequest, DeleteLogoResponse, GetCabinetSettingsRequest,
    GetCabinetSettingsResponse, UpdateCabinetSettingsRequest, UpdateCabinetSettingsResponse,
    UploadLogoRequest, UploadLogoResponse,
};
use auth::AccountScope;
use kit::Refusal;
use tonic::{Request, Response, Status};

use crate::domain::settings::Cabinet;
use crate::state::{Parts, State};
use crate::store::cabinets;

/// The service.
pub struct CabinetSettingsOf(pub State);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CabinetSettingsService for CabinetSettingsOf {
    async fn get_cabinet_settings(
        &self,
        request: Request<GetCabinetSettingsRequest>,
    ) -> Reply<GetCabinetSettingsResponse> {
        Ok(Response::new(get::get(&self.0, &request).await?))
    }

    async fn update_cabinet_settings(
        &self,
        request: Request<UpdateCabinetSettingsRequest>,
    ) -> Reply<UpdateCabinetSettingsResponse> {
        Ok(Response::new(update::update(&self.0, request).await?))
    }

    async fn upload_logo(&self, request: Request<UploadLogoRequest>) -> Reply<UploadLogoResponse> {
        Ok(Response::new(logo::upload(&self.0, request).await?))
    }

    async fn delete_logo(&self, request: Request<DeleteLogoRequest>) -> Reply<DeleteLogoResponse> {
        Ok(Response::new(logo::delete(&self.0, &request).await?))
    }
}

/// The account's cabinet.
async fn of_account(state: &Parts, scope: AccountScope) -> Result<Cabinet, Refusal> {
    let now = state.clock.now();
    let read = state.db.tx(scope, move |tx| {
        Box::pin(async move { cabinets::of_account(tx, scope.account(), now).await })
    });
    Ok(read.await?)
}

/// The account's cabinet as administrators see it.
async fn shown(state: &Parts, scope: AccountScope) -> Result<CabinetSettings, Refusal> {
    let cabinet = of_account(state, scope).await?;
    let account = state.accounts.get(scope.account()).await?;
    Ok(wire::to_proto(state, &cabinet, &account))
}
