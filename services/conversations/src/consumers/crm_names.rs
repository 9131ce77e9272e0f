//! Pipelines, stages and tags of crm: what filters can name.

use api::crm::internal::v1::{PipelineChanged, TagChanged};
use events::{Event, Failure};
use pg::Tx;
use prost::Message;
use types::AccountId;
use uuid::Uuid;

use crate::store::crm_names::{self, Kind};

/// The kind of the event of a pipeline.
pub const PIPELINE: &str = "crm.pipeline.changed";

/// The kind of the event of a tag.
pub const TAG: &str = "crm.tag.changed";

/// Keeps a pipeline and its stages, or forgets them.
pub async fn pipeline(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let news: PipelineChanged = decode(event).map_err(Failure::Poison)?;
    let account = account(event, &news.account_id).map_err(Failure::Poison)?;
    let pipeline = id(&news.pipeline_id).map_err(Failure::Poison)?;
    let stages = news.stages.iter().filter(|_| !news.deleted);
    let stages: Result<Vec<_>, _> = stages
        .map(|stage| id(&stage.stage_id).map(|id| (id, &stage.name[..])))
        .collect();
    let stages = stages.map_err(Failure::Poison)?;
    let ids: Vec<Uuid> = stages.iter().map(|(id, _)| *id).collect();
    crm_names::forget_other_stages(tx, account, pipeline, &ids).await?;
    if news.deleted {
        crm_names::forget(tx, account, pipeline).await?;
        return Ok(());
    }
    crm_names::keep(tx, account, Kind::Pipeline, (pipeline, None), &news.name).await?;
    for (stage, name) in stages {
        crm_names::keep(tx, account, Kind::Stage, (stage, Some(pipeline)), name).await?;
    }
    Ok(())
}

/// Keeps a tag, or forgets it.
pub async fn tag(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let news: TagChanged = decode(event).map_err(Failure::Poison)?;
    let account = account(event, &news.account_id).map_err(Failure::Poison)?;
    let tag = id(&news.tag_id).map_err(Failure::Poison)?;
    if news.deleted {
        crm_names::forget(tx, account, tag).await?;
    } else {
        crm_names::keep(tx, account, Kind::Tag, (tag, None), &news.name).await?;
    }
    Ok(())
}

fn decode<M: Message + Default>(event: &Event) -> Result<M, String> {
    M::decode(&event.payload[..]).map_err(|error| format!("the payload does not decode: {error}"))
}

fn id(bytes: &[u8]) -> Result<Uuid, String> {
    Uuid::from_slice(bytes).map_err(|error| format!("no id: {error}"))
}

fn account(event: &Event, named: &[u8]) -> Result<AccountId, String> {
    if named == event.account_id {
        id(named).map(AccountId::from)
    } else {
        Err("the payload is another account's".to_owned())
    }
}
