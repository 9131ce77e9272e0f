//! Providers on the wire.

use std::collections::{BTreeMap, HashMap};

use api::cabinet::v1::{SmsErrorClass, SmsProvider, SmsProviderState, SmsWidget, SmsWidgetSetting};
use kit::Refusal;
use kit::time::to_proto as time_to_proto;
use kit::validate::Fields;

use crate::sms::ErrorClass;
use crate::sms::widgets::Widget;
use crate::state::Parts;
use crate::store::providers::Stored;

pub(super) fn widget(widget: &Widget) -> SmsWidget {
    let settings = widget.settings.iter().map(|setting| SmsWidgetSetting {
        name: setting.name.clone(),
        title: setting.title.clone(),
        secret: setting.secret,
        required: setting.required,
    });
    SmsWidget {
        key: widget.key.to_owned(),
        title: widget.title.to_owned(),
        settings: settings.collect(),
    }
}

/// A provider without its secrets.
pub(super) fn to_proto(state: &Parts, stored: &Stored) -> Result<SmsProvider, Refusal> {
    let secrets = state.open_secrets(stored).map_err(Refusal::internal)?;
    let error = stored.error.as_ref();
    Ok(SmsProvider {
        id: stored.id.to_string(),
        widget_key: stored.widget_key.clone(),
        title: stored.title.clone(),
        settings: stored.settings.clone().into_iter().collect(),
        secrets_set: secrets.into_keys().collect(),
        state: Some(SmsProviderState {
            balance: stored.balance.clone(),
            last_sent_time: stored.last_sent_time.map(time_to_proto),
            error_class: error
                .map_or(SmsErrorClass::Unspecified, |it| class(it.0))
                .into(),
            error_text: error.map(|it| it.1.clone()).unwrap_or_default(),
            error_time: error.map(|it| time_to_proto(it.2)),
        }),
        create_time: Some(time_to_proto(stored.create_time)),
        etag: stored.version.to_string(),
    })
}

fn class(class: ErrorClass) -> SmsErrorClass {
    match class {
        ErrorClass::Number => SmsErrorClass::Number,
        ErrorClass::Settings => SmsErrorClass::Settings,
        ErrorClass::Credentials => SmsErrorClass::Credentials,
        ErrorClass::Money => SmsErrorClass::Money,
        ErrorClass::Busy => SmsErrorClass::Busy,
        ErrorClass::Unavailable => SmsErrorClass::Unavailable,
        ErrorClass::Unknown => SmsErrorClass::Unknown,
    }
}

pub(super) fn title(fields: &mut Fields, proto: &SmsProvider) -> String {
    fields.line("sms_provider.title", &proto.title, 0..=100)
}

/// Settings by name.
type Named = BTreeMap<String, String>;

/// The settings of a request, apart from the secrets among them. A secret that is left out stays as `before` has it.
pub(super) fn settings(
    fields: &mut Fields,
    widget: &Widget,
    given: &HashMap<String, String>,
    before: &Named,
) -> (Named, Named) {
    let path = |name: &str| format!("sms_provider.settings.{name}");
    let (mut open, mut secret) = (Named::new(), Named::new());
    for setting in widget.settings {
        let value = given.get(&setting.name).filter(|value| !value.is_empty());
        let kept = before.get(&setting.name).filter(|_| setting.secret);
        match value.or(kept) {
            Some(value) => {
                let value = fields.line(&path(&setting.name), value, 0..=500);
                let into = if setting.secret {
                    &mut secret
                } else {
                    &mut open
                };
                into.insert(setting.name.clone(), value);
            }
            None if setting.required => fields.reject(&path(&setting.name), "must be given"),
            None => {}
        }
    }
    let unknown = given
        .keys()
        .filter(|name| !widget.settings.iter().any(|known| known.name == **name));
    for name in unknown {
        fields.reject(&path(name), "is no setting of this widget");
    }
    (open, secret)
}
