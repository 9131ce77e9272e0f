//! Pipeline and stage (SYN-28 … SYN-31, A-31, A-33), and what is taken where they are gone.

use super::Case;
use crate::catalogue::Pipeline;
use crate::plan::{Place, Subject};
use crate::{Plan, Reason, Why};

/// Where a deal would be created: a pipeline is "active" for a request when this chooses it.
pub(super) struct Chosen<'a> {
    pub pipeline: &'a Pipeline,
    stage: Option<&'a str>,
}

impl Chosen<'_> {
    pub fn place(&self) -> Option<Place> {
        let first = || self.pipeline.first().map(|stage| &stage.id[..]);
        let stage = self.stage.or_else(first)?;
        Some(Place {
            pipeline: self.pipeline.id.clone(),
            stage: stage.to_owned(),
        })
    }
}

/// Chooses; `None` where the CRM has no pipeline.
pub(super) fn choose<'a>(case: &Case<'a>, plan: &mut Plan) -> Option<Chosen<'a>> {
    let (pipeline, stage, reason) = pipeline(case, plan)?;
    plan.decide(Subject::Place, true, reason);
    let known = pipeline.stage(stage).filter(|_| !stage.is_empty());
    if known.is_none() && !stage.is_empty() {
        let gone = Reason::about(Why::StageGone, &pipeline.name);
        plan.decide(Subject::Place, false, gone);
    }
    let stage = known.map(|stage| &stage.id[..]);
    Some(Chosen { pipeline, stage })
}

fn pipeline<'a>(case: &Case<'a>, plan: &mut Plan) -> Option<(&'a Pipeline, &'a str, Reason)> {
    let settings = case.settings;
    for (place, rule) in settings.pipeline_rules.iter().enumerate() {
        if !rule.condition.holds(&case.view) {
            continue;
        }
        let number = (place + 1).to_string();
        match case.catalogue.pipeline(&rule.pipeline) {
            Some(pipeline) => {
                let reason = Reason::about(Why::PlaceByRule, number);
                return Some((pipeline, &rule.stage, reason));
            }
            None => plan.decide(
                Subject::Place,
                false,
                Reason::about(Why::RulePipelineGone, number),
            ),
        }
    }
    if let Some(pipeline) = case.catalogue.pipeline(&settings.pipeline) {
        return Some((pipeline, &settings.stage, Why::PlaceChosen.into()));
    }
    let first = case.catalogue.pipelines.first()?;
    let reason = if settings.pipeline.is_empty() {
        Why::PlaceFirst
    } else {
        Why::PipelineGone
    };
    Some((first, "", reason.into()))
}
