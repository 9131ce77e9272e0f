//! The rights matrix.

mod effective;
mod get;
mod options;
mod set;

use std::sync::Arc;

use api::identity::v1::rights_service_server::RightsService;
use api::identity::v1::{
    GetEffectiveRightsRequest, GetEffectiveRightsResponse, GetRightsOptionsRequest,
    GetRightsOptionsResponse, GetRightsRequest, GetRightsResponse, SetRightsOptionsRequest,
    SetRightsOptionsResponse, SetRightsRequest, SetRightsResponse,
};
use tonic::{Request, Response, Status};

use super::answer;
use crate::core::Core;

/// `RightsService`.
pub struct Rights(pub Arc<Core>);

#[tonic::async_trait]
impl RightsService for Rights {
    async fn get_rights(
        &self,
        request: Request<GetRightsRequest>,
    ) -> Result<Response<GetRightsResponse>, Status> {
        answer(get::handle(&self.0, request).await)
    }

    async fn set_rights(
        &self,
        request: Request<SetRightsRequest>,
    ) -> Result<Response<SetRightsResponse>, Status> {
        answer(set::handle(&self.0, request).await)
    }

    async fn get_effective_rights(
        &self,
        request: Request<GetEffectiveRightsRequest>,
    ) -> Result<Response<GetEffectiveRightsResponse>, Status> {
        answer(effective::handle(&self.0, request).await)
    }

    async fn get_rights_options(
        &self,
        request: Request<GetRightsOptionsRequest>,
    ) -> Result<Response<GetRightsOptionsResponse>, Status> {
        answer(options::get(&self.0, request).await)
    }

    async fn set_rights_options(
        &self,
        request: Request<SetRightsOptionsRequest>,
    ) -> Result<Response<SetRightsOptionsResponse>, Status> {
        answer(options::set(&self.0, request).await)
    }
}
