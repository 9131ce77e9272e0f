//! How an HTTP provider is called, as data: which request, by what its answer is told to be a success, what its errors mean, how it
//! reports deliveries.
//!
//! Descriptions are the operator's, not an account's: an administrator fills in settings, and never says which host is called.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{ErrorClass, Sms};

/// A description.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its key.
    pub key: String,
    /// Its name for people.
    pub title: String,
    /// What an administrator has to set.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// The request.
    pub send: Send,
    /// The answer.
    pub reply: Reply,
    /// What the provider's error codes mean.
    #[serde(default)]
    pub errors: BTreeMap<String, ErrorClass>,
    /// How it reports what became of an SMS; without it nothing is known of that.
    pub report: Option<Report>,
}

/// A setting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name: in templates it stands in braces.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Kept encrypted and shown to nobody.
    #[serde(default)]
    pub secret: bool,
    /// Without it nothing can be sent.
    #[serde(default)]
    pub required: bool,
}

/// A request: POST. Templates may contain `{phone}` (E.164), `{digits}` (without the plus), `{text}`, `{id}`, `{number}` (the id as a
/// decimal number), `{report_url}` and the names of settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Where to. Values are percent-encoded, and may stand behind the host only.
    pub url: String,
    /// Fields of a form. Those that come out empty are left out.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// Instead of a form: a JSON text with templates in its strings.
    pub json: Option<Value>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Of HTTP's basic authentication.
    pub user: Option<String>,
    /// Of HTTP's basic authentication.
    pub password: Option<String>,
}

/// What an answer means. Pointers are those of RFC 6901 into a JSON answer, with templates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// When this holds, the SMS was taken; otherwise it was not.
    pub sent: Condition,
    /// Unless this holds.
    pub unless: Option<Condition>,
    /// The provider's id.
    pub id: Option<String>,
    /// What is left to spend.
    pub balance: Option<String>,
    /// The error code: the first that is there counts.
    #[serde(default)]
    pub error: Vec<String>,
    /// The provider's words for it.
    #[serde(default)]
    pub error_text: Vec<String>,
}

/// A condition on an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Something is there.
    pub pointer: String,
    /// And is this.
    pub equals: Option<String>,
}

/// How deliveries are reported: in a form or query with two fields, or in fields of three lines: a word, the id, the status.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Field of the provider's id.
    #[serde(default)]
    pub id: String,
    /// Field of the status.
    #[serde(default)]
    pub status: String,
    /// The word in the first of three lines.
    pub lines: Option<String>,
    /// Statuses of what has arrived.
    pub delivered: Vec<String>,
    /// Statuses of what never will.
    pub failed: Vec<String>,
    /// What the provider wants to read.
    #[serde(default)]
    pub answer: String,
}

/// Values for templates.
pub struct Values<'a>(Vec<(&'a str, String)>);

impl<'a> Values<'a> {
    /// Of an SMS and the settings of an account.
    #[must_use]
    pub fn new(sms: &Sms, settings: &'a BTreeMap<String, String>) -> Self {
        let mut values = vec![
            ("phone", sms.phone.clone()),
            ("digits", sms.phone.trim_start_matches('+').to_owned()),
            ("text", sms.text.clone()),
            ("id", sms.id.to_string()),
            ("number", number(sms).to_string()),
            ("report_url", sms.report_url.clone()),
        ];
        values.extend(
            settings
                .iter()
                .map(|(name, value)| (&name[..], value.clone())),
        );
        Self(values)
    }

    /// The template with its values. What is not known comes out empty. Values are not looked at for templates again.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        self.fill_with(template, str::to_owned)
    }

    fn fill_with(&self, template: &str, encode: impl Fn(&str) -> String) -> String {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                continue;
            };
            let value = self.0.iter().find(|(known, _)| *known == name);
            filled.push_str(&encode(value.map_or("", |(_, value)| value)));
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }

    /// An address. The host is the description's: a value cannot change it.
    #[must_use]
    pub fn url(&self, template: &str) -> String {
        self.fill_with(template, |value| {
            utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
        })
    }

    /// A JSON text with its values.
    #[must_use]
    pub fn json(&self, template: &Value) -> Value {
        match template {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), self.json(value)))
                .collect(),
            other => other.clone(),
        }
    }
}

/// The id as a number that fits the 31 bits which some providers allow.
fn number(sms: &Sms) -> u32 {
    let bytes = sms.id.uuid().as_u128();
    u32::try_from(bytes & 0x7fff_ffff).unwrap_or_default()
}

impl Condition {
    /// Does it hold for an answer?
    #[must_use]
    pub fn holds(&self, answer: &Value, values: &Values) -> bool {
        let found = text_at(answer, &values.fill(&self.pointer));
        match (&self.equals, found) {
            (Some(wanted), Some(found)) => *wanted == found,
            (None, Some(found)) => !found.is_empty(),
            (_, None) => false,
        }
    }
}

/// A text or number at a place of an answer.
#[must_use]
pub fn text_at(answer: &Value, pointer: &str) -> Option<String> {
    match answer.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Description {
    /// What is wrong with it; `None` when it can be used.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let host = self.send.url.split('{').next().unwrap_or_default();
        let url = Url::parse(host).ok();
        let is_one = url.is_some_and(|url| {
            // Behind the host there is at least a slash, so that no value can add to it.
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && host.splitn(4, '/').count() == 4
        });
        if !is_one {
            return Some(
                "send.url must be an http or https address whose host has no template".to_owned(),
            );
        }
        if self.key.is_empty() || self.title.is_empty() {
            return Some("key and title must not be empty".to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::SmsMessageId;

    fn sms() -> Sms {
        Sms {
            id: SmsMessageId::generate(),
            phone: "+79990000001".to_owned(),
            text: "код {password} & 1".to_owned(),
            report_url: String::new(),
        }
    }

    #[test]
    fn a_value_is_no_template() {
        let settings = BTreeMap::from([("password".to_owned(), "secret".to_owned())]);
        let sms = sms();
        let values = Values::new(&sms, &settings);
        assert_eq!(values.fill("{text}"), "код {password} & 1");
        assert_eq!(values.fill("{password}{unknown}{"), "secret{");
    }

    #[test]
    fn a_setting_cannot_change_the_host() {
        let settings = BTreeMap::from([("sid".to_owned(), "x/../..@evil.example/?#".to_owned())]);
        let sms = sms();
        let values = Values::new(&sms, &settings);
        let url = values.url("https://api.example/{sid}/send");
        let parsed = Url::parse(&url).expect("an address");
        assert_eq!(parsed.host_str(), Some("api.example"));
        assert_eq!(parsed.path_segments().map(Iterator::count), Some(2));
    }

    #[test]
    fn a_host_with_a_template_is_refused() {
        let description = |url: &str| Description {
            key: "x".to_owned(),
            title: "X".to_owned(),
            settings: Vec::new(),
            send: Send {
                url: url.to_owned(),
                form: BTreeMap::new(),
                json: None,
                headers: BTreeMap::new(),
                user: None,
                password: None,
            },
            reply: Reply {
                sent: Condition {
                    pointer: "/id".to_owned(),
                    equals: None,
                },
                unless: None,
                id: None,
                balance: None,
                error: Vec::new(),
                error_text: Vec::new(),
            },
            errors: BTreeMap::new(),
            report: None,
        };
        for bad in [
            "https://{host}/",
            "https://api.example{rest}",
            "ftp://a/",
            "a",
        ] {
            assert!(description(bad).problem().is_some(), "{bad}");
        }
        assert_eq!(description("https://api.example/{a}").problem(), None);
    }

    #[test]
    fn a_condition_asks_for_a_value_or_for_this_one() {
        let answer: Value =
            serde_json::json!({"sms": {"79990000001": {"status": "OK"}}, "id": 7, "none": null});
        let (sms, settings) = (sms(), BTreeMap::new());
        let values = Values::new(&sms, &settings);
        let holds = |pointer: &str, equals: Option<&str>| {
            let condition = Condition {
                pointer: pointer.to_owned(),
                equals: equals.map(str::to_owned),
            };
            condition.holds(&answer, &values)
        };
        assert!(holds("/sms/{digits}/status", Some("OK")));
        assert!(holds("/id", None));
        assert!(!holds("/sms/{digits}/status", Some("ERROR")));
        assert!(!holds("/none", None));
        assert!(!holds("/other", None));
    }
}
