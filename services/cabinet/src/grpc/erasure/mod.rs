//! CabinetErasureService: «Удалить данные», asked for, confirmed, begun.

mod confirm;
mod request;

use api::cabinet::v1::cabinet_erasure_service_server::CabinetErasureService;
use api::cabinet::v1::{
    ConfirmErasureRequest, ConfirmErasureResponse, RequestErasureRequest, RequestErasureResponse,
};
use kit::Refusal;
use tonic::{Request, Response, Status};

use super::client::Caller;
use crate::state::{Parts, State};

/// The service.
pub struct Erasures(pub State);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CabinetErasureService for Erasures {
    async fn request_erasure(
        &self,
        request: Request<RequestErasureRequest>,
    ) -> Reply<RequestErasureResponse> {
        Ok(Response::new(request::request(&self.0, &request).await?))
    }

    async fn confirm_erasure(
        &self,
        request: Request<ConfirmErasureRequest>,
    ) -> Reply<ConfirmErasureResponse> {
        Ok(Response::new(confirm::confirm(&self.0, &request).await?))
    }
}

/// The client who calls, where the company lets clients delete their data (CAB-04).
async fn allowed<T>(state: &Parts, request: &Request<T>) -> Result<Caller, Refusal> {
    let caller = Caller::of(state, request).await?;
    if caller.cabinet.settings.erasure_enabled {
        Ok(caller)
    } else {
        Err(Refusal::erasure_disabled(caller.cabinet.id))
    }
}
