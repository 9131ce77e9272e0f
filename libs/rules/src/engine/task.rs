//! Tasks (table 2.7).

use super::Case;
use super::fill::Named;
use crate::plan::{Change, NewTask, Subject, Target};
use crate::{Assignment, Plan, Reason, Why};

/// One task in the deal, unless one is open.
pub(super) fn task(case: &Case<'_>, deal: Option<Target>, plan: &mut Plan) {
    let Some(tasks) = &case.settings.tasks else {
        return plan.decide(Subject::Task, false, Why::TasksOff.into());
    };
    if case.known.open_task {
        return plan.decide(Subject::Task, false, Why::TaskOpen.into());
    }
    let Some(deal) = deal else {
        return plan.decide(Subject::Task, false, Why::TaskWithoutDeal.into());
    };
    let Some((responsible, reason)) = assignee(case, tasks.assignment, plan) else {
        return plan.decide(Subject::Task, false, Why::NobodyResponsible.into());
    };
    plan.decide(Subject::Task, true, Why::TaskMade.into());
    plan.decide(Subject::Task, true, reason);
    plan.changes.push(Change::Task(NewTask {
        text: case.name(Named::Task),
        term: tasks.term,
        responsible,
        deal,
    }));
}

/// Whose it is. A contact that the plan makes has the employee of the settings in its card.
fn assignee(case: &Case<'_>, assignment: Assignment, plan: &mut Plan) -> Option<(String, Reason)> {
    let contact = case.known.contact.as_ref();
    let named = contact.and_then(|contact| case.catalogue.active(&contact.responsible));
    if let (Assignment::FromContact, Some(employee)) = (assignment, named) {
        let reason = Reason::about(Why::TaskOfContact, &employee.name);
        return Some((employee.id.clone(), reason));
    }
    let chosen = case.responsible(plan)?;
    let why = match assignment {
        Assignment::FromContact if contact.is_none() => Why::TaskOfContact,
        _ => Why::TaskOfSettings,
    };
    let name = case
        .catalogue
        .active(&chosen)
        .map(|employee| &employee.name[..]);
    Some((chosen.clone(), Reason::about(why, name.unwrap_or(&chosen))))
}
