//! ListDealEvents: kinds that are switched on, and of these only what clients see otherwise, too: values of shown fields, names of
//! shown statuses. Which task it was stays inside.

use api::cabinet::v1::{
    CabinetCall, CabinetEvent, CabinetEventKind as Shown, ListDealEventsRequest,
    ListDealEventsResponse,
};
use api::crm::internal::v1::ListClientEventsRequest;
use api::crm::v1::{TimelineEntry, TimelineEntryKind as Kind};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use tonic::Request;
use types::DealId;

use super::caller::Caller;
use super::cards::{Names, field_name, status_name};
use crate::domain::settings::{EventKind, Settings};
use crate::domain::shown::{deal_fields, event_field, event_value, standard, status_of};
use crate::state::Parts;

/// Kinds of crm's events, by the kinds that are switched on.
const KINDS: [(EventKind, Kind); 7] = [
    (EventKind::DealCreated, Kind::Created),
    (EventKind::FieldChanged, Kind::FieldChanged),
    (EventKind::StatusChanged, Kind::StageChanged),
    (EventKind::ResponsibleChanged, Kind::ResponsibleChanged),
    (EventKind::TaskAdded, Kind::TaskAdded),
    (EventKind::TaskCompleted, Kind::TaskCompleted),
    (EventKind::Call, Kind::Call),
];

pub(super) async fn list(
    state: &Parts,
    request: &Request<ListDealEventsRequest>,
) -> Result<ListDealEventsResponse, Refusal> {
    let caller = Caller::of(state, request).await?;
    let message = request.get_ref();
    let mut fields = Fields::new();
    fields.id::<DealId>("deal_id", &message.deal_id);
    fields.finish()?;
    let size = page_size(message.page_size, 50, 200)?;
    let tokens = PageToken {
        method: "ListDealEvents",
        account: caller.account,
    };
    let before: Option<String> = tokens.decode(&message.deal_id, &message.page_token)?;
    let settings = &caller.cabinet.settings;
    let wanted = KINDS.iter().filter(|(kind, _)| settings.shows(*kind));
    let asked = ListClientEventsRequest {
        phone: caller.phone.clone(),
        deal_id: message.deal_id.clone(),
        kinds: wanted.map(|(_, kind)| i32::from(*kind)).collect(),
        fields: deal_fields(settings),
        before_id: before.unwrap_or_default(),
        page_size: i32::try_from(size).unwrap_or(200),
        ..ListClientEventsRequest::default()
    };
    let listed = state.crm.events(caller.account, asked).await?;
    let last = listed.entries.last().filter(|_| listed.more);
    let next_page_token = last
        .map(|entry| tokens.encode(&message.deal_id, &entry.id))
        .unwrap_or_default();
    let entries = listed.entries.into_iter();
    Ok(ListDealEventsResponse {
        events: entries
            .filter_map(|entry| shown(settings, &listed.names, entry))
            .collect(),
        next_page_token,
    })
}

/// The event as the client sees it; `None` where nothing of it is to be seen.
fn shown(settings: &Settings, names: &Names, entry: TimelineEntry) -> Option<CabinetEvent> {
    let kind = entry.kind();
    let mut event = CabinetEvent {
        id: entry.id,
        create_time: entry.create_time,
        author_name: entry.author_name,
        ..CabinetEvent::default()
    };
    let shown = match kind {
        Kind::Created => Shown::DealCreated,
        Kind::ResponsibleChanged => Shown::ResponsibleChanged,
        Kind::TaskAdded => Shown::TaskAdded,
        Kind::TaskCompleted => Shown::TaskCompleted,
        Kind::Call => {
            event.call = Some(call(&entry.after_json)?);
            Shown::Call
        }
        Kind::FieldChanged => {
            let field = event_field(settings, &entry.field)?;
            event.field_name = field_name(names, field);
            standard(&field.field).clone_into(&mut event.standard);
            event.before = event_value(&entry.before_json);
            event.after = event_value(&entry.after_json);
            Shown::FieldChanged
        }
        Kind::StageChanged => {
            let name = |json: &str| {
                let status = status_of(settings, json);
                status.map(|status| status_name(names, status))
            };
            let (before, after) = (name(&entry.before_json), name(&entry.after_json));
            if before.is_none() && after.is_none() {
                return None;
            }
            event.before = before.unwrap_or_default();
            event.after = after.unwrap_or_default();
            Shown::StatusChanged
        }
        Kind::Unspecified
        | Kind::FollowerAdded
        | Kind::FollowerRemoved
        | Kind::Deleted
        | Kind::TagsChanged
        | Kind::Merged
        | Kind::MergedInto
        | Kind::Unmerged
        | Kind::Erased
        | Kind::MessageSent => return None,
    };
    event.kind = shown.into();
    Some(event)
}

/// A call as crm tells it: the client knows their own number.
fn call(json: &str) -> Option<CabinetCall> {
    let told: Told = serde_json::from_str(json).ok()?;
    Some(CabinetCall {
        incoming: told.direction == "INCOMING",
        start_time: Some(kit::time::to_proto(told.start_time)),
        duration_seconds: told.duration_seconds,
        recorded: told.recording.is_some(),
    })
}

/// What of a call is shown.
#[derive(serde::Deserialize)]
struct Told {
    direction: String,
    #[serde(with = "time::serde::rfc3339")]
    start_time: time::OffsetDateTime,
    duration_seconds: i32,
    recording: Option<serde::de::IgnoredAny>,
}
