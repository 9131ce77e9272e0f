//! What happened to a card.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Action, Entity, Level};
use api::crm::v1::timeline_service_server::TimelineService;
use api::crm::v1::{
    ListTimelineEntriesRequest, ListTimelineEntriesResponse, TimelineEntry, TimelineEntryKind,
};
use auth::Permission;
use kit::page::{PageToken, page_size};
use kit::time::to_proto;
use kit::validate::Fields;
use pg::Tx;
use tonic::{Request, Response, Status};
use types::{ContactId, TimelineEntryId};

use super::page::page;
use super::{PAGE, answer, enter};
use crate::Error;
use crate::core::{By, Core};
use crate::domain::ids::{CardId, Kind};
use crate::domain::timeline::{ERASED, Entry, Event};
use crate::store::{cards, timeline};

const METHOD: &str = "ListTimelineEntries";

/// `TimelineService`.
pub struct Timeline(pub Arc<Core>);

#[tonic::async_trait]
impl TimelineService for Timeline {
    async fn list_timeline_entries(
        &self,
        request: Request<ListTimelineEntriesRequest>,
    ) -> Result<Response<ListTimelineEntriesResponse>, Status> {
        answer(list(&self.0, request).await)
    }
}

async fn list(
    core: &Core,
    request: Request<ListTimelineEntriesRequest>,
) -> Result<ListTimelineEntriesResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmRead)?;
    let account = caller.scope()?.account();
    let mut fields = Fields::new();
    let id: Option<CardId> = request.card_id.parse().ok();
    if id.is_none() {
        fields.reject(
            "card_id",
            "is not an id of a contact, company, deal or customer",
        );
    }
    fields.finish()?;
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let place = PageToken {
        method: METHOD,
        account,
    };
    let before: Option<TimelineEntryId> = place.decode(&request.card_id, &request.page_token)?;
    // Without an id `finish` has refused.
    let Some(id) = id else {
        return Ok(ListTimelineEntriesResponse::default());
    };
    let (found, readable) = core
        .read(&caller, move |tx, by| {
            Box::pin(async move { read(tx, &by, id, before, size + 1).await })
        })
        .await?;
    let page = page(found, size, (METHOD, account), &request.card_id, |entry| {
        entry.id
    });
    let entries = page.items.into_iter();
    let shown = entries.filter(|entry| {
        let talk = entry.talk();
        talk.is_none_or(|contact| readable.contains(&contact))
    });
    Ok(ListTimelineEntriesResponse {
        entries: shown.map(to_wire).collect(),
        next_page_token: page.next,
    })
}

/// The entries of a page, without what the caller may not see of them, and the contacts whose messages and calls they may read and hear.
async fn read(
    tx: &mut Tx,
    by: &By,
    id: CardId,
    before: Option<TimelineEntryId>,
    limit: i64,
) -> Result<(Vec<Entry>, Vec<Option<ContactId>>), Error> {
    let card = cards::get(tx, by.account, id).await?;
    let card = card
        .filter(|card| by.viewer.may(Action::View, card))
        .ok_or(Error::CardNotFound(id))?;
    let hidden = by.viewer.hidden_fields(id.kind());
    let mut found = timeline::list(tx, by.account, id, &hidden, before, limit).await?;
    if hidden.iter().any(|field| field == "name") {
        found.iter_mut().for_each(Entry::hide_name);
    }
    // An entry does not say whose the task is now: only who sees all tasks reads of it here.
    if by.viewer.rights.level(Entity::Tasks, Action::View) != Level::Allowed {
        found.iter_mut().for_each(Entry::hide_task);
    }
    if !by.viewer.reads_field(Kind::Contact, "phones") {
        found.iter_mut().for_each(Entry::hide_phone);
    }
    let contacts: BTreeSet<_> = found.iter().filter_map(Entry::talk).collect();
    let named: Vec<CardId> = contacts.iter().flatten().copied().map(Into::into).collect();
    let there = cards::batch(tx, by.account, Kind::Contact, &named).await?;
    let readable = contacts.into_iter().filter(|contact| {
        let contact = contact.map(CardId::from);
        let contact = there.iter().find(|card| Some(card.id) == contact);
        by.viewer.reads_messages(contact, &card)
    });
    Ok((found, readable.collect()))
}

pub(super) fn to_wire(entry: Entry) -> TimelineEntry {
    let json =
        |value: Option<serde_json::Value>| value.map(|value| value.to_string()).unwrap_or_default();
    TimelineEntry {
        id: entry.id.to_string(),
        create_time: Some(to_proto(entry.time)),
        kind: kind(entry.event).into(),
        author_id: entry.author.id,
        author_name: entry.author.name,
        field: entry.field,
        before_json: json(entry.before),
        after_json: json(entry.after),
        text: match entry.event {
            Event::Erased => ERASED.to_owned(),
            _ => String::new(),
        },
    }
}

fn kind(event: Event) -> TimelineEntryKind {
    match event {
        Event::Created => TimelineEntryKind::Created,
        Event::FieldChanged => TimelineEntryKind::FieldChanged,
        Event::StageChanged => TimelineEntryKind::StageChanged,
        Event::ResponsibleChanged => TimelineEntryKind::ResponsibleChanged,
        Event::FollowerAdded => TimelineEntryKind::FollowerAdded,
        Event::FollowerRemoved => TimelineEntryKind::FollowerRemoved,
        Event::Deleted => TimelineEntryKind::Deleted,
        Event::TagsChanged => TimelineEntryKind::TagsChanged,
        Event::TaskAdded => TimelineEntryKind::TaskAdded,
        Event::TaskCompleted => TimelineEntryKind::TaskCompleted,
        Event::Merged => TimelineEntryKind::Merged,
        Event::MergedInto => TimelineEntryKind::MergedInto,
        Event::Unmerged => TimelineEntryKind::Unmerged,
        Event::Erased => TimelineEntryKind::Erased,
        Event::MessageSent => TimelineEntryKind::MessageSent,
        Event::Call => TimelineEntryKind::Call,
    }
}

/// What the wire's kind names.
pub(super) fn event(wanted: TimelineEntryKind) -> Option<Event> {
    let all = [
        Event::Created,
        Event::FieldChanged,
        Event::StageChanged,
        Event::ResponsibleChanged,
        Event::FollowerAdded,
        Event::FollowerRemoved,
        Event::Deleted,
        Event::TagsChanged,
        Event::TaskAdded,
        Event::TaskCompleted,
        Event::Merged,
        Event::MergedInto,
        Event::Unmerged,
        Event::Erased,
        Event::MessageSent,
        Event::Call,
    ];
    all.into_iter().find(|event| kind(*event) == wanted)
}
