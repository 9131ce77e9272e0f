//! A number as a channel.

mod receive;
mod send;
mod templates;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::connector::v1::{ClientAddress, ConnectorManifest, MediaRule, SendRate};
use api::conversations::v1::AttachmentKind;
use connector::{Channel, Connection, Inbound, Outcome, Outgoing, Trouble};
use reqwest::Client;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use tokio::sync::Notify;
use types::Clock;
use url::Url;

use crate::domain::errors::Class;
use crate::graph::{Fault, Graph};

pub use receive::receive;

/// The connector's key at the hub.
pub const CONNECTOR_KEY: &str = "whatsapp";

/// What administrators enter.
const SETTINGS: &str = include_str!("settings.json");

/// The dialogue of WABA, in seconds (WA-03).
const DIALOGUE: i32 = 24 * 60 * 60;

/// What a number may send: 80 messages a second. WhatsApp allows some numbers less and some more; those that it refuses wait.
const SEND_RATE: SendRate = SendRate {
    per_minute: 80 * 60,
    burst: 80,
};

/// The longest text, in characters.
const LONGEST_TEXT: i32 = 4_096;

/// WhatsApp as a channel.
#[derive(Debug)]
pub struct WhatsApp {
    /// For all numbers.
    pub http: Client,
    /// The Cloud API with its version.
    pub api: Url,
    /// Hosts of clients' files.
    pub media_hosts: Arc<[String]>,
    /// How often templates and the number are looked at.
    pub look_time: Duration,
}

/// A number that works.
#[derive(Debug)]
pub struct Line {
    /// The number.
    pub graph: Arc<Graph>,
    /// With what WhatsApp signs its calls.
    pub app_secret: SecretString,
    /// With what WhatsApp asks whether the address of its calls is ours.
    pub verify_token: SecretString,
    /// Can the provider say who is registered?
    pub checks_numbers: bool,
    media_hosts: Arc<[String]>,
    /// Something changed: look at the templates now.
    look: Notify,
    /// WhatsApp refused a template because nobody pays; until then it is believed.
    unpaid: Mutex<Option<Instant>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum NumberCheck {
    #[default]
    None,
    Contacts,
}

#[derive(Deserialize)]
struct Settings {
    phone_number_id: String,
    business_account_id: String,
    #[serde(deserialize_with = "secret")]
    token: SecretString,
    #[serde(deserialize_with = "secret")]
    app_secret: SecretString,
    #[serde(deserialize_with = "secret")]
    verify_token: SecretString,
    #[serde(default)]
    number_check: NumberCheck,
}

fn secret<'de, D: Deserializer<'de>>(text: D) -> Result<SecretString, D::Error> {
    String::deserialize(text).map(SecretString::from)
}

/// WhatsApp's id of a connection's number; nothing when its settings do not fit.
#[must_use]
pub fn number_of(connection: &Connection) -> Option<String> {
    let settings: Settings = connection.settings().ok()?;
    Some(settings.phone_number_id)
}

impl Channel for WhatsApp {
    type Line = Line;

    fn manifest(&self) -> ConnectorManifest {
        ConnectorManifest {
            key: CONNECTOR_KEY.to_owned(),
            title: "WhatsApp".to_owned(),
            max_text_length: LONGEST_TEXT,
            reports_read: true,
            media: media(),
            reply_window_seconds: DIALOGUE,
            settings_schema: SETTINGS.to_owned(),
            client_address: ClientAddress::Phone.into(),
            send_rate: Some(SEND_RATE),
            ..ConnectorManifest::default()
        }
    }

    async fn open(&self, connection: &Connection) -> Result<Line, Trouble> {
        let settings: Settings = connection.settings()?;
        let ids = (settings.phone_number_id, settings.business_account_id);
        let graph = Graph::new(self.http.clone(), self.api.clone(), settings.token, ids);
        graph.look().await.map_err(|fault| trouble(&fault))?;
        tracing::info!(
            connection = connection.id(),
            number = graph.number,
            "a number works"
        );
        Ok(Line {
            graph: Arc::new(graph),
            app_secret: settings.app_secret,
            verify_token: settings.verify_token,
            checks_numbers: settings.number_check == NumberCheck::Contacts,
            media_hosts: Arc::clone(&self.media_hosts),
            look: Notify::new(),
            unpaid: Mutex::default(),
        })
    }

    /// WhatsApp calls us; what is left is to see whether the token still is good, and which templates there are.
    async fn listen(&self, line: &Line, inbound: &Inbound) -> Trouble {
        loop {
            if let Err(fault) = line.graph.look().await {
                return trouble(&fault);
            }
            inbound.working();
            line.tell_templates(inbound).await;
            let clock = Clock::system();
            tokio::select! {
                () = line.look.notified() => {}
                () = clock.sleep(self.look_time) => {}
            }
        }
    }

    async fn send(&self, line: &Line, message: &Outgoing) -> Outcome {
        send::send(line, message).await
    }
}

/// What a fault means for the connection.
fn trouble(fault: &Fault) -> Trouble {
    let Fault::Refused(refused) = fault else {
        return Trouble::Disturbed(fault.to_string());
    };
    match refused.class() {
        Class::Auth => Trouble::Broken(format!(
            "WhatsApp refuses the token: make one with whatsapp_business_messaging and whatsapp_business_management, and enter it. {refused}"
        )),
        Class::Account => Trouble::Broken(format!(
            "WhatsApp has restricted the business account: see Business Support Home. {refused}"
        )),
        // That there is no such number does not pass by itself.
        Class::Content if refused.status == 400 || refused.status == 404 => {
            Trouble::Broken(format!("WhatsApp does not know the number: {refused}"))
        }
        _ => Trouble::Disturbed(fault.to_string()),
    }
}

fn media() -> Vec<MediaRule> {
    use AttachmentKind::{Audio, Document, Image, Sticker, Video, Voice};
    let rule = |kind: AttachmentKind, megabytes: i64, types: &[&str]| MediaRule {
        kind: kind.into(),
        max_size: megabytes << 20,
        media_types: types.iter().map(|it| (*it).to_owned()).collect(),
    };
    let sound = [
        "audio/aac",
        "audio/amr",
        "audio/mpeg",
        "audio/mp4",
        "audio/ogg",
    ];
    vec![
        rule(Image, 5, &["image/jpeg", "image/png"]),
        rule(Video, 16, &["video/mp4", "video/3gpp"]),
        rule(Audio, 16, &sound),
        rule(Voice, 16, &sound),
        MediaRule {
            max_size: 500 << 10,
            ..rule(Sticker, 0, &["image/webp"])
        },
        rule(Document, 100, &[]),
    ]
}
