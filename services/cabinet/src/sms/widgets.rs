//! What can be installed: the ready descriptions, the operator's own, and the outbox of an installation for trying out.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Client;
use serde_json::Value;

use super::Provider;
use super::description::{Description, Setting};
use super::http::Http;
use super::outbox::Outbox;
#[cfg(feature = "smpp")]
use super::smpp::Smsc;

const READY: [&str; 3] = [
    include_str!("ready/smsc.json"),
    include_str!("ready/smsru.json"),
    include_str!("ready/twilio.json"),
];

/// Key of the outbox.
const OUTBOX: &str = "outbox";

/// What can be installed.
#[derive(Debug, Clone)]
pub struct Widgets {
    descriptions: Vec<Arc<Description>>,
    #[cfg(feature = "smpp")]
    smscs: Vec<Arc<Smsc>>,
    outbox: bool,
}

/// A widget as administrators see it.
pub struct Widget<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its name.
    pub title: &'a str,
    /// What has to be set.
    pub settings: &'a [Setting],
}

impl Widgets {
    /// The ready ones; with the outbox where nothing may really be sent.
    #[must_use]
    pub fn ready(outbox: bool) -> Self {
        let ready = READY
            .iter()
            .filter_map(|text| serde_json::from_str(text).ok());
        Self {
            descriptions: ready.map(Arc::new).collect(),
            #[cfg(feature = "smpp")]
            smscs: Vec::new(),
            outbox,
        }
    }

    /// Adds the operator's own: a JSON list of descriptions. One with the key of a ready one replaces it.
    ///
    /// # Errors
    /// A text that says what is wrong with them.
    pub fn add(&mut self, json: &str) -> Result<(), String> {
        let own: Vec<Value> = serde_json::from_str(json).map_err(|error| error.to_string())?;
        for json in own {
            #[cfg(feature = "smpp")]
            if json.get("smpp").is_some() {
                self.add_smsc(json)?;
                continue;
            }
            #[cfg(not(feature = "smpp"))]
            if json.get("smpp").is_some() {
                return Err(
                    "this program was built without SMPP: build it with the feature `smpp`"
                        .to_owned(),
                );
            }
            let description: Description =
                serde_json::from_value(json).map_err(|error| error.to_string())?;
            if let Some(problem) = description.problem() {
                return Err(format!("{}: {problem}", description.key));
            }
            self.descriptions
                .retain(|known| known.key != description.key);
            self.descriptions.push(Arc::new(description));
        }
        Ok(())
    }

    #[cfg(feature = "smpp")]
    fn add_smsc(&mut self, json: Value) -> Result<(), String> {
        let smsc = Smsc::read(json)?;
        // One key is one widget.
        self.descriptions.retain(|known| known.key != smsc.key);
        self.smscs.retain(|known| known.key != smsc.key);
        self.smscs.push(Arc::new(smsc));
        Ok(())
    }

    /// The SMS centre with a key.
    #[cfg(feature = "smpp")]
    #[must_use]
    pub fn smsc(&self, key: &str) -> Option<Arc<Smsc>> {
        let mut known = self.smscs.iter();
        known.find(|known| known.key == key).cloned()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = Widget<'_>> {
        let outbox = self.outbox.then_some(Widget {
            key: OUTBOX,
            title: "Outbox in the log",
            settings: &[],
        });
        let described = self.descriptions.iter().map(|it| Widget {
            key: &it.key,
            title: &it.title,
            settings: &it.settings,
        });
        let all = outbox.into_iter().chain(described);
        #[cfg(feature = "smpp")]
        let all = all.chain(self.smscs.iter().map(|it| Widget {
            key: &it.key,
            title: &it.title,
            settings: &it.settings,
        }));
        all
    }

    /// The widget with a key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Widget<'_>> {
        self.all().find(|widget| widget.key == key)
    }

    /// The description with a key.
    #[must_use]
    pub fn description(&self, key: &str) -> Option<Arc<Description>> {
        let mut known = self.descriptions.iter();
        known.find(|known| known.key == key).cloned()
    }

    /// A provider with an account's settings; `None` when the installation does not know the widget any more.
    #[must_use]
    pub fn provider(
        &self,
        key: &str,
        settings: BTreeMap<String, String>,
        client: &Client,
    ) -> Option<Box<dyn Provider>> {
        if key == OUTBOX && self.outbox {
            return Some(Box::new(Outbox));
        }
        Some(Box::new(Http {
            description: self.description(key)?,
            settings,
            client: client.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_description_can_be_used() {
        let widgets = Widgets::ready(false);
        assert_eq!(widgets.descriptions.len(), READY.len());
        for description in &widgets.descriptions {
            assert_eq!(description.problem(), None, "{}", description.key);
            assert!(description.report.is_some(), "{}", description.key);
        }
    }

    #[test]
    fn the_outbox_is_there_only_where_nothing_is_really_sent() {
        assert!(Widgets::ready(false).find(OUTBOX).is_none());
        assert!(Widgets::ready(true).find(OUTBOX).is_some());
    }

    #[cfg(feature = "smpp")]
    #[test]
    fn an_sms_centre_says_what_is_wrong_with_it() {
        let mut widgets = Widgets::ready(false);
        let of = |address: &str| {
            serde_json::json!([{"key": "c", "title": "Centre", "smpp": {"address": address}}])
                .to_string()
        };
        for bad in ["smsc.example", "smsc.example:sms", ""] {
            assert!(widgets.add(&of(bad)).is_err(), "{bad}");
        }
        assert_eq!(widgets.add(&of("smsc.example:2775")), Ok(()));
        let settings: Vec<_> = widgets.find("c").map_or(&[][..], |it| it.settings).to_vec();
        let secrets: Vec<_> = settings
            .iter()
            .filter(|it| it.secret)
            .map(|it| &it.name[..])
            .collect();
        assert_eq!(secrets, ["password"]);
    }

    #[test]
    fn an_operators_description_says_what_is_wrong_with_it() {
        let mut widgets = Widgets::ready(false);
        assert!(widgets.add("[{}]").is_err());
        let bad = r#"[{"key": "x", "title": "X", "send": {"url": "https://{host}/"}, "reply": {"sent": {"pointer": "/id"}}, "report": null}]"#;
        assert!(widgets.add(bad).unwrap_err().starts_with("x: send.url"));
        let good = bad.replace("{host}", "api.example");
        assert_eq!(widgets.add(&good), Ok(()));
        assert!(widgets.find("x").is_some());
    }
}
