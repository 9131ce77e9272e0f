//! Pipelines and stages: everybody reads, administrators change.

mod read;
mod stages;
mod write;

use std::sync::Arc;

use api::crm::v1::pipeline_service_server::PipelineService;
use api::crm::v1::{
    self as proto, CreatePipelineRequest, CreatePipelineResponse, CreateStageRequest,
    CreateStageResponse, DeletePipelineRequest, DeletePipelineResponse, DeleteStageRequest,
    DeleteStageResponse, GetPipelineRequest, GetPipelineResponse, ListPipelinesRequest,
    ListPipelinesResponse, UpdatePipelineRequest, UpdatePipelineResponse, UpdateStageRequest,
    UpdateStageResponse,
};
use kit::time::to_proto;
use kit::validate::Fields;
use tonic::{Request, Response, Status};

use super::answer;
use super::mask::Mask;
use crate::core::Core;
use crate::domain::etag;
use crate::domain::pipeline::{Pipeline, Stage, StageKind};

/// `PipelineService`.
pub struct Pipelines(pub Arc<Core>);

/// A new place in a request; `None` when it is not to be changed.
fn position(fields: &mut Fields, mask: &Mask, field: &str, value: i32) -> Option<usize> {
    if !mask.has("position", value != 0) {
        return None;
    }
    let place = usize::try_from(value).ok();
    if place.is_none() {
        fields.reject(field, "must not be negative");
    }
    place
}

impl From<Pipeline> for proto::Pipeline {
    fn from(pipeline: Pipeline) -> Self {
        let stages = pipeline.stages.into_iter().zip(0..);
        Self {
            id: pipeline.id.to_string(),
            name: pipeline.name,
            position: pipeline.position,
            stages: stages.map(to_stage).collect(),
            create_time: Some(to_proto(pipeline.create_time)),
            etag: etag(pipeline.version),
        }
    }
}

fn to_stage((stage, position): (Stage, i32)) -> proto::Stage {
    let kind = match stage.kind {
        StageKind::Incoming => proto::StageKind::Incoming,
        StageKind::Working => proto::StageKind::Working,
        StageKind::Won => proto::StageKind::Won,
        StageKind::Lost => proto::StageKind::Lost,
    };
    proto::Stage {
        id: stage.id.to_string(),
        name: stage.name,
        kind: kind.into(),
        position,
    }
}

#[tonic::async_trait]
impl PipelineService for Pipelines {
    async fn create_pipeline(
        &self,
        request: Request<CreatePipelineRequest>,
    ) -> Result<Response<CreatePipelineResponse>, Status> {
        answer(write::create(&self.0, request).await)
    }

    async fn get_pipeline(
        &self,
        request: Request<GetPipelineRequest>,
    ) -> Result<Response<GetPipelineResponse>, Status> {
        answer(read::get(&self.0, request).await)
    }

    async fn list_pipelines(
        &self,
        request: Request<ListPipelinesRequest>,
    ) -> Result<Response<ListPipelinesResponse>, Status> {
        answer(read::list(&self.0, request).await)
    }

    async fn update_pipeline(
        &self,
        request: Request<UpdatePipelineRequest>,
    ) -> Result<Response<UpdatePipelineResponse>, Status> {
        answer(write::update(&self.0, request).await)
    }

    async fn delete_pipeline(
        &self,
        request: Request<DeletePipelineRequest>,
    ) -> Result<Response<DeletePipelineResponse>, Status> {
        answer(write::delete(&self.0, request).await)
    }

    async fn create_stage(
        &self,
        request: Request<CreateStageRequest>,
    ) -> Result<Response<CreateStageResponse>, Status> {
        answer(stages::create(&self.0, request).await)
    }

    async fn update_stage(
        &self,
        request: Request<UpdateStageRequest>,
    ) -> Result<Response<UpdateStageResponse>, Status> {
        answer(stages::update(&self.0, request).await)
    }

    async fn delete_stage(
        &self,
        request: Request<DeleteStageRequest>,
    ) -> Result<Response<DeleteStageResponse>, Status> {
        answer(stages::delete(&self.0, request).await)
    }
}
