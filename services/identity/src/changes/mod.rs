//! Administrative changes: the change, its audit entry, its revocations and its event, all in one transaction.
//!
//! Used by the gRPC services for administrators and by [`crate::admin`] for the operator.

pub mod accounts;
pub mod api_keys;
pub mod crm_widgets;
pub mod groups;
pub mod rights;
pub mod sessions;
pub mod users;

use pg::Tx;
use time::OffsetDateTime;
use types::AccountId;

use crate::domain::audit::{Actor, Changes, NewEntry};
use crate::store;

/// Where, by whom and when something is changed.
#[derive(Debug, Clone, Copy)]
pub struct By {
    /// In which account.
    pub account: AccountId,
    /// Who.
    pub actor: Actor,
    /// When.
    pub now: OffsetDateTime,
}

impl By {
    async fn note(
        self,
        tx: &mut Tx,
        action: &'static str,
        target: impl ToString,
        changes: Changes,
    ) -> Result<(), pg::Error> {
        let (actor, time, target) = (self.actor, self.now, target.to_string());
        let entry = NewEntry {
            actor,
            action,
            target,
            changes,
            time,
        };
        store::audit::insert(tx, self.account, entry).await
    }
}
