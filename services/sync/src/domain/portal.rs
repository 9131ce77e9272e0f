//! Portals of amoCRM (SYN-01, SYN-04).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use types::PortalId;
use url::Url;

/// How many an account may have.
pub const MAX_PORTALS: usize = 20;

/// How long whoever began to connect one may take.
pub const LOGIN_TIME: time::Duration = time::Duration::minutes(15);

/// A portal.
#[derive(Debug, Clone, PartialEq)]
pub struct Portal {
    /// Its id.
    pub id: PortalId,
    /// Its host.
    pub host: String,
    /// Its name.
    pub name: String,
    /// Can it be reached?
    pub state: State,
    /// Why not, or why requests wait; empty while all is well.
    pub problem: String,
    /// Who connected it last.
    pub connected_by: String,
    /// When.
    pub connect_time: OffsetDateTime,
    /// When it was connected first.
    pub create_time: OffsetDateTime,
}

/// Can a portal be reached?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is connected.
    Connected,
    /// It has to be connected again.
    Disconnected,
}

impl State {
    /// The state of the number by which the database and the contract know it.
    #[must_use]
    pub fn of_number(number: i16) -> Self {
        match number {
            1 => Self::Connected,
            _ => Self::Disconnected,
        }
    }
}

/// What happened to a connection: the numbers of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// An administrator connected it.
    Connected = 1,
    /// An administrator gave it up.
    Disconnected = 2,
    /// amoCRM refused its tokens.
    Refused = 3,
}

/// Something that happened to a connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The number of what.
    pub kind: i16,
    /// Who did it; empty where amoCRM did.
    pub author: String,
    /// What amoCRM said.
    pub details: String,
    /// When.
    pub create_time: OffsetDateTime,
}

/// The tokens of a portal. They do not print.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// With this calls are made.
    pub access: String,
    /// With this, once, the next pair is got.
    pub refresh: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// The domains under which portals are. Tokens go nowhere else.
const DOMAINS: [&str; 3] = ["amocrm.ru", "amocrm.com", "kommo.com"];

/// The host that amoCRM came back with, if it is one of a portal: one name below one of the three domains, and nothing besides.
#[must_use]
pub fn host(referer: &str) -> Option<String> {
    let host = referer.to_ascii_lowercase();
    let (name, domain) = host.split_once('.')?;
    let is_name = (1..=63).contains(&name.len())
        && !name.starts_with('-')
        && name
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == b'-');
    (is_name && name != "www" && DOMAINS.contains(&domain)).then_some(host)
}

/// The address of a path of a portal. Where the installation has an address of its own for all portals, as in tests, theirs are below it by
/// host.
#[must_use]
pub fn address(own: Option<&Url>, host: &str, path: &str) -> String {
    match own {
        Some(own) => format!("{}/{host}{path}", own.as_str().trim_end_matches('/')),
        None => format!("https://{host}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_portals_are_taken() {
        for good in ["okna.amocrm.ru", "Okna-2.amocrm.com", "okna.kommo.com"] {
            assert_eq!(host(good), Some(good.to_lowercase()), "{good}");
        }
        for bad in [
            "",
            "amocrm.ru",
            ".amocrm.ru",
            "www.amocrm.ru",
            "a.b.amocrm.ru",
            "okna.amocrm.ru.evil.example",
            "evil.example/.amocrm.ru",
            "evil.example#.amocrm.ru",
            "user@okna.amocrm.ru",
            "okna.amocrm.ru:8080",
            "okna.amocrm.ru/",
            "https://okna.amocrm.ru",
            "127.0.0.1",
            "-okna.amocrm.ru",
            "окна.amocrm.ru",
        ] {
            assert_eq!(host(bad), None, "{bad}");
        }
    }
}
