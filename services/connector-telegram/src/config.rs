//! Settings.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use types::Clock;
use url::Url;

/// What the service has to know to start. Bots are settings of connections.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Address of identity, `http://host:port`.
    pub identity: String,
    /// Address of conversations, `http://host:port`.
    pub conversations: String,
    /// With what this service proves to identity that it is "connector-telegram".
    pub service_secret: SecretString,
    /// The Bot API: [`Config::usual_api`], or a Bot API server of one's own.
    pub api_url: Url,
    /// Where Telegram reaches the gateway, `https://chat.example.com`: webhooks are set to it.
    pub public_url: String,
    /// How long Telegram may let a poll wait for updates; it waits for at most 50 s.
    pub poll_time: Duration,
    /// The time.
    pub clock: Clock,
}

impl Config {
    /// Telegram's own Bot API.
    ///
    /// # Panics
    /// Never: the address is one.
    #[must_use]
    pub fn usual_api() -> Url {
        match Url::parse("https://api.telegram.org") {
            Ok(url) => url,
            Err(_) => unreachable!("the address is one"),
        }
    }
}
