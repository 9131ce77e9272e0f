//! Settings.

use std::net::{IpAddr, SocketAddr};

use kit::secrets::MasterKey;
use secrecy::SecretString;
use types::Clock;

use crate::files::FilesLocation;
use crate::ingest::IngestConfig;

/// What the service needs to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// PostgreSQL, as the role `beseda_conversations`.
    pub database_url: SecretString,
    /// Redis.
    pub redis_url: String,
    /// Address of identity, for example "http://127.0.0.1:7001".
    pub identity: String,
    /// Address of crm.
    pub crm: String,
    /// Connectors of the installation that can say whether somebody is registered in their channel: keys and addresses.
    pub client_checks: Vec<(String, String)>,
    /// With what it proves to identity who it is.
    pub service_secret: SecretString,
    /// The hot path.
    pub ingest: IngestConfig,
    /// Where files are kept.
    pub files: FilesLocation,
    /// Names of hosts that are resolved here, to whatever address, and from which files of clients may be fetched without TLS:
    /// for development and tests. Empty in production.
    pub media_names: Vec<(String, IpAddr)>,
    /// The installation's key: secrets of connections are sealed with it.
    pub master_key: MasterKey,
    /// Connections to PostgreSQL at most.
    pub max_connections: u32,
    /// The time.
    pub clock: Clock,
}
