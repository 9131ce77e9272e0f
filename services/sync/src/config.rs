//! Settings.

use std::net::SocketAddr;

use kit::secrets::MasterKey;
use secrecy::SecretString;
use types::Clock;

pub use crate::target::amo::Registration;

/// What the service needs to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// PostgreSQL, as the role `beseda_sync`.
    pub database_url: SecretString,
    /// Redis.
    pub redis_url: String,
    /// Address of identity, for example "http://127.0.0.1:7001".
    pub identity: String,
    /// Address of crm.
    pub crm: String,
    /// Address of conversations.
    pub conversations: String,
    /// With what it proves to identity who it is.
    pub service_secret: SecretString,
    /// Under it the tokens of portals are kept.
    pub master_key: MasterKey,
    /// As what the installation is registered with amoCRM; without it no portal can be connected.
    pub amo: Option<Registration>,
    /// The time.
    pub clock: Clock,
}
