//! Identity's settings.

use std::net::SocketAddr;
use std::time::Duration;

use kit::secrets::MasterKey;
use secrecy::SecretString;
use types::Clock;

pub use crate::domain::limits::Rule;

/// Three tries at once, then one every twenty seconds.
pub const LOG_IN_LIMIT: Rule = Rule {
    burst: 3,
    refill: Duration::from_secs(20),
};

/// Identity's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The database, as the role `beseda_identity`.
    pub database_url: SecretString,
    /// Redis: carries events, counts log-in tries.
    pub redis_url: String,
    /// Where crm is, as "http://HOST:PORT": it knows which pipeline stages rights can name. It need not run before identity does.
    pub crm: String,
    /// Seals signing keys; services' secrets are derived from it.
    pub master_key: MasterKey,
    /// The time.
    pub clock: Clock,
    /// How often log-in may fail, per address and per e-mail or key; `None` lifts the limit, for load tests.
    pub log_in_limit: Option<Rule>,
}

impl Config {
    /// With the usual limits.
    #[must_use]
    pub fn new(
        listen: SocketAddr,
        database_url: SecretString,
        redis_url: String,
        crm: String,
        master_key: MasterKey,
        clock: Clock,
    ) -> Self {
        Self {
            listen,
            database_url,
            redis_url,
            crm,
            master_key,
            clock,
            log_in_limit: Some(LOG_IN_LIMIT),
        }
    }
}
