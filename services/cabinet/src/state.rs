//! What every call needs.

use std::sync::Arc;

use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use pg::Db;
use tonic::transport::Channel;
use types::Clock;

use crate::accounts::Accounts;
use crate::domain::settings::Cabinet;
use crate::memory::Cabinets;

/// What every call needs. One for the whole service, behind an [`Arc`].
pub struct Parts {
    /// The schema `cabinet`.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Where browsers reach the gateway, without a slash at the end.
    pub public_url: String,
    /// What identity says of accounts.
    pub accounts: Accounts,
    /// Cabinets by the key in their link.
    pub cabinets: Cabinets,
    /// The account's own fields in crm, with the caller's own token.
    pub fields: FieldServiceClient<Channel>,
    /// Pipelines in crm, with the caller's own token.
    pub pipelines: PipelineServiceClient<Channel>,
}

impl Parts {
    /// The page of a cabinet (CAB-24).
    #[must_use]
    pub fn link(&self, cabinet: &Cabinet) -> String {
        format!("{}/cabinet/{}", self.public_url, cabinet.id)
    }

    /// Where browsers get the logo: an address that changes with it.
    #[must_use]
    pub fn logo_url(&self, cabinet: &Cabinet) -> Option<String> {
        let digest = &cabinet.logo.as_ref()?.digest[..8];
        let version = data_encoding::HEXLOWER.encode(digest);
        Some(format!("{}/logo.png?{version}", self.link(cabinet)))
    }
}

/// See [`Parts`].
pub type State = Arc<Parts>;
