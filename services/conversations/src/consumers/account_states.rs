//! The state of an account: this service's own copy, else identity's word.

use std::time::Duration;

use api::identity::internal::v1::GetAccountStateRequest;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use auth::{AccountScope, ServiceChannel};
use kit::Refusal;
use pg::Db;
use tonic::Request;

use crate::domain::account::AccountState;
use crate::store::accounts;

/// How long identity may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// Says what an account may. The copy is filled by events; only of an account whose first event is still on its way
/// identity is asked.
#[derive(Debug, Clone)]
pub struct AccountStates {
    db: Db,
    identity: IdentityInternalServiceClient<ServiceChannel>,
}

impl AccountStates {
    /// Over the database and a channel to identity.
    #[must_use]
    pub fn new(db: Db, identity: ServiceChannel) -> Self {
        Self {
            db,
            identity: IdentityInternalServiceClient::new(identity),
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
        })
    }
}
