//! Plans in words.

use std::fmt::Write;

use api::sync::v1::planned_change::Change;
use api::sync::v1::{Decision, DryRunResult, Plan, PlannedChange};

/// What would happen to one request, and why.
pub fn result(result: &DryRunResult) -> String {
    let mut text = match result.conversation_number {
        0 => "A request as described".to_owned(),
        number => format!("Conversation no. {number}"),
    };
    if result.plans.is_empty() {
        text.push_str("\n  There is no integration: nothing happens.");
    }
    for it in &result.plans {
        text.push_str(&plan(it));
    }
    text
}

fn plan(plan: &Plan) -> String {
    let mut text = format!("\n  Integration “{}”", plan.integration_name);
    if plan.changes.is_empty() {
        text.push_str(": changes nothing");
    }
    for it in &plan.changes {
        let _ = write!(text, "\n    + {}", change(it));
    }
    text.push_str("\n    why:");
    for it in &plan.decisions {
        let _ = write!(text, "\n      {}", decision(it));
    }
    text
}

fn decision(it: &Decision) -> String {
    let mark = if it.done { '✓' } else { '·' };
    format!("{mark} {} [{}]", it.text, it.requirement)
}

fn change(it: &PlannedChange) -> String {
    match &it.change {
        Some(Change::Contact(it)) => format!("contact “{}”{}", it.name, tagged(&it.tags)),
        Some(Change::Deal(it)) => format!("deal “{}”{}", it.name, tagged(&it.tags)),
        Some(Change::Unsorted(it)) => format!("unsorted record “{}”", it.title),
        Some(Change::Attachment(_)) => "the conversation is conducted in that deal".to_owned(),
        Some(Change::Task(it)) => {
            let minutes = it.term.unwrap_or_default().seconds / 60;
            format!("task “{}”, due in {minutes} min", it.text)
        }
        None => "a change that this program does not know".to_owned(),
    }
}

fn tagged(tags: &[String]) -> String {
    if tags.is_empty() {
        String::new()
    } else {
        format!(", tagged {}", tags.join(", "))
    }
}
