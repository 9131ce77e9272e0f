//! The log of runs, and dry runs.

mod dry;
mod explain;
mod list;
mod rerun;

use std::sync::Arc;

use api::sync::v1::run_service_server::RunService;
use api::sync::v1::{
    DryRunRequest, DryRunResponse, ExplainRunRequest, ExplainRunResponse, ListRunsRequest,
    ListRunsResponse, RerunRunRequest, RerunRunResponse,
};
use kit::validate::Fields;
use tonic::{Request, Response, Status};
use types::RunId;

use super::answer;
use crate::Error;
use crate::core::Core;

/// `RunService`.
pub struct Runs(pub Arc<Core>);

#[tonic::async_trait]
impl RunService for Runs {
    async fn list_runs(
        &self,
        request: Request<ListRunsRequest>,
    ) -> Result<Response<ListRunsResponse>, Status> {
        answer(list::list(&self.0, request).await)
    }

    async fn explain_run(
        &self,
        request: Request<ExplainRunRequest>,
    ) -> Result<Response<ExplainRunResponse>, Status> {
        answer(explain::explain(&self.0, request).await)
    }

    async fn rerun_run(
        &self,
        request: Request<RerunRunRequest>,
    ) -> Result<Response<RerunRunResponse>, Status> {
        answer(rerun::rerun(&self.0, request).await)
    }

    async fn dry_run(
        &self,
        request: Request<DryRunRequest>,
    ) -> Result<Response<DryRunResponse>, Status> {
        answer(dry::dry_run(&self.0, request).await)
    }
}

fn run_id(text: &str) -> Result<RunId, Error> {
    let mut fields = Fields::new();
    let id = fields.id("run_id", text);
    fields.finish()?;
    // Without an id the request was refused.
    Ok(id.unwrap_or_else(RunId::generate))
}
