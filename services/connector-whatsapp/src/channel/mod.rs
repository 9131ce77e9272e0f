//! A number as a channel.

mod receive;
mod send;
mod templates;

use std::sync::{Arc, Mutex, PoisonError};
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

/// How long nothing is sent by a number that may not send, unless somebody changes its settings.
const REST: Duration = Duration::from_secs(600);

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
    /// Why nothing is sent: the token or the account. What WhatsApp brings meanwhile is taken in all the same.
    refused: Mutex<Option<Refusal>>,
}

/// Why nothing is sent.
#[derive(Debug, Clone)]
struct Refusal {
    trouble: Trouble,
    /// Looking at the number showed it, and shows when it is over. What only sending shows, sending is tried for again.
    by_looking: bool,
    until: Instant,
}

impl Refusal {
    fn new(trouble: Trouble, by_looking: bool) -> Self {
        let until = Instant::now() + REST;
        Self {
            trouble,
            by_looking,
            until,
        }
    }
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
        let refused = match graph.look().await {
            Ok(_) => None,
            Err(fault) if is_of_sending(&fault) => Some(Refusal::new(trouble(&fault), true)),
            Err(fault) => return Err(trouble(&fault)),
        };
        tracing::info!(
            connection = connection.id(),
            number = graph.number,
            may_send = refused.is_none(),
            "a number is there"
        );
        Ok(Line {
            graph: Arc::new(graph),
            app_secret: settings.app_secret,
            verify_token: settings.verify_token,
            checks_numbers: settings.number_check == NumberCheck::Contacts,
            media_hosts: Arc::clone(&self.media_hosts),
            look: Notify::new(),
            unpaid: Mutex::default(),
            refused: Mutex::new(refused),
        })
    }

    fn works(&self, line: &Line) -> bool {
        line.refused().is_none()
    }

    /// WhatsApp calls us; what is left is to see whether the token still is good, and which templates there are.
    async fn listen(&self, line: &Line, inbound: &Inbound) -> Trouble {
        loop {
            match line.graph.look().await {
                Ok(_) => {
                    if line.is_seen_to_work() {
                        inbound.working();
                    }
                    line.tell_templates(inbound).await;
                }
                Err(fault) if is_of_sending(&fault) => {
                    let trouble = trouble(&fault);
                    let connection = inbound.connection().id();
                    tracing::warn!(connection, ?trouble, "a connection does not work");
                    inbound.trouble(&trouble);
                    line.refuse(Some(Refusal::new(trouble, true)));
                }
                Err(fault) => return trouble(&fault),
            }
            let clock = Clock::system();
            tokio::select! {
                () = line.look.notified() => {}
                () = clock.sleep(self.look_time) => {}
            }
        }
    }

    async fn send(&self, line: &Line, message: &Outgoing) -> Outcome {
        if let Some(trouble) = line.refused() {
            return Outcome::Halted(trouble);
        }
        let outcome = send::send(line, message).await;
        match &outcome {
            Outcome::Halted(trouble) => {
                let connection = message.connection_id();
                tracing::warn!(connection, ?trouble, "a number may not send");
                line.refuse(Some(Refusal::new(trouble.clone(), false)));
            }
            Outcome::Sent(_) if line.refuse(None) => line.changed(),
            _ => {}
        }
        outcome
    }
}

impl Line {
    /// True when something was refused before.
    fn refuse(&self, refusal: Option<Refusal>) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *refused, refusal).is_some()
    }

    /// Why nothing is sent now.
    fn refused(&self) -> Option<Trouble> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let refusal = refused.as_ref().filter(|it| it.until > Instant::now())?;
        Some(refusal.trouble.clone())
    }

    /// The number answers: nothing is left of what looking showed, and nothing known of what sending shows.
    fn is_seen_to_work(&self) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.as_ref().is_some_and(|it| it.by_looking) {
            *refused = None;
        }
        refused.is_none()
    }
}

/// Does it keep the number from sending, until somebody changes something?
fn is_of_sending(fault: &Fault) -> bool {
    let Fault::Refused(refused) = fault else {
        return false;
    };
    matches!(refused.class(), Class::Auth | Class::Account)
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
