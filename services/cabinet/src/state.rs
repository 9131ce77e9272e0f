//! What every call needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use api::crm::v1::field_service_client::FieldServiceClient;
use api::crm::v1::pipeline_service_client::PipelineServiceClient;
use kit::secrets::MasterKey;
use pg::Db;
use reqwest::Client;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use types::{AccountId, CabinetClientId, Clock, SmsProviderId};

use crate::accounts::Accounts;
use crate::crm::Crm;
use crate::domain::code::Keys;
use crate::domain::settings::Cabinet;
use crate::hub::Hub;
use crate::limits::Limits;
use crate::memory::Cabinets;
use crate::sms::{Provider, Widgets};
use crate::store::providers::Stored;

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
    /// crm, asked about clients.
    pub crm: Crm,
    /// The correspondence.
    pub hub: Hub,
    /// Conversations' connections, with the caller's own token.
    pub connections: ConnectionServiceClient<Channel>,
    /// Clients in whose correspondence this replica saw something new.
    pub answers: broadcast::Sender<CabinetClientId>,
    /// Cancelled when the service stops.
    pub stopping: CancellationToken,
    /// Seals what must be read back.
    pub master_key: MasterKey,
    /// Keys of codes and numbers.
    pub keys: Keys,
    /// How many codes may be asked for and sent.
    pub limits: Limits,
    /// Which providers of SMS can be installed.
    pub widgets: Widgets,
    /// Calls providers of SMS.
    pub http: Client,
    /// Connections to SMS centres.
    #[cfg(feature = "smpp")]
    pub smpp: crate::sms::smpp::Sessions,
    /// An erasure is due.
    pub wake_eraser: Arc<Notify>,
    /// An SMS waits.
    pub wake_sms: Notify,
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

impl Parts {
    /// Where a provider of SMS reports what became of one.
    #[must_use]
    pub fn report_url(&self, account: AccountId, provider: SmsProviderId) -> String {
        let secret = self.keys.hook(account, provider);
        format!(
            "{}/hooks/sms/{account}/{provider}/{secret}",
            self.public_url
        )
    }

    /// A provider of an account; `None` when the installation does not know its widget any more.
    #[must_use]
    pub fn provider(
        &self,
        account: AccountId,
        stored: &Stored,
        settings: BTreeMap<String, String>,
    ) -> Option<Box<dyn Provider>> {
        let key = &stored.widget_key;
        #[cfg(feature = "smpp")]
        if let Some(smsc) = self.widgets.smsc(key) {
            let owner = (account, stored.id);
            return Some(self.smpp.provider(&smsc, owner, settings));
        }
        #[cfg(not(feature = "smpp"))]
        let _ = account;
        self.widgets.provider(key, settings, &self.http)
    }

    /// A provider's secrets, encrypted.
    #[must_use]
    pub fn seal_secrets(&self, id: SmsProviderId, secrets: &BTreeMap<String, String>) -> Vec<u8> {
        // Texts always encode.
        let secrets = serde_json::to_vec(secrets).unwrap_or_default();
        self.master_key.seal(&secrets, &secrets_context(id))
    }

    /// A provider's secrets.
    ///
    /// # Errors
    /// When they were sealed with a key that is gone.
    pub fn open_secrets(&self, stored: &Stored) -> anyhow::Result<BTreeMap<String, String>> {
        let context = secrets_context(stored.id);
        let opened = self.master_key.open(&stored.sealed_secrets, &context)?;
        Ok(serde_json::from_slice(&opened)?)
    }
}

fn secrets_context(id: SmsProviderId) -> String {
    format!("sms_provider:{id}")
}

/// See [`Parts`].
pub type State = Arc<Parts>;
