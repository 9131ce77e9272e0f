//! Who calls, with the rights that hold now.
//!
//! Identity tells members and rules of an account by events ([`crate::consumers`]); each transaction reads the epoch of this
//! service's copy, so that a change that has arrived counts at once. Snapshots and compiled rights are kept in memory by
//! epoch. Of an account or employee whose first event is still on its way identity is asked.

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

use crate::Error;
use crate::consumers::snapshot;
use crate::domain::timeline::Author;
use crate::domain::viewer::Viewer;
use crate::store::account_rights;

/// How long identity may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);
/// How many accounts are kept in memory.
const ACCOUNTS: usize = 1_000;
/// How many employees.
const USERS: usize = 10_000;

/// An employee at an epoch of their account.
type UserEpoch = (AccountId, UserId, i64);

/// Says who calls and what they may.
#[derive(Clone)]
pub struct Viewers {
    identity: IdentityInternalServiceClient<ServiceChannel>,
    accounts: Arc<Cache<AccountId, Arc<AccountRights>>>,
    rights: Arc<Cache<UserEpoch, Arc<Rights>>>,
}

impl Viewers {
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
        let scope = caller.scope()?;
        let account = scope.account();
        let knows = |known: &AccountRights| match caller.principal() {
            Principal::Employee { user, .. } => known.members.contains_key(user),
            Principal::Program { .. } | Principal::Service { .. } => true,
        };
        if self
            .accounts
            .get(&account)
            .is_some_and(|known| knows(&known))
        {
            return Ok(());
        }
        let viewers = self.clone();
        let stored = db.tx(scope, move |tx| {
            Box::pin(async move { viewers.account(tx, account).await })
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
            return Err(Error::RightsUnknown);
        };
        let (epoch, bytes) = (rights.epoch, rights.encode_to_vec());
        db.tx(scope, move |tx| {
            Box::pin(async move { account_rights::keep(tx, account, epoch, &bytes).await })
        })
        .await?;
        Ok(())
    }

    /// The caller, with the rights that hold in this transaction.
    ///
    /// # Errors
    /// PERMISSION_MISSING for whoever is switched off, `RightsUnknown`, or when the database fails.
    pub async fn viewer(
        &self,
        tx: &mut Tx,
        id: AccountId,
        caller: &Caller,
    ) -> Result<Viewer, Error> {
        let account = self.account(tx, id).await?;
        let (author, rights) = match caller.principal() {
            Principal::Employee { user, name, .. } => {
                let known = account.as_ref().ok_or(Error::RightsUnknown)?;
                let author = Author {
                    id: user.to_string(),
                    name: name.clone(),
                };
                (author, self.rights_of(id, known, *user)?)
            }
            Principal::Program { key, .. } => {
                let author = Author {
                    id: key.to_string(),
                    name: String::new(),
                };
                (author, Arc::new(Rights::everything()))
            }
            Principal::Service { .. } => return Err(Refusal::permission_missing("account").into()),
        };
        Ok(Viewer {
            author,
            rights,
            account,
        })
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
            return Err(Error::RightsUnknown);
        }
        let rights = known
            .rights_of(user)
            .ok_or_else(|| Refusal::permission_missing("account"))?;
        let rights = Arc::new(rights);
        self.rights.insert(key, Arc::clone(&rights));
        Ok(rights)
    }

    async fn account(
        &self,
        tx: &mut Tx,
        id: AccountId,
    ) -> Result<Option<Arc<AccountRights>>, Error> {
        let Some(epoch) = account_rights::epoch(tx, id).await? else {
            return Ok(None);
        };
        if let Some(known) = self.accounts.get(&id).filter(|known| known.epoch == epoch) {
            return Ok(Some(known));
        }
        let Some(bytes) = account_rights::snapshot(tx, id).await? else {
            return Ok(None);
        };
        let (_, account) = snapshot::decode(&bytes)
            .map_err(|problem| Refusal::internal(anyhow::anyhow!(problem)))?;
        let account = Arc::new(account);
        self.accounts.insert(id, Arc::clone(&account));
        Ok(Some(account))
    }
}
