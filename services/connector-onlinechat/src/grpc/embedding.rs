//! EmbeddingService: what the gateway has to know to serve a chat page and a landing site. The auth layer lets our own services only in.

use api::onlinechat::internal::v1::embedding_service_server::EmbeddingService;
use api::onlinechat::internal::v1::{
    GetEmbeddingRequest, GetEmbeddingResponse, GetLandingSiteRequest, GetLandingSiteResponse,
};
use tonic::{Request, Response, Status};

use super::online_chats::{landing_site_to_proto, required_id};
use crate::domain::placement::Placement;
use crate::state::State;

/// The service.
pub struct Embeddings(pub State);

#[tonic::async_trait]
impl EmbeddingService for Embeddings {
    async fn get_embedding(
        &self,
        request: Request<GetEmbeddingRequest>,
    ) -> Result<Response<GetEmbeddingResponse>, Status> {
        auth::Caller::of(&request)?.require_service()?;
        let id = required_id(&request.get_ref().online_chat_id)?;
        let chat = self.0.online_chats.get(id).await?;
        let placement = &chat.settings.placement;
        Ok(Response::new(GetEmbeddingResponse {
            site_origin: placement
                .site_origin()
                .map(ToString::to_string)
                .unwrap_or_default(),
            locked: *placement == Placement::Locked,
            on_landing_site: chat.settings.is_on_landing_site(),
        }))
    }

    async fn get_landing_site(
        &self,
        request: Request<GetLandingSiteRequest>,
    ) -> Result<Response<GetLandingSiteResponse>, Status> {
        auth::Caller::of(&request)?.require_service()?;
        let id = required_id(&request.get_ref().online_chat_id)?;
        let chat = self.0.online_chats.get(id).await?;
        let site = chat.settings.landing_site.as_ref();
        Ok(Response::new(GetLandingSiteResponse {
            landing_site: site.map(|site| landing_site_to_proto(site, &self.0.public_url, id)),
        }))
    }
}
