//! Sessions of clients. The token is in the browser, the database keeps its digest.

use std::time::Duration;

use kit::secrets::TokenKind;
use time::OffsetDateTime;
use types::{AccountId, CabinetClientId};

/// How long a session lasts: a telephone number may get another owner.
pub const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Tokens of sessions.
pub const SESSION: TokenKind = TokenKind::new("cst_");

/// A client's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose client.
    pub account: AccountId,
    /// Which client.
    pub client: CabinetClientId,
    /// The client's number; empty when the client's data were erased.
    pub phone: Option<String>,
    /// When the token stops working.
    pub expire_time: OffsetDateTime,
}
