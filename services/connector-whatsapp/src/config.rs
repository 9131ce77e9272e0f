//! Settings.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use types::Clock;
use url::Url;

/// What the service has to know to start. Numbers are settings of connections.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Address of identity, `http://host:port`.
    pub identity: String,
    /// Address of conversations, `http://host:port`.
    pub conversations: String,
    /// With what this service proves to identity that it is "connector-whatsapp".
    pub service_secret: SecretString,
    /// The Graph API with its version: [`Config::usual_api`], or that of a provider who speaks the same.
    pub api_url: Url,
    /// Hosts from which files of clients are fetched, with the token: nothing else ever gets it.
    pub media_hosts: Vec<String>,
    /// How often templates and the number are looked at.
    pub look_time: Duration,
    /// The time.
    pub clock: Clock,
}

impl Config {
    /// Meta's own, in the version that this program was written for.
    ///
    /// # Panics
    /// Never: the address is one.
    #[must_use]
    pub fn usual_api() -> Url {
        match Url::parse("https://graph.facebook.com/v26.0") {
            Ok(url) => url,
            Err(_) => unreachable!("the address is one"),
        }
    }

    /// Where Meta keeps files.
    #[must_use]
    pub fn usual_media_hosts() -> Vec<String> {
        vec!["lookaside.fbsbx.com".to_owned()]
    }
}
