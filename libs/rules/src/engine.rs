//! From settings, request and state to a plan.

mod cards;
mod fill;
mod place;
mod task;
mod view;

use types::Language;

use crate::plan::Subject;
use crate::{Catalogue, Known, Method, Plan, Reason, Request, Settings, Why};

pub use fill::Named;
pub(crate) use view::View;

/// What integrations before this one did with the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Before<'a> {
    /// The exclusive one that took it.
    pub taken_by: Option<&'a str>,
    /// The one that conducts the conversation: it stays in that one's deal.
    pub conducted_by: Option<&'a str>,
    /// Was the client known before any of them did something? `None` where none was asked before.
    pub client_known: Option<bool>,
}

/// What a plan is made from.
pub(crate) struct Case<'a> {
    pub settings: &'a Settings,
    pub view: View<'a>,
    pub known: &'a Known,
    pub catalogue: &'a Catalogue,
    pub before: Before<'a>,
    pub language: Language,
}

/// What an integration does with a request (decision tables 2.6 and 2.7). `language` is that of names that no template gives.
#[must_use]
pub fn plan(
    settings: &Settings,
    request: &Request,
    known: &Known,
    catalogue: &Catalogue,
    before: Before<'_>,
    language: Language,
) -> Plan {
    let is_known = before
        .client_known
        .unwrap_or_else(|| known.contact.is_some());
    let case = Case {
        settings,
        view: View::new(request, is_known, &settings.name),
        known,
        catalogue,
        before,
        language,
    };
    let mut plan = Plan::default();
    match gate(&case, request) {
        Err(reason) => plan.decide(Subject::Request, false, reason),
        Ok(reason) => {
            plan.takes = true;
            plan.decide(Subject::Request, true, reason);
            match settings.method {
                Method::ContactAndDeal => {
                    cards::contact_and_deal(&case, request.occasion, &mut plan);
                }
                Method::Unsorted => cards::unsorted(&case, request.occasion, &mut plan),
            }
        }
    }
    plan
}

/// Steps 1 and 2 of table 2.6.
fn gate(case: &Case<'_>, request: &Request) -> Result<Reason, Reason> {
    let settings = case.settings;
    if !settings.enabled {
        return Err(Why::Off.into());
    }
    if request.group {
        return Err(Why::Group.into());
    }
    let channel = request.fact(crate::Parameter::Channel).unwrap_or_default();
    if !settings.channels.iter().any(|selected| selected == channel) {
        return Err(Reason::about(Why::ChannelNotSelected, channel));
    }
    let reason = match &settings.filter {
        None => Why::NoFilter,
        Some(filter) if filter.holds(&case.view) => Why::FilterHolds,
        Some(_) => return Err(Why::FilterFails.into()),
    };
    match case.before.taken_by {
        Some(name) => Err(Reason::about(Why::TakenBefore, name)),
        None => Ok(reason.into()),
    }
}
