//! What identity says of accounts, believed for a few seconds.

use std::sync::Arc;
use std::time::Duration;

use api::identity::internal::v1::GetAccountStateRequest;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use auth::ServiceChannel;
use kit::Refusal;
use quick_cache::sync::Cache;
use time::OffsetDateTime;
use tonic::Request;
use types::{AccountId, Clock};

/// How long identity may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);
/// How long its word is believed.
const FRESH: Duration = Duration::from_secs(5);
/// Accounts remembered at once.
const REMEMBERED: usize = 10_000;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Does its plan include the cabinet? (CAB-05)
    pub has_cabinet: bool,
    /// BCP 47 language.
    pub language: String,
}

/// Accounts as identity knows them.
#[derive(Clone)]
pub struct Accounts {
    identity: IdentityInternalServiceClient<ServiceChannel>,
    clock: Clock,
    known: Arc<Cache<AccountId, (Arc<Account>, OffsetDateTime)>>,
}

impl Accounts {
    /// Asked over this channel.
    #[must_use]
    pub fn new(identity: ServiceChannel, clock: Clock) -> Self {
        Self {
            identity: IdentityInternalServiceClient::new(identity),
            clock,
            known: Arc::new(Cache::new(REMEMBERED)),
        }
    }

    /// An account.
    ///
    /// # Errors
    /// SERVICE_UNAVAILABLE when identity does not answer.
    pub async fn get(&self, account: AccountId) -> Result<Arc<Account>, Refusal> {
        let now = self.clock.now();
        if let Some((known, read)) = self.known.get(&account)
            && now < read + FRESH
        {
            return Ok(known);
        }
        let mut request = Request::new(GetAccountStateRequest {
            account_id: account.uuid().as_bytes().to_vec(),
        });
        request.set_timeout(DEADLINE);
        let reply = self.identity.clone().get_account_state(request).await;
        let reply = reply.map_err(Refusal::service_unavailable)?.into_inner();
        let known = Arc::new(Account {
            has_cabinet: reply.client_cabinet,
            language: reply.language,
        });
        self.known.insert(account, (Arc::clone(&known), now));
        Ok(known)
    }
}
