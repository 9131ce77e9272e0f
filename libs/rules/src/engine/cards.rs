//! Contact, deal, unsorted record, and in which deal the conversation is conducted (table 2.6, steps 3 to 6).

use super::fill::Named;
use super::place::{Chosen, choose};
use super::{Case, task};
use crate::catalogue::FieldCard;
use crate::plan::{Change, NewContact, NewDeal, Place, Subject, Target};
use crate::{Occasion, Parameter, Plan, Reason, Why};

/// «Создавать контакт и сделку» (3a, 3b, 3c).
pub(super) fn contact_and_deal(case: &Case<'_>, occasion: Occasion, plan: &mut Plan) {
    plan.decide(Subject::Unsorted, false, Why::CardsInstead.into());
    let deal = match &case.known.chat_card {
        Some(card) if occasion == Occasion::Active => {
            plan.decide(Subject::Deal, false, Why::RequestGoesOn.into());
            // A task belongs to a deal: a customer is none.
            Some(card)
                .filter(|card| !card.starts_with(CUSTOMER))
                .cloned()
                .map(Target::Known)
        }
        _ => request(case, plan),
    };
    task::task(case, deal, plan);
}

/// What ids of customers of the built-in CRM begin with.
const CUSTOMER: &str = "cust_";

/// A request that is new: the deal in which it is conducted.
fn request(case: &Case<'_>, plan: &mut Plan) -> Option<Target> {
    let (done, why) = match &case.known.contact {
        Some(_) => (false, Why::ClientKnown),
        None => (true, Why::ClientUnknown),
    };
    let chosen = choose(case, plan);
    if let Some(deal) = chosen.as_ref().and_then(|chosen| open_deal(case, chosen)) {
        plan.decide(Subject::Contact, done, why.into());
        return Some(attach_known(case, deal, plan));
    }
    let Some(responsible) = case.responsible(plan) else {
        let nobody = Reason::from(Why::NobodyResponsible);
        plan.decide(Subject::Contact, false, nobody.clone());
        plan.decide(Subject::Deal, false, nobody);
        return None;
    };
    plan.decide(Subject::Contact, done, why.into());
    let tags = case.tags(plan);
    if case.known.contact.is_none() {
        let contact = new_contact(case, &responsible, &tags, plan);
        plan.changes.push(contact);
    }
    let Some((chosen, place)) = chosen.and_then(|it| it.place().map(|place| (it, place))) else {
        plan.decide(Subject::Deal, false, Why::NoPipeline.into());
        return None;
    };
    Some(new_deal(case, &chosen, place, (responsible, tags), plan))
}

/// The client's open deal in the chosen pipeline: the one in which the conversation is conducted, else the last changed.
fn open_deal<'a>(case: &Case<'a>, chosen: &Chosen<'_>) -> Option<&'a str> {
    let in_pipeline = |deal: &&crate::OpenDeal| deal.pipeline == chosen.pipeline.id;
    let mut deals = case.known.open_deals.iter().filter(in_pipeline);
    let own = case.known.chat_card.as_deref();
    let conducted = deals.clone().find(|deal| Some(&deal.id[..]) == own);
    conducted.or_else(|| deals.next()).map(|deal| &deal.id[..])
}

fn attach_known(case: &Case<'_>, deal: &str, plan: &mut Plan) -> Target {
    let pipeline = case.known.open_deals.iter().find(|open| open.id == deal);
    let pipeline = pipeline.and_then(|open| case.catalogue.pipeline(&open.pipeline));
    let name = pipeline
        .map(|pipeline| &pipeline.name[..])
        .unwrap_or_default();
    plan.decide(Subject::Deal, false, Reason::about(Why::OpenDeal, name));
    let deal = Target::Known(deal.to_owned());
    attach(case, deal.clone(), Why::Attached, plan);
    deal
}

/// Conducts the conversation in the deal, unless it is so already, or an integration before this one conducts it.
fn attach(case: &Case<'_>, deal: Target, why: Why, plan: &mut Plan) {
    if let Some(first) = case.before.conducted_by {
        let reason = Reason::about(Why::ConductedBefore, first);
        return plan.decide(Subject::Conversation, false, reason);
    }
    let known = |target: &Target, id: &Option<String>| match target {
        Target::Known(target) => id.as_ref() == Some(target),
        Target::New => false,
    };
    let contact = match &case.known.contact {
        Some(contact) => Target::Known(contact.id.clone()),
        None => Target::New,
    };
    let contact = (!known(&contact, &case.known.chat_contact)).then_some(contact);
    if contact.is_none() && known(&deal, &case.known.chat_card) {
        plan.decide(Subject::Conversation, false, Why::AttachedBefore.into());
        return;
    }
    plan.decide(Subject::Conversation, true, why.into());
    plan.changes.push(Change::Attach { contact, deal });
}

fn new_contact(case: &Case<'_>, responsible: &str, tags: &[String], plan: &mut Plan) -> Change {
    Change::Contact(NewContact {
        name: case.name(Named::Contact),
        responsible: responsible.to_owned(),
        tags: tags.to_vec(),
        fields: case.fields(FieldCard::Contact, plan),
    })
}

fn new_deal(
    case: &Case<'_>,
    chosen: &Chosen<'_>,
    place: Place,
    (responsible, tags): (String, Vec<String>),
    plan: &mut Plan,
) -> Target {
    let (contact, reason) = match &case.known.contact {
        Some(contact) => (
            Target::Known(contact.id.clone()),
            Reason::about(Why::NoOpenDeal, &chosen.pipeline.name),
        ),
        None => (Target::New, Why::FirstDeal.into()),
    };
    plan.decide(Subject::Deal, true, reason);
    plan.decide(Subject::Names, true, Why::NamesByTemplate.into());
    let deal = NewDeal {
        name: case.name(Named::Deal),
        contact,
        place,
        responsible,
        tags,
        fields: case.fields(FieldCard::Deal, plan),
    };
    plan.changes.push(Change::Deal(deal));
    attach(case, Target::New, Why::Attached, plan);
    Target::New
}

/// «Использовать «Неразобранное»» (3d, 3e).
pub(super) fn unsorted(case: &Case<'_>, occasion: Occasion, plan: &mut Plan) {
    for subject in [Subject::Contact, Subject::Deal] {
        plan.decide(subject, false, Why::UnsortedInstead.into());
    }
    let (done, why) = match occasion {
        _ if case.known.has_record => (false, Why::RecordMade),
        Occasion::New => (true, Why::RecordNew),
        Occasion::Closed => (true, Why::RecordClosed),
        Occasion::Active => (false, Why::RecordOpen),
    };
    plan.decide(Subject::Unsorted, done, why.into());
    if done {
        plan.decide(Subject::Names, false, Why::NamesOfUnsorted.into());
        plan.decide(Subject::Place, false, Why::PlaceOfUnsorted.into());
        plan.changes.push(Change::Unsorted(title(case)));
    }
    // A record that was accepted is a deal: the next message goes there, and its task too.
    let known = case.known.record_deal.clone();
    let deal = known
        .filter(|_| occasion == Occasion::Active)
        .map(Target::Known);
    if let Some(deal) = deal.clone().filter(|_| case.known.chat_card.is_none()) {
        attach(case, deal, Why::AttachedRecord, plan);
    }
    task::task(case, deal, plan);
}

/// What a record is called: who asks, else by which channel. No template is applied (SYN-27).
fn title(case: &Case<'_>) -> String {
    const WHO: [Parameter; 4] = [
        Parameter::ClientName,
        Parameter::ClientPhone,
        Parameter::ClientEmail,
        Parameter::Channel,
    ];
    let title = WHO
        .into_iter()
        .find_map(|parameter| case.view.fact(parameter));
    let title = title.unwrap_or_default();
    title.chars().take(250).collect()
}
