//! `TemplateService`: templates that are kept at providers.

mod list;

use api::conversations::v1::template_service_server::TemplateService;
use api::conversations::v1::{ListTemplatesRequest, ListTemplatesResponse};
use pg::Db;
use tonic::{Request, Response, Status};

/// The service.
#[derive(Debug)]
pub struct Templates {
    /// Database.
    pub db: Db,
}

#[tonic::async_trait]
impl TemplateService for Templates {
    async fn list_templates(
        &self,
        request: Request<ListTemplatesRequest>,
    ) -> Result<Response<ListTemplatesResponse>, Status> {
        Ok(Response::new(list::list(self, &request).await?))
    }
}
