//! Who sees which conversation, asked directly; a file a question.

mod check;
mod preview;
mod rounds;
mod who;

use api::conversations::v1::visibility_service_server::VisibilityService;
use api::conversations::v1::{
    BatchCheckVisibilityRequest, BatchCheckVisibilityResponse, CheckVisibilityRequest,
    CheckVisibilityResponse, PreviewRightsRequest, PreviewRightsResponse, VisibilityAnswer,
    WhoCanSeeRequest, WhoCanSeeResponse,
};
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status};

pub use self::rounds::Rounds;
use crate::wire;

/// `VisibilityService`.
#[derive(Debug, Clone)]
pub struct VisibilityQuestions {
    /// Database.
    pub db: Db,
    /// Who may what.
    pub rights: RightsCopy,
    /// Answers what is asked at the same time together.
    pub rounds: Rounds,
}

#[tonic::async_trait]
impl VisibilityService for VisibilityQuestions {
    async fn check_visibility(
        &self,
        request: Request<CheckVisibilityRequest>,
    ) -> Result<Response<CheckVisibilityResponse>, Status> {
        Ok(Response::new(check::check(self, &request).await?))
    }

    async fn batch_check_visibility(
        &self,
        request: Request<BatchCheckVisibilityRequest>,
    ) -> Result<Response<BatchCheckVisibilityResponse>, Status> {
        Ok(Response::new(check::batch_check(self, &request).await?))
    }

    async fn who_can_see(
        &self,
        request: Request<WhoCanSeeRequest>,
    ) -> Result<Response<WhoCanSeeResponse>, Status> {
        Ok(Response::new(who::who_can_see(self, &request).await?))
    }

    async fn preview_rights(
        &self,
        request: Request<PreviewRightsRequest>,
    ) -> Result<Response<PreviewRightsResponse>, Status> {
        Ok(Response::new(
            preview::preview_rights(self, &request).await?,
        ))
    }
}

/// An explanation as the contract has it.
fn answer(explanation: &access::Explanation) -> VisibilityAnswer {
    VisibilityAnswer {
        visibility: wire::visibility(explanation.visibility).into(),
        rule: explanation.rule.to_owned(),
        assumption: explanation.assumption.unwrap_or_default().to_owned(),
        source: auth::rights::source_to_proto(explanation.source).into(),
    }
}
