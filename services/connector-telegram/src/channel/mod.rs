//! A bot as a channel.

mod groups;
mod pictures;
mod receive;
mod send;
mod window;

use std::sync::Arc;
use std::time::Duration;

use api::connector::v1::{ClientAddress, ConnectorManifest, MediaRule, SendRate};
use api::conversations::v1::AttachmentKind;
use connector::{Channel, Connection, Inbound, Outcome, Outgoing, Trouble};
use data_encoding::BASE64URL_NOPAD;
use reqwest::Client;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use types::Clock;
use url::Url;

use crate::bot::{Bot, Fault};
use crate::domain::parts::LONGEST_TEXT;

use groups::Groups;
use pictures::Pictures;
pub use receive::receive;
use window::Window;

/// The connector's key at the hub.
pub const CONNECTOR_KEY: &str = "telegram";

/// What administrators enter.
const SETTINGS: &str = include_str!("settings.json");

/// The largest picture and the largest of all other files, in bytes.
const LARGEST_PHOTO: i64 = 10 << 20;
const LARGEST_FILE: i64 = 50 << 20;

/// What a bot may send over all of its chats: about 30 messages a second.
const SEND_RATE: SendRate = SendRate {
    per_minute: 30 * 60,
    burst: 30,
};

/// How often Telegram is asked whether the webhook works.
const LOOK: Duration = Duration::from_secs(60);

/// Telegram as a channel.
#[derive(Debug)]
pub struct Telegram {
    /// For all bots.
    pub http: Client,
    /// The Bot API.
    pub api: Url,
    /// Where Telegram reaches the gateway.
    pub public_url: String,
    /// How long a poll waits.
    pub poll_time: Duration,
}

/// A bot that works.
#[derive(Debug)]
pub struct Line {
    /// The bot.
    pub bot: Arc<Bot>,
    /// Names of groups that the hub was told.
    groups: Groups,
    /// What Telegram says with every call, where it calls us.
    pub secret: SecretString,
    receives: Receives,
    pictures: Pictures,
}

/// How updates come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Receives {
    #[default]
    Polling,
    Webhook,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(deserialize_with = "secret")]
    token: SecretString,
    #[serde(default)]
    receive: Receives,
}

fn secret<'de, D: Deserializer<'de>>(text: D) -> Result<SecretString, D::Error> {
    String::deserialize(text).map(SecretString::from)
}

impl Channel for Telegram {
    type Line = Line;

    fn manifest(&self) -> ConnectorManifest {
        ConnectorManifest {
            key: CONNECTOR_KEY.to_owned(),
            title: "Telegram".to_owned(),
            max_text_length: i32::try_from(LONGEST_TEXT).unwrap_or(i32::MAX),
            media: media(),
            settings_schema: SETTINGS.to_owned(),
            client_address: ClientAddress::MessengerId.into(),
            send_rate: Some(SEND_RATE),
            ..ConnectorManifest::default()
        }
    }

    async fn open(&self, connection: &Connection) -> Result<Line, Trouble> {
        let settings: Settings = connection.settings()?;
        let secret = webhook_secret(&settings.token, connection.id());
        let bot = Bot::new(self.http.clone(), self.api.clone(), settings.token);
        let me = bot.me().await.map_err(|fault| trouble(&fault))?;
        match settings.receive {
            Receives::Polling => bot.delete_webhook().await,
            Receives::Webhook => bot.set_webhook(&self.hook(connection), &secret).await,
        }
        .map_err(|fault| trouble(&fault))?;
        tracing::info!(
            connection = connection.id(),
            bot = me.username,
            receives = ?settings.receive,
            "a bot works"
        );
        Ok(Line {
            bot: Arc::new(bot),
            groups: Groups::default(),
            secret,
            receives: settings.receive,
            pictures: Pictures::default(),
        })
    }

    async fn listen(&self, line: &Line, inbound: &Inbound) -> Trouble {
        let updates = async {
            match line.receives {
                Receives::Polling => self.poll(line, inbound).await,
                Receives::Webhook => self.watch_webhook(line, inbound).await,
            }
        };
        tokio::select! {
            trouble = updates => trouble,
            never = line.pictures.look(&line.bot, inbound) => match never {},
        }
    }

    async fn send(&self, line: &Line, message: &Outgoing) -> Outcome {
        send::send(&line.bot, message).await
    }
}

impl Telegram {
    /// Where Telegram brings the updates of a connection.
    fn hook(&self, connection: &Connection) -> String {
        let url = self.public_url.trim_end_matches('/');
        format!("{url}/hooks/{CONNECTOR_KEY}/{}", connection.id())
    }

    /// Asks for updates, and brings those that are new.
    async fn poll(&self, line: &Line, inbound: &Inbound) -> Trouble {
        let mut window = Window::default();
        loop {
            let offset = window.offset();
            let updates = match line.bot.updates(offset, self.poll_time).await {
                Ok(updates) => updates,
                Err(fault) => match fault.pause() {
                    Some(pause) => {
                        Clock::system().sleep(pause).await;
                        continue;
                    }
                    None => return trouble(&fault),
                },
            };
            inbound.working();
            window.confirmed(offset);
            window.begin(line, inbound, &updates);
            if let Err(error) = window.rest(line).await {
                return Trouble::Disturbed(format!(
                    "What clients wrote is not stored: {}",
                    error.message()
                ));
            }
        }
    }

    /// Telegram calls us; what is left is to see whether it can.
    async fn watch_webhook(&self, line: &Line, inbound: &Inbound) -> Trouble {
        loop {
            Clock::system().sleep(LOOK).await;
            match line.bot.webhook().await {
                Err(fault) => return trouble(&fault),
                Ok(state) if state.url != self.hook(inbound.connection()) => {
                    return Trouble::Disturbed(
                        "Somebody else changed where Telegram brings the updates; setting it again."
                            .to_owned(),
                    );
                }
                Ok(state) if state.pending_update_count > 0 && state.last_error_date > 0 => {
                    inbound.trouble(&Trouble::Disturbed(format!(
                        "Telegram cannot bring updates: {}",
                        state.last_error_message
                    )));
                }
                Ok(_) => inbound.working(),
            }
        }
    }
}

/// What a fault means for the connection.
fn trouble(fault: &Fault) -> Trouble {
    match fault {
        fault if fault.is_of_token() => Trouble::Broken(
            "Telegram does not know the token (any more): get one from @BotFather and enter it."
                .to_owned(),
        ),
        Fault::Refused { code: 409, .. } => Trouble::Disturbed(
            "Another program takes the updates of this bot: stop it, or get another bot."
                .to_owned(),
        ),
        fault => Trouble::Disturbed(fault.to_string()),
    }
}

/// The same at every start and for every replica, and nothing that has to be kept.
fn webhook_secret(token: &SecretString, connection: &str) -> SecretString {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.expose_secret().as_bytes());
    let tag = hmac::sign(&key, format!("webhook:{connection}").as_bytes());
    BASE64URL_NOPAD.encode(tag.as_ref()).into()
}

fn media() -> Vec<MediaRule> {
    use AttachmentKind::{Audio, Document, Image, Sticker, Video, Voice};
    let rule = |kind: AttachmentKind, max_size, media_types: &[&str]| MediaRule {
        kind: kind.into(),
        max_size,
        media_types: media_types.iter().map(|it| (*it).to_owned()).collect(),
    };
    vec![
        rule(
            Image,
            LARGEST_PHOTO,
            &["image/jpeg", "image/png", "image/webp"],
        ),
        rule(Video, LARGEST_FILE, &["video/mp4"]),
        rule(
            Audio,
            LARGEST_FILE,
            &["audio/mpeg", "audio/mp4", "audio/m4a"],
        ),
        rule(
            Voice,
            LARGEST_FILE,
            &[
                "audio/ogg",
                "audio/opus",
                "audio/mpeg",
                "audio/mp4",
                "audio/m4a",
            ],
        ),
        rule(Sticker, LARGEST_PHOTO, &["image/webp"]),
        rule(Document, LARGEST_FILE, &[]),
    ]
}
