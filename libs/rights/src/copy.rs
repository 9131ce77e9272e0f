//! Who calls, with the rights that hold now.

use std::sync::Arc;
use std::time::Duration;

use access::{AccountRights, Rights};
use api::identity::internal::v1::GetAccountRightsRequest;
use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use auth::{AccountScope, Caller, Principal, ServiceChannel};
use kit::Refusal;
use pg::{Db, Tx};
use prost::Message;
use quick_cache::sync::Cache;
use tonic::Request;
use types::{AccountId, UserId};

use crate::{Error, snapshot, store};

/// How long identity may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);
/// How many accounts are kept in memory.
const ACCOUNTS: usize = 1_000;
/// How many employees.
const USERS: usize = 10_000;

/// An employee at an epoch of their account.
type UserEpoch = (AccountId, UserId, i64);

/// Somebody with their rights.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Their effective rights.
    pub rights: Arc<Rights>,
    /// Who works in the account; `None` while identity has not told yet.
    pub account: Option<Arc<AccountRights>>,
}

/// Says who calls and what they may. Cheap to clone.
#[derive(Clone)]
pub struct RightsCopy {
    identity: IdentityInternalServiceClient<ServiceChannel>,
    accounts: Arc<Cache<AccountId, Arc<AccountRights>>>,
    rights: Arc<Cache<UserEpoch, Arc<Rights>>>,
}

impl RightsCopy {
    /// Over a channel to identity.
    #[must_use]
    pub fn new(identity: ServiceChannel) -> Self {
        Self {
            identity: IdentityInternalServiceClient::new(identity),
            accounts: Arc::new(Cache::new(ACCOUNTS)),
            rights: Arc::new(Cache::new(USERS)),
        }
    }

    /// Makes sure that the caller's account, and the caller in it, are known: asks identity where no event has told yet.
    ///
    /// # Errors
    /// When the database fails, or SERVICE_UNAVAILABLE when identity has to be asked and does not answer.
    pub async fn prepare(&self, db: &Db, caller: &Caller) -> Result<(), Error> {
        let knows = |known: &AccountRights| match caller.principal() {
            Principal::Employee { user, .. } => known.members.contains_key(user),
            Principal::Program { .. } | Principal::Service { .. } => true,
        };
        self.prepare_until(db, caller.scope()?, knows).await
    }

    /// Makes sure that an account is known: asks identity where no event has told yet.
    ///
    /// # Errors
    /// As [`RightsCopy::prepare`].
    pub async fn prepare_account(&self, db: &Db, scope: AccountScope) -> Result<(), Error> {
        self.prepare_until(db, scope, |_| true).await
    }

    async fn prepare_until(
        &self,
        db: &Db,
        scope: AccountScope,
        knows: impl Fn(&AccountRights) -> bool,
    ) -> Result<(), Error> {
        let account = scope.account();
        if self
            .accounts
            .get(&account)
            .is_some_and(|known| knows(&known))
        {
            return Ok(());
        }
        let copy = self.clone();
        let stored = db.tx(scope, move |tx| {
            Box::pin(async move { copy.account(tx, account).await })
        });
        match stored.await? {
            Some(known) if knows(&known) => Ok(()),
            _ => self.ask(db, scope).await,
        }
    }

    async fn ask(&self, db: &Db, scope: AccountScope) -> Result<(), Error> {
        let account = scope.account();
        let mut request = Request::new(GetAccountRightsRequest {
            account_id: account.uuid().as_bytes().to_vec(),
        });
        request.set_timeout(DEADLINE);
        let reply = self.identity.clone().get_account_rights(request).await;
        let reply = reply.map_err(Refusal::service_unavailable)?.into_inner();
        let Some(rights) = reply.rights else {
            return Err(Error::Unknown);
        };
        let (epoch, bytes) = (rights.epoch, rights.encode_to_vec());
        db.tx(scope, move |tx| {
            Box::pin(async move { store::keep(tx, account, epoch, &bytes).await })
        })
        .await?;
        Ok(())
    }

    /// The caller, with the rights that hold in this transaction.
    ///
    /// # Errors
    /// PERMISSION_MISSING for whoever is switched off and for services, `Unknown`, or when the database fails.
    pub async fn viewer(&self, tx: &mut Tx, caller: &Caller) -> Result<Viewer, Error> {
        let account = self.account(tx, caller.scope()?.account()).await?;
        self.viewer_in(account, caller)
    }

    /// The caller, with the rights that hold in an account as [`RightsCopy::account`] gave it for theirs.
    ///
    /// # Errors
    /// PERMISSION_MISSING for whoever is switched off and for services, or `Unknown`.
    pub fn viewer_in(
        &self,
        account: Option<Arc<AccountRights>>,
        caller: &Caller,
    ) -> Result<Viewer, Error> {
        let id = caller.scope()?.account();
        let rights = match caller.principal() {
            Principal::Employee { user, .. } => {
                let known = account.as_ref().ok_or(Error::Unknown)?;
                self.rights_of(id, known, *user)?
            }
            Principal::Program { .. } => Arc::new(Rights::everything()),
            Principal::Service { .. } => return Err(Refusal::permission_missing("account").into()),
        };
        Ok(Viewer { rights, account })
    }

    fn rights_of(
        &self,
        id: AccountId,
        known: &AccountRights,
        user: UserId,
    ) -> Result<Arc<Rights>, Error> {
        let key = (id, user, known.epoch);
        if let Some(rights) = self.rights.get(&key) {
            return Ok(rights);
        }
        if !known.members.contains_key(&user) {
            return Err(Error::Unknown);
        }
        let rights = known
            .rights_of(user)
            .ok_or_else(|| Refusal::permission_missing("account"))?;
        let rights = Arc::new(rights);
        self.rights.insert(key, Arc::clone(&rights));
        Ok(rights)
    }

    /// An account's members and rules; `None` while identity has not told of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(
        &self,
        tx: &mut Tx,
        id: AccountId,
    ) -> Result<Option<Arc<AccountRights>>, Error> {
        let Some(epoch) = store::epoch(tx, id).await? else {
            return Ok(None);
        };
        if let Some(known) = self.accounts.get(&id).filter(|known| known.epoch == epoch) {
            return Ok(Some(known));
        }
        let Some(bytes) = store::snapshot(tx, id).await? else {
            return Ok(None);
        };
        let (_, account) = snapshot::decode(&bytes)
            .map_err(|problem| Refusal::internal(anyhow::anyhow!(problem)))?;
        let account = Arc::new(account);
        self.accounts.insert(id, Arc::clone(&account));
        Ok(Some(account))
    }
}

impl std::fmt::Debug for RightsCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RightsCopy")
    }
}
