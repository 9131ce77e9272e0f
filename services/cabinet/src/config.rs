//! Settings.

use std::net::SocketAddr;

use kit::secrets::MasterKey;
use secrecy::SecretString;
use types::Clock;

/// What the service has to know to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The database, as the role `beseda_cabinet`.
    pub database_url: SecretString,
    /// Address of identity, `http://host:port`.
    pub identity: String,
    /// Address of crm, `http://host:port`.
    pub crm: String,
    /// With what this service proves to identity that it is "cabinet".
    pub service_secret: SecretString,
    /// Codes are kept under a key made from it.
    pub master_key: MasterKey,
    /// Where browsers reach the gateway, `https://chat.example.com`: links to cabinets begin with it.
    pub public_url: String,
    /// The time.
    pub clock: Clock,
}
