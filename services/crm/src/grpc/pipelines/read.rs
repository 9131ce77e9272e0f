//! Reading pipelines.

use api::crm::v1::{
    GetPipelineRequest, GetPipelineResponse, ListPipelinesRequest, ListPipelinesResponse,
};
use auth::Permission;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use tonic::Request;
use types::PipelineId;

use crate::Error;
use crate::core::Core;
use crate::grpc::page::page;
use crate::grpc::{PAGE, enter};
use crate::store::pipelines;

const METHOD: &str = "ListPipelines";

/// One pipeline.
pub async fn get(
    core: &Core,
    request: Request<GetPipelineRequest>,
) -> Result<GetPipelineResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let scope = caller.scope()?;
    let mut fields = Fields::new();
    let id = fields.id::<PipelineId>("pipeline_id", &request.pipeline_id);
    fields.finish()?;
    let Some(id) = id else {
        return Ok(GetPipelineResponse::default());
    };
    let found = core.db.tx(scope, move |tx| {
        Box::pin(async move { pipelines::get(tx, scope.account(), id, false).await })
    });
    let pipeline = found.await?.ok_or(Error::PipelineNotFound(id))?;
    Ok(GetPipelineResponse {
        pipeline: Some(pipeline.into()),
    })
}

/// The pipelines, in order. There are few, so a page is cut from all of them.
pub async fn list(
    core: &Core,
    request: Request<ListPipelinesRequest>,
) -> Result<ListPipelinesResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let scope = caller.scope()?;
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let place = PageToken {
        method: METHOD,
        account: scope.account(),
    };
    let after: Option<(i32, PipelineId)> = place.decode(&(), &request.page_token)?;
    let all = core.db.tx(scope, move |tx| {
        Box::pin(async move { pipelines::all(tx, scope.account()).await })
    });
    let mut all = all.await?;
    all.retain(|pipeline| after.is_none_or(|after| (pipeline.position, pipeline.id) > after));
    let page = page(all, size, (METHOD, scope.account()), &(), |last| {
        (last.position, last.id)
    });
    Ok(ListPipelinesResponse {
        pipelines: page.items.into_iter().map(Into::into).collect(),
        next_page_token: page.next,
    })
}
