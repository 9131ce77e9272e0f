//! Settings.

use std::net::SocketAddr;

use secrecy::SecretString;
use types::Clock;

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
    /// The time.
    pub clock: Clock,
}
