//! CabinetSessionService: clients come in and leave.

mod bearer;
mod cabinet;
mod confirm_code;
mod request_code;
mod sign_out;

use std::sync::Arc;

use api::cabinet::v1::cabinet_session_service_server::CabinetSessionService;
use api::cabinet::v1::{
    ConfirmCodeRequest, ConfirmCodeResponse, GetCabinetRequest, GetCabinetResponse,
    RequestCodeRequest, RequestCodeResponse, SignOutRequest, SignOutResponse,
};
use kit::Refusal;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use types::CabinetId;

use crate::domain::settings::Cabinet;
use crate::state::{Parts, State};

pub(super) use bearer::bearer;

/// The service.
pub struct Sessions(pub State);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CabinetSessionService for Sessions {
    async fn get_cabinet(&self, request: Request<GetCabinetRequest>) -> Reply<GetCabinetResponse> {
        Ok(Response::new(cabinet::get(&self.0, &request).await?))
    }

    async fn request_code(
        &self,
        request: Request<RequestCodeRequest>,
    ) -> Reply<RequestCodeResponse> {
        Ok(Response::new(
            request_code::request(&self.0, &request).await?,
        ))
    }

    async fn confirm_code(
        &self,
        request: Request<ConfirmCodeRequest>,
    ) -> Reply<ConfirmCodeResponse> {
        Ok(Response::new(
            confirm_code::confirm(&self.0, &request).await?,
        ))
    }

    async fn sign_out(&self, request: Request<SignOutRequest>) -> Reply<SignOutResponse> {
        Ok(Response::new(sign_out::sign_out(&self.0, &request).await?))
    }
}

/// The cabinet of a link, when it is on and the account's plan includes it (CAB-05).
async fn open_cabinet(state: &Parts, id: CabinetId) -> Result<Arc<Cabinet>, Refusal> {
    let cabinet = state.cabinets.get(id).await?;
    if state.accounts.get(cabinet.account).await?.has_cabinet {
        Ok(cabinet)
    } else {
        Err(Refusal::cabinet_disabled(id))
    }
}

/// The browser's address, when the call came through the gateway, which sets it and strips what a client sent under the same name.
pub(super) fn address(metadata: &MetadataMap) -> Option<&str> {
    metadata.get("x-beseda-client-address")?.to_str().ok()
}

/// The cabinet that a request names.
pub(super) fn required_id(text: &str) -> Result<CabinetId, Refusal> {
    text.parse()
        .map_err(|error| Refusal::field("cabinet_id", format!("is {error}")))
}
