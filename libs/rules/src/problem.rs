//! What settings name and is not there any more, and what happens instead.

use types::Language;

use crate::{Catalogue, Reason, Settings, Why};

/// A dangling reference, or a field that does not fit any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field of the settings.
    pub field: String,
    /// What is wrong, and what happens instead.
    pub reason: Reason,
}

impl Problem {
    /// In words.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        self.reason.text(language)
    }
}

/// All of them, as the CRM is now.
#[must_use]
pub fn problems(settings: &Settings, catalogue: &Catalogue) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !settings.pipeline.is_empty() {
        let named = (&settings.pipeline[..], &settings.stage[..]);
        let gone = Why::PipelineGone.into();
        problems.extend(of_place(catalogue, "default_place", named, gone));
    }
    for (place, rule) in settings.pipeline_rules.iter().enumerate() {
        let field = format!("pipeline_rules[{place}].place");
        let named = (&rule.pipeline[..], &rule.stage[..]);
        let gone = Reason::about(Why::RulePipelineGone, (place + 1).to_string());
        problems.extend(of_place(catalogue, &field, named, gone));
    }
    problems.extend(of_responsible(settings, catalogue));
    problems.extend(of_fields(settings, catalogue));
    problems
}

fn of_place(
    catalogue: &Catalogue,
    field: &str,
    (pipeline, stage): (&str, &str),
    gone: Reason,
) -> Option<Problem> {
    let Some(pipeline) = catalogue.pipeline(pipeline) else {
        let field = format!("{field}.pipeline_id");
        return Some(Problem {
            field,
            reason: gone,
        });
    };
    let missing = !stage.is_empty() && pipeline.stage(stage).is_none();
    missing.then(|| Problem {
        field: format!("{field}.stage_id"),
        reason: Reason::about(Why::StageGone, &pipeline.name),
    })
}

fn of_responsible(settings: &Settings, catalogue: &Catalogue) -> Option<Problem> {
    if settings.responsible.is_empty() || catalogue.active(&settings.responsible).is_some() {
        return None;
    }
    let mut all = catalogue.employees.iter();
    let reason = match all.find(|employee| employee.is_active) {
        Some(instead) => Reason::about(Why::ResponsibleGone, &instead.name),
        None => Why::NobodyResponsible.into(),
    };
    Some(Problem {
        field: "responsible_employee_id".to_owned(),
        reason,
    })
}

fn of_fields(settings: &Settings, catalogue: &Catalogue) -> Vec<Problem> {
    let wrong = |(place, pair): (usize, &crate::FieldPair)| {
        let reason = match catalogue.field(pair.card, &pair.field) {
            None => Reason::about(Why::FieldGone, &pair.field),
            Some(field) if !field.is_text => Reason::about(Why::FieldNotText, &field.name),
            Some(_) => return None,
        };
        let field = format!("fields[{place}].field_id");
        Some(Problem { field, reason })
    };
    settings
        .fields
        .iter()
        .enumerate()
        .filter_map(wrong)
        .collect()
}
