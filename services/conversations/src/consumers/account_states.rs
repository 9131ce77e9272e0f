//! The state of an account: this service's own copy, else identity's word.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::identity::internal::v1::GetAccountStateRequest;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use auth::{AccountScope, ServiceChannel};
use kit::Refusal;
use pg::Db;
use quick_cache::sync::Cache;
use tonic::Request;
use types::AccountId;

use super::account_changed::survey;
use crate::domain::account::AccountState;
use crate::store::accounts;

/// How long identity may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// How long imBox counts as on after it was seen to be.
const BELIEVED: Duration = Duration::from_secs(1);

/// Accounts kept at most; the least used go first.
const ACCOUNTS: usize = 10_000;

/// Says what an account may. The copy is filled by events; only of an account whose first event is still on its way
/// identity is asked.
#[derive(Clone)]
pub struct AccountStates {
    db: Db,
    identity: IdentityInternalServiceClient<ServiceChannel>,
    /// When imBox was last seen to be on.
    imbox: Arc<Cache<AccountId, Instant>>,
}

impl std::fmt::Debug for AccountStates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountStates({} with imBox)", self.imbox.len())
    }
}

impl AccountStates {
    /// Over the database and a channel to identity.
    #[must_use]
    pub fn new(db: Db, identity: ServiceChannel) -> Self {
        Self {
            db,
            identity: IdentityInternalServiceClient::new(identity),
            imbox: Arc::new(Cache::new(ACCOUNTS)),
        }
    }

    /// May the account send messages? (CHW-54) Ask before the transaction: it may call identity.
    ///
    /// # Errors
    /// When the database fails, or SERVICE_UNAVAILABLE when identity has to be asked and does not answer.
    pub async fn subscription_active(&self, scope: AccountScope) -> Result<bool, Refusal> {
        self.state(scope)
            .await
            .map(|state| state.subscription_active)
    }

    /// Refuses where imBox is off (CNV-10). Ask before the transaction: it may call identity. That it is on is believed for
    /// [`BELIEVED`], because every page of a list asks.
    ///
    /// # Errors
    /// IMBOX_DISABLED; else as [`AccountStates::subscription_active`].
    pub async fn require_imbox(&self, scope: AccountScope) -> Result<(), Refusal> {
        let account = scope.account();
        let seen = self.imbox.get(&account);
        if seen.is_some_and(|seen| seen.elapsed() < BELIEVED) {
            return Ok(());
        }
        if !self.state(scope).await?.imbox_enabled {
            return Err(Refusal::imbox_disabled());
        }
        self.imbox.insert(account, Instant::now());
        Ok(())
    }

    /// The account's state. Ask before the transaction: it may call identity.
    ///
    /// # Errors
    /// As [`AccountStates::subscription_active`].
    pub async fn state(&self, scope: AccountScope) -> Result<AccountState, Refusal> {
        let known = self.db.tx(scope, move |tx| {
            Box::pin(async move { accounts::state(tx, scope).await })
        });
        match known.await? {
            Some(state) => Ok(state),
            None => self.ask(scope).await,
        }
    }

    async fn ask(&self, scope: AccountScope) -> Result<AccountState, Refusal> {
        let mut request = Request::new(GetAccountStateRequest {
            account_id: scope.account().uuid().as_bytes().to_vec(),
        });
        request.set_timeout(DEADLINE);
        let reply = self
            .identity
            .clone()
            .get_account_state(request)
            .await
            .map_err(Refusal::service_unavailable)?
            .into_inner();
        Ok(AccountState {
            subscription_active: reply.subscription_active,
            imbox_enabled: reply.imbox_enabled,
            language: reply.language,
            message_search: reply.message_search,
            nps: survey(reply.nps.unwrap_or_default()),
            feed_bot_name: reply.feed_bot_name,
        })
    }
}
