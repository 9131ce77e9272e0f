//! Settings.

use std::net::SocketAddr;
use std::time::Duration;

use kit::secrets::MasterKey;
use secrecy::SecretString;
use types::Clock;

use crate::erasure::StoreAt;
use crate::limits::Limits;
use crate::sms::Widgets;

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
    /// Address of conversations, `http://host:port`.
    pub conversations: String,
    /// Services that keep data of clients, in the order in which a client's data are erased from them.
    pub stores: Vec<StoreAt>,
    /// With what this service proves to identity that it is "cabinet".
    pub service_secret: SecretString,
    /// With what it proves that it is "connector-cabinet": so it speaks to the hub.
    pub hub_secret: SecretString,
    /// Codes are kept under a key made from it.
    pub master_key: MasterKey,
    /// Which providers of SMS can be installed.
    pub widgets: Widgets,
    /// How long a provider of SMS may take to answer.
    pub sms_patience: Duration,
    /// How many codes may be asked for and sent.
    pub limits: Limits,
    /// Where browsers reach the gateway, `https://chat.example.com`: links to cabinets begin with it.
    pub public_url: String,
    /// The time.
    pub clock: Clock,
}
