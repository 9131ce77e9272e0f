//! CabinetSessionService: clients come in and leave.

mod bearer;
mod cabinet;
mod sign_out;

use api::cabinet::v1::cabinet_session_service_server::CabinetSessionService;
use api::cabinet::v1::{GetCabinetRequest, GetCabinetResponse, SignOutRequest, SignOutResponse};
use kit::Refusal;
use tonic::{Request, Response, Status};
use types::CabinetId;

use crate::state::State;

/// The service.
pub struct Sessions(pub State);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CabinetSessionService for Sessions {
    async fn get_cabinet(&self, request: Request<GetCabinetRequest>) -> Reply<GetCabinetResponse> {
        Ok(Response::new(cabinet::get(&self.0, &request).await?))
    }

    async fn sign_out(&self, request: Request<SignOutRequest>) -> Reply<SignOutResponse> {
        Ok(Response::new(sign_out::sign_out(&self.0, &request).await?))
    }
}

/// The cabinet that a request names.
pub(super) fn required_id(text: &str) -> Result<CabinetId, Refusal> {
    text.parse()
        .map_err(|error| Refusal::field("cabinet_id", format!("is {error}")))
}
