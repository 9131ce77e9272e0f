//! ExplainRun: why this deal, why no task.

use api::sync::v1::{ExplainRunRequest, ExplainRunResponse};
use tonic::Request;

use super::run_id;
use crate::Error;
use crate::core::Core;
use crate::grpc::{enter, wire};
use crate::store::runs;

pub async fn explain(
    core: &Core,
    request: Request<ExplainRunRequest>,
) -> Result<ExplainRunResponse, Error> {
    let (by, request) = enter(request)?;
    let (id, account) = (run_id(&request.run_id)?, by.account());
    let run = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(runs::get(tx, account, id, false).await?) })
    });
    let run = run.await?.ok_or(Error::RunNotFound(id))?;
    let integration = run.integration.to_string();
    let named = (&integration[..], &run.integration_name[..]);
    Ok(ExplainRunResponse {
        plan: Some(wire::plan(&run.plan, named, by.caller.language())),
        run: Some(wire::run_with_steps(&run)),
    })
}
