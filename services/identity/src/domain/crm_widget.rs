//! The widget with which the chat window stands inside the company's CRM.

use time::OffsetDateTime;
use types::{ApiKeyId, UserId};

/// An installed widget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmWidget {
    /// The key of the CRM's backend.
    pub key: ApiKeyId,
    /// Who installed it.
    pub user: UserId,
    /// When.
    pub install_time: OffsetDateTime,
}
