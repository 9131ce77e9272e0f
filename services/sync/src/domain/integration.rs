//! Integrations.

use rules::Settings;
use time::OffsetDateTime;
use types::{IntegrationId, Language, PortalId};

/// How many an account may have.
pub const MAX_INTEGRATIONS: usize = 100;

/// An integration.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// Its place in the order.
    pub position: i32,
    /// Language of names that no template gives.
    pub language: Language,
    /// The portal that it transfers to (SYN-04); `None`: the built-in CRM.
    pub portal: Option<PortalId>,
    /// By what it decides.
    pub settings: Settings,
    /// Are employees synchronised every day?
    pub daily_sync: bool,
    /// When they last were.
    pub employee_sync_time: Option<OffsetDateTime>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: OffsetDateTime,
    /// When it was last changed.
    pub update_time: OffsetDateTime,
}

/// The etag of a version.
#[must_use]
pub fn etag(version: i64) -> String {
    version.to_string()
}

/// Is it the version that is there? An empty one is any.
#[must_use]
pub fn etag_fits(wanted: &str, version: i64) -> bool {
    wanted.is_empty() || wanted == etag(version)
}
