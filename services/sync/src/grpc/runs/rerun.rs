//! RerunRun: a failed run goes on where it stopped.

use api::sync::v1::{RerunRunRequest, RerunRunResponse};
use pg::Tx;
use rules::Occasion;
use tonic::Request;
use types::{AccountId, RunId};

use super::run_id;
use crate::Error;
use crate::core::Core;
use crate::domain::client::Facts;
use crate::domain::run::{Run, State};
use crate::grpc::{enter, wire};
use crate::store::jobs::Job;
use crate::store::{jobs, requests, runs};

pub async fn rerun(
    core: &Core,
    request: Request<RerunRunRequest>,
) -> Result<RerunRunResponse, Error> {
    let (by, request) = enter(request)?;
    let (id, account, now) = (run_id(&request.run_id)?, by.account(), core.clock.now());
    let run = core.db.tx(by.scope, move |tx| {
        Box::pin(async move { again(tx, account, id, now).await })
    });
    let run: Run = run.await?;
    core.news.notify_one();
    Ok(RerunRunResponse {
        run: Some(wire::run_with_steps(&run)),
    })
}

async fn again(
    tx: &mut Tx,
    account: AccountId,
    id: RunId,
    now: time::OffsetDateTime,
) -> Result<Run, Error> {
    let run = runs::get(tx, account, id, true).await?;
    let mut run = run.ok_or(Error::RunNotFound(id))?;
    if run.state != State::Failed {
        return Err(Error::RunNotFailed(id));
    }
    let asked = requests::get(tx, account, run.conversation).await?;
    // Without the request, which is deleted by age, nobody knows whose run it is.
    let asked = asked.ok_or_else(|| Error::RequestNotFound(run.conversation.to_string()))?;
    (run.state, run.attempts, run.update_time) = (State::Pending, 0, now);
    runs::update(tx, account, &run).await?;
    let facts: Facts = run
        .request
        .facts()
        .map(|(name, text)| (name, text.to_owned()))
        .collect();
    let job = Job {
        place: 0,
        id: id.uuid(),
        conversation: run.conversation,
        occasion: Occasion::Active,
        facts,
        message_time: asked.message_time,
        is_rerun: true,
    };
    jobs::add(tx, account, &run.client_key, &job, now).await?;
    Ok(run)
}
