//! Settings.

use std::net::SocketAddr;

use secrecy::SecretString;
use types::Clock;

use crate::limits::Limits;

/// What the service has to know to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The database, as the role `beseda_onlinechat`.
    pub database_url: SecretString,
    /// Redis: hints, counters.
    pub redis_url: String,
    /// Address of identity, `http://host:port`.
    pub identity: String,
    /// Address of conversations, `http://host:port`.
    pub conversations: String,
    /// Address of crm, `http://host:port`.
    pub crm: String,
    /// With what this service proves to identity that it is "connector-onlinechat".
    pub service_secret: SecretString,
    /// Where browsers reach the gateway, `https://chat.example.com`: embed codes name it, and calls from its pages are ours.
    pub public_url: String,
    /// How often visitors may call.
    pub limits: Limits,
    /// The time.
    pub clock: Clock,
}
