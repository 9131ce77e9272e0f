//! A cabinet on the wire.

use api::cabinet::v1::{
    CabinetCardKind, CabinetEventKind, CabinetSettings, Logo, ShownField as ProtoField,
    ShownStatus as ProtoStatus,
};
use kit::validate::Fields;
use types::{Language, SmsProviderId};

use crate::accounts::Account;
use crate::domain::settings::{
    Cabinet, CardKind, Color, EventKind, Field, MOST_FIELDS, MOST_PROVIDERS, MOST_STATUSES,
    ShownField, ShownStatus, erasure_warning, first_repeated,
};
use crate::domain::text::{self, Purpose};
use crate::state::Parts;

/// A name of a field or status for clients.
const NAME: std::ops::RangeInclusive<usize> = 0..=100;

pub(super) fn to_proto(state: &Parts, cabinet: &Cabinet, account: &Account) -> CabinetSettings {
    let settings = &cabinet.settings;
    let language = Language::from_tag(&account.language);
    let kinds = settings.shown_events.iter().copied().map(event_to_proto);
    let warning = settings
        .erasure_enabled
        .then(|| erasure_warning(kit::language::current()));
    CabinetSettings {
        id: cabinet.id.to_string(),
        enabled: settings.enabled,
        link: state.link(cabinet),
        title: settings.title.clone(),
        shown_events: kinds.map(i32::from).collect(),
        shown_fields: settings.shown_fields.iter().map(field_to_proto).collect(),
        statuses_shown: settings.statuses_shown,
        statuses: settings.statuses.iter().map(status_to_proto).collect(),
        log_in_text: settings.text(Purpose::LogIn, language).to_owned(),
        erasure_text: settings.text(Purpose::Erasure, language).to_owned(),
        erasure_enabled: settings.erasure_enabled,
        erasure_warning: warning.unwrap_or_default().to_owned(),
        logo: logo_to_proto(state, cabinet),
        etag: etag(cabinet.version),
        sms_provider_ids: settings
            .sms_providers
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

/// The etag of a version.
pub(super) fn etag(version: i64) -> String {
    version.to_string()
}

fn logo_to_proto(state: &Parts, cabinet: &Cabinet) -> Option<Logo> {
    let logo = cabinet.logo.as_ref()?;
    Some(Logo {
        url: state.logo_url(cabinet)?,
        width: logo.width,
        height: logo.height,
        size: logo.size,
    })
}

fn event_to_proto(kind: EventKind) -> CabinetEventKind {
    match kind {
        EventKind::DealCreated => CabinetEventKind::DealCreated,
        EventKind::FieldChanged => CabinetEventKind::FieldChanged,
        EventKind::StatusChanged => CabinetEventKind::StatusChanged,
        EventKind::ResponsibleChanged => CabinetEventKind::ResponsibleChanged,
        EventKind::TaskAdded => CabinetEventKind::TaskAdded,
        EventKind::TaskCompleted => CabinetEventKind::TaskCompleted,
        EventKind::Call => CabinetEventKind::Call,
    }
}

fn event(proto: CabinetEventKind) -> Option<EventKind> {
    let mut kinds = EventKind::ALL.into_iter();
    kinds.find(|kind| event_to_proto(*kind) == proto)
}

fn card_to_proto(card: CardKind) -> CabinetCardKind {
    match card {
        CardKind::Deal => CabinetCardKind::Deal,
        CardKind::Contact => CabinetCardKind::Contact,
        CardKind::Company => CabinetCardKind::Company,
    }
}

fn card(proto: CabinetCardKind) -> Option<CardKind> {
    let kinds = [CardKind::Deal, CardKind::Contact, CardKind::Company];
    kinds.into_iter().find(|kind| card_to_proto(*kind) == proto)
}

fn field_to_proto(field: &ShownField) -> ProtoField {
    ProtoField {
        card_kind: card_to_proto(field.card).into(),
        field: field.field.name(),
        name: field.name.clone(),
    }
}

fn status_to_proto(status: &ShownStatus) -> ProtoStatus {
    ProtoStatus {
        stage_id: status.stage.to_string(),
        name: status.name.clone(),
        color: status.color.to_string(),
    }
}

/// The kinds of a request. What does not fit is noted in `fields`; the result counts only when nothing was.
pub(super) fn shown_events(fields: &mut Fields, proto: &CabinetSettings) -> Vec<EventKind> {
    let mut kinds = Vec::new();
    for (place, number) in proto.shown_events.iter().enumerate() {
        let path = format!("settings.shown_events[{place}]");
        match fields.known(&path, *number).map(event) {
            Some(Some(kind)) => kinds.push(kind),
            Some(None) => fields.reject(&path, "must be given"),
            None => {}
        }
    }
    once(fields, "shown_events", kinds.iter());
    kinds
}

/// The fields of a request; see [`shown_events`].
pub(super) fn shown_fields(fields: &mut Fields, proto: &CabinetSettings) -> Vec<ShownField> {
    at_most(
        fields,
        "shown_fields",
        proto.shown_fields.len(),
        MOST_FIELDS,
    );
    let mut shown = Vec::new();
    for (place, field) in proto.shown_fields.iter().enumerate().take(MOST_FIELDS) {
        let path = |part: &str| format!("settings.shown_fields[{place}].{part}");
        let name = fields.line(&path("name"), &field.name, NAME);
        let kind = fields.known(&path("card_kind"), field.card_kind);
        let Some(card) = kind.and_then(card) else {
            fields.reject(&path("card_kind"), "must be given");
            continue;
        };
        match Field::read(card, &field.field) {
            Some(field) => shown.push(ShownField { card, field, name }),
            None => fields.reject(&path("field"), "is no field of such a card"),
        }
    }
    let keys = shown.iter().map(|shown| (shown.card, &shown.field));
    once(fields, "shown_fields", keys);
    shown
}

/// The statuses of a request, each stage at most once (CAB-20); see [`shown_events`].
pub(super) fn statuses(fields: &mut Fields, proto: &CabinetSettings) -> Vec<ShownStatus> {
    at_most(fields, "statuses", proto.statuses.len(), MOST_STATUSES);
    let mut statuses = Vec::new();
    for (place, status) in proto.statuses.iter().enumerate().take(MOST_STATUSES) {
        let path = |part: &str| format!("settings.statuses[{place}].{part}");
        let name = fields.line(&path("name"), &status.name, NAME);
        let stage = fields.id(&path("stage_id"), &status.stage_id);
        let color = Color::read(&status.color);
        if color.is_none() {
            fields.reject(&path("color"), "must be a colour like \"#2e7d32\"");
        }
        if let (Some(stage), Some(color)) = (stage, color) {
            statuses.push(ShownStatus { stage, name, color });
        }
    }
    once(
        fields,
        "statuses",
        statuses.iter().map(|status| status.stage),
    );
    statuses
}

fn at_most(fields: &mut Fields, name: &str, given: usize, most: usize) {
    if given > most {
        fields.reject(
            &format!("settings.{name}"),
            format!("must have at most {most} entries, has {given}"),
        );
    }
}

fn once<T: Eq + std::hash::Hash>(fields: &mut Fields, name: &str, values: impl Iterator<Item = T>) {
    if let Some(place) = first_repeated(values) {
        fields.reject(
            &format!("settings.{name}[{place}]"),
            "stands in the list already; each may be added once",
        );
    }
}

/// A text of an SMS; empty stands for the usual one.
pub(super) fn sms_text(fields: &mut Fields, name: &str, value: &str) -> String {
    let value = value.trim();
    if !value.is_empty()
        && let Err(error) = text::check(value)
    {
        fields.reject(&format!("settings.{name}"), error.to_string());
    }
    value.to_owned()
}

/// The providers of a request, in the order in which they are tried; see [`shown_events`].
pub(super) fn sms_providers(fields: &mut Fields, proto: &CabinetSettings) -> Vec<SmsProviderId> {
    let given = &proto.sms_provider_ids;
    at_most(fields, "sms_provider_ids", given.len(), MOST_PROVIDERS);
    let mut providers: Vec<SmsProviderId> = Vec::new();
    for (place, id) in given.iter().enumerate().take(MOST_PROVIDERS) {
        let path = format!("settings.sms_provider_ids[{place}]");
        let id: Option<SmsProviderId> = fields.id(&path, id);
        providers.extend(id);
    }
    once(fields, "sms_provider_ids", providers.iter());
    providers
}

/// What stands above the page.
pub(super) fn title(fields: &mut Fields, proto: &CabinetSettings) -> String {
    fields.line("settings.title", &proto.title, 0..=100)
}
