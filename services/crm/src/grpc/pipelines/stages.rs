//! Changing the stages of a pipeline.

use api::crm::v1::{
    CreateStageRequest, CreateStageResponse, DeleteStageRequest, DeleteStageResponse,
    UpdateStageRequest, UpdateStageResponse,
};
use auth::Permission;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use tonic::Request;
use types::{PipelineId, StageId};

use super::position;
use crate::Error;
use crate::changes::pipelines;
use crate::core::Core;
use crate::grpc::enter;
use crate::grpc::mask::Mask;

/// Adds a working stage.
pub async fn create(
    core: &Core,
    request: Request<CreateStageRequest>,
) -> Result<CreateStageResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let stage = request.stage.clone().unwrap_or_default();
    let mut fields = Fields::new();
    let id = fields.id::<PipelineId>("pipeline_id", &request.pipeline_id);
    let name = fields.line("stage.name", &stage.name, 1..=100);
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    let once = Once::new(&caller, "CreateStage", request_id, hash(&request))?;
    let Some(id) = id else {
        return Ok(CreateStageResponse::default());
    };
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let changed = pipelines::add_stage(tx, &by, id, name).await?;
            let answer = CreateStageResponse {
                pipeline: Some(changed.pipeline.into()),
            };
            once.keep(tx, &answer).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(answer)
        })
    })
    .await
}

/// Renames or moves a stage.
pub async fn update(
    core: &Core,
    request: Request<UpdateStageRequest>,
) -> Result<UpdateStageResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let mask = Mask::new(request.update_mask, &["name", "position"])?;
    let stage = request.stage.unwrap_or_default();
    let mut fields = Fields::new();
    let id = fields.id::<StageId>("stage.id", &stage.id);
    let renamed = mask.has("name", !stage.name.is_empty());
    let name = renamed.then(|| fields.line("stage.name", &stage.name, 1..=100));
    let position = position(&mut fields, &mask, "stage.position", stage.position);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(UpdateStageResponse::default());
    };
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            let changed = pipelines::update_stage(tx, &by, id, name, position).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(UpdateStageResponse {
                pipeline: Some(changed.pipeline.into()),
            })
        })
    })
    .await
}

/// Deletes a working stage without deals.
pub async fn delete(
    core: &Core,
    request: Request<DeleteStageRequest>,
) -> Result<DeleteStageResponse, Error> {
    let (caller, request) = enter(request, Permission::SettingsWrite)?;
    let mut fields = Fields::new();
    let id = fields.id::<StageId>("stage_id", &request.stage_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(DeleteStageResponse::default());
    };
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            let changed = pipelines::delete_stage(tx, &by, id).await?;
            events::append(tx, changed.event.as_slice()).await?;
            Ok(DeleteStageResponse {
                pipeline: Some(changed.pipeline.into()),
            })
        })
    })
    .await
}
