//! What an update changes.

use api::cabinet::v1::CabinetSettings;
use kit::Refusal;
use kit::validate::Fields;
use prost_types::FieldMask;

use super::wire;
use crate::domain::settings::Settings;

/// Fields that can be changed, by their names in the mask.
const PATHS: [&str; 10] = [
    "enabled",
    "title",
    "shown_events",
    "shown_fields",
    "statuses_shown",
    "statuses",
    "log_in_text",
    "erasure_text",
    "erasure_enabled",
    "sms_provider_ids",
];

/// What to change.
pub(super) struct Change {
    proto: CabinetSettings,
    paths: Vec<String>,
}

impl Change {
    /// From a request.
    pub(super) fn read(
        settings: Option<CabinetSettings>,
        mask: Option<FieldMask>,
    ) -> Result<Self, Refusal> {
        let mut fields = Fields::new();
        if settings.is_none() {
            fields.reject("settings", "must be given");
        }
        let proto = settings.unwrap_or_default();
        let mut paths = mask.map(|mask| mask.paths).unwrap_or_default();
        if paths.is_empty() {
            paths = populated(&proto);
        }
        for path in paths.iter().filter(|path| !PATHS.contains(&path.as_str())) {
            let known = PATHS.join(", ");
            let text = format!("names \"{path}\"; what can be changed is {known}");
            fields.reject("update_mask", text);
        }
        fields.finish()?;
        Ok(Self { proto, paths })
    }

    /// The version that is to be changed; empty for any.
    pub(super) fn etag(&self) -> &str {
        &self.proto.etag
    }

    pub(super) fn names(&self, path: &str) -> bool {
        self.paths.iter().any(|named| named == path)
    }

    /// The settings after the change.
    pub(super) fn apply(&self, before: &Settings) -> Result<Settings, Refusal> {
        let mut fields = Fields::new();
        let (proto, mut after) = (&self.proto, before.clone());
        if self.names("enabled") {
            after.enabled = proto.enabled;
        }
        if self.names("title") {
            after.title = wire::title(&mut fields, proto);
        }
        if self.names("shown_events") {
            after.shown_events = wire::shown_events(&mut fields, proto);
        }
        if self.names("shown_fields") {
            after.shown_fields = wire::shown_fields(&mut fields, proto);
        }
        if self.names("statuses_shown") {
            after.statuses_shown = proto.statuses_shown;
        }
        if self.names("statuses") {
            after.statuses = wire::statuses(&mut fields, proto);
        }
        if self.names("log_in_text") {
            after.log_in_text = wire::sms_text(&mut fields, "log_in_text", &proto.log_in_text);
        }
        if self.names("erasure_text") {
            after.erasure_text = wire::sms_text(&mut fields, "erasure_text", &proto.erasure_text);
        }
        if self.names("erasure_enabled") {
            after.erasure_enabled = proto.erasure_enabled;
        }
        if self.names("sms_provider_ids") {
            after.sms_providers = wire::sms_providers(&mut fields, proto);
        }
        fields.finish()?;
        Ok(after)
    }
}

/// The fields that are set, for a request without a mask.
fn populated(settings: &CabinetSettings) -> Vec<String> {
    let set = [
        settings.enabled,
        !settings.title.is_empty(),
        !settings.shown_events.is_empty(),
        !settings.shown_fields.is_empty(),
        settings.statuses_shown,
        !settings.statuses.is_empty(),
        !settings.log_in_text.is_empty(),
        !settings.erasure_text.is_empty(),
        settings.erasure_enabled,
        !settings.sms_provider_ids.is_empty(),
    ];
    let named = PATHS.iter().zip(set).filter(|(_, set)| *set);
    named.map(|(path, _)| (*path).to_owned()).collect()
}
