//! Changing pipelines.

use api::crm::v1::{
    CreatePipelineRequest, CreatePipelineResponse, DeletePipelineRequest, DeletePipelineResponse,
    UpdatePipelineRequest, UpdatePipelineResponse,
};
use auth::Permission;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use tonic::Request;
use types::PipelineId;

use super::position;
use crate::Error;
use crate::changes::pipelines;
use crate::core::Core;
use crate::domain::pipeline::MAX_STAGES;
use crate::grpc::mask::Mask;
use crate::grpc::{enter, wire};

/// The stages that every pipeline has beside the working ones.
const FIXED: usize = 3;

/// Adds a pipeline.
pub async fn create(
    core: &Core,
    request: Request<CreatePipelineRequest>,
) -> Result<CreatePipelineResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let pipeline = request.pipeline.clone().unwrap_or_default();
    let mut fields = Fields::new();
    let name = fields.line("pipeline.name", &pipeline.name, 1..=100);
    wire::at_most(
        &mut fields,
        "pipeline.stages",
        &pipeline.stages,
        MAX_STAGES - FIXED,
    );
    let stages = pipeline.stages.iter().enumerate();
    let working = stages.map(|(place, stage)| {
        fields.line(
            &format!("pipeline.stages[{place}].name"),
            &stage.name,
            1..=100,
        )
    });
    let working: Vec<_> = working.collect();
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    let once = Once::new(&caller, "CreatePipeline", request_id, hash(&request))?;
    let language = caller.language();
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let changed = pipelines::create(tx, &by, name, working, language).await?;
            let answer = CreatePipelineResponse {
                pipeline: Some(changed.pipeline.into()),
            };
            once.keep(tx, &answer).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(answer)
        })
    })
    .await
}

/// Renames or moves a pipeline.
pub async fn update(
    core: &Core,
    request: Request<UpdatePipelineRequest>,
) -> Result<UpdatePipelineResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let mask = Mask::new(request.update_mask, &["name", "position"])?;
    let pipeline = request.pipeline.unwrap_or_default();
    let mut fields = Fields::new();
    let id = fields.id::<PipelineId>("pipeline.id", &pipeline.id);
    let renamed = mask.has("name", !pipeline.name.is_empty());
    let name = renamed.then(|| fields.line("pipeline.name", &pipeline.name, 1..=100));
    let position = position(&mut fields, &mask, "pipeline.position", pipeline.position);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(UpdatePipelineResponse::default());
    };
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            let changed = pipelines::update(tx, &by, id, name, position, &pipeline.etag).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(UpdatePipelineResponse {
                pipeline: Some(changed.pipeline.into()),
            })
        })
    })
    .await
}

/// Deletes a pipeline without deals.
pub async fn delete(
    core: &Core,
    request: Request<DeletePipelineRequest>,
) -> Result<DeletePipelineResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let mut fields = Fields::new();
    let id = fields.id::<PipelineId>("pipeline_id", &request.pipeline_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(DeletePipelineResponse {});
    };
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            let event = pipelines::delete(tx, &by, id).await?;
            events::append(tx, &[event]).await?;
            Ok(DeletePipelineResponse {})
        })
    })
    .await
}
