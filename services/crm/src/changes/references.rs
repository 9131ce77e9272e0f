//! What a card names has to be there, and to be there for whoever names it.

use access::Action;
use pg::Tx;
use types::{PipelineId, StageId, UserId};

use crate::Error;
use crate::core::By;
use crate::domain::card::{Card, Place};
use crate::domain::ids::{CardId, Kind};
use crate::store::{cards, fields, pipelines, tags};
use kit::Refusal;

/// Which pipeline and stage a request names.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlaceWish {
    /// Pipeline.
    pub pipeline: Option<PipelineId>,
    /// Stage.
    pub stage: Option<StageId>,
}

impl PlaceWish {
    /// Does it name nothing?
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.pipeline.is_none() && self.stage.is_none()
    }
}

/// Is the employee one of the account?
pub fn check_user(by: &By, user: UserId) -> Result<(), Error> {
    if by.viewer.user() == Some(user) {
        return Ok(());
    }
    let known = by.viewer.account.as_ref().ok_or(Error::RightsUnknown)?;
    if known.members.contains_key(&user) {
        Ok(())
    } else {
        Err(Error::UserNotFound(user))
    }
}

/// Are the contacts and the company that a card newly names there for the caller?
pub async fn check_links(tx: &mut Tx, by: &By, before: &Card, after: &Card) -> Result<(), Error> {
    let known: Vec<_> = before.all_contacts().collect();
    let new = after
        .all_contacts()
        .filter(|contact| !known.contains(contact));
    let contacts: Vec<CardId> = new.map(CardId::from).collect();
    check_visible(tx, by, Kind::Contact, &contacts).await?;
    let company = after
        .company
        .filter(|company| before.company != Some(*company));
    let company: Vec<CardId> = company.map(CardId::from).into_iter().collect();
    check_visible(tx, by, Kind::Company, &company).await
}

async fn check_visible(tx: &mut Tx, by: &By, kind: Kind, ids: &[CardId]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let found = cards::batch(tx, by.account, kind, ids).await?;
    for id in ids {
        let card = found.iter().find(|card| card.id == *id);
        card.filter(|card| by.viewer.may(Action::View, card))
            .ok_or(Error::CardNotFound(*id))?;
    }
    Ok(())
}

/// Where a deal stands after a request. The stage cannot be deleted until the transaction ends.
pub async fn resolve_place(
    tx: &mut Tx,
    by: &By,
    wish: PlaceWish,
    before: Option<Place>,
) -> Result<Place, Error> {
    let stage = match (wish.stage, wish.pipeline) {
        (Some(stage), _) => stage,
        (None, pipeline) => first_stage(tx, by, pipeline).await?,
    };
    let held = pipelines::hold_stage(tx, by.account, stage).await?;
    let (pipeline, kind) = held.ok_or(Error::StageNotFound(stage))?;
    if wish.pipeline.is_some_and(|wanted| wanted != pipeline) {
        return Err(Error::StageNotFound(stage));
    }
    let was_closed = before.and_then(|place| place.close_time);
    Ok(Place {
        pipeline,
        stage,
        close_time: kind.is_final().then(|| was_closed.unwrap_or(by.now)),
    })
}

async fn first_stage(tx: &mut Tx, by: &By, pipeline: Option<PipelineId>) -> Result<StageId, Error> {
    let found = match pipeline {
        Some(id) => pipelines::get(tx, by.account, id, false)
            .await?
            .ok_or(Error::PipelineNotFound(id))?,
        None => {
            let mut all = pipelines::all(tx, by.account).await?;
            if all.is_empty() {
                let problem = "is needed: the account has no pipeline yet, create one first";
                return Err(Refusal::field("deal.pipeline_id", problem).into());
            }
            all.swap_remove(0)
        }
    };
    // Every pipeline has a first stage.
    found
        .first()
        .map(|stage| stage.id)
        .ok_or(Error::PipelineNotFound(found.id))
}

/// Are the tags that a card newly has there? They stay until the transaction ends. One that it had and that was deleted meanwhile
/// is taken off.
pub async fn check_tags(
    tx: &mut Tx,
    by: &By,
    before: &Card,
    after: &mut Card,
) -> Result<(), Error> {
    if before.tags == after.tags {
        return Ok(());
    }
    let found = tags::hold(tx, by.account, &after.tags).await?;
    let mut missing = after.tags.iter().filter(|tag| !found.contains(tag));
    if let Some(tag) = missing.find(|tag| !before.tags.contains(tag)) {
        return Err(Error::TagNotFound(*tag));
    }
    after.tags.retain(|tag| found.contains(tag));
    Ok(())
}

/// Are the values that changed of fields of this kind of card, and do they fit them? The fields stay until the transaction ends. A
/// value that did not change goes when its field was deleted meanwhile.
pub async fn check_values(
    tx: &mut Tx,
    by: &By,
    before: &Card,
    after: &mut Card,
) -> Result<(), Error> {
    if before.values == after.values {
        return Ok(());
    }
    let named: Vec<_> = after.values.keys().copied().collect();
    let known = fields::hold(tx, by.account, after.id.kind(), &named).await?;
    let field = |id| known.iter().find(|field| field.id == id);
    for (id, value) in &after.values {
        if before.values.get(id) == Some(value) {
            continue;
        }
        let field = field(*id).ok_or(Error::FieldNotFound(*id))?;
        if let Some(problem) = field.problem(value) {
            return Err(
                Refusal::field("field_values", format!("\"{}\" {problem}", field.name)).into(),
            );
        }
    }
    after.values.retain(|id, _| field(*id).is_some());
    Ok(())
}
