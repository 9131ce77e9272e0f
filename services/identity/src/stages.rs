//! Which pipeline stages there are. Identity keeps no copy: crm is asked, and only when rights newly name one.

use std::collections::HashSet;
use std::time::Duration;

use api::crm::internal::v1::GetRuleCatalogueRequest;
use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use auth::Principal;
use auth::token::Grant;
use kit::Refusal;
use tonic::Request;
use tonic::transport::Channel;
use types::{AccountId, Language, StageId};
use uuid::Uuid;

use crate::keyring::KeyRing;
use crate::{Error, MIGRATIONS};

/// How long crm may take.
const DEADLINE: Duration = Duration::from_secs(3);

/// Asks crm for stages.
pub struct Stages {
    crm: CrmInternalServiceClient<Channel>,
    /// With which the token for crm is signed.
    keys: KeyRing,
}

impl Stages {
    /// Over a channel to crm.
    #[must_use]
    pub fn new(crm: Channel, keys: KeyRing) -> Self {
        Self {
            crm: CrmInternalServiceClient::new(crm),
            keys,
        }
    }

    /// Refuses stages that the account does not have. Nobody is asked about none.
    ///
    /// # Errors
    /// `StageNotFound`; SERVICE_UNAVAILABLE when crm does not answer.
    pub async fn check(&self, account: AccountId, named: &[StageId]) -> Result<(), Error> {
        if named.is_empty() {
            return Ok(());
        }
        let there = self.all(account).await?;
        match named.iter().find(|stage| !there.contains(stage)) {
            Some(stage) => Err(Error::StageNotFound(*stage)),
            None => Ok(()),
        }
    }

    async fn all(&self, account: AccountId) -> Result<HashSet<StageId>, Error> {
        let principal = Principal::Service {
            name: MIGRATIONS.service.to_owned(),
        };
        let (token, _) = self.keys.sign(&Grant::new(principal, Language::En))?;
        let mut request = Request::new(GetRuleCatalogueRequest {
            account_id: account.uuid().as_bytes().to_vec(),
        });
        request.set_timeout(DEADLINE);
        let bearer = format!("Bearer {token}").parse();
        let bearer = bearer.map_err(|_| Error::Defect("a token that is no header"))?;
        request.metadata_mut().insert("authorization", bearer);
        let known = self.crm.clone().get_rule_catalogue(request).await;
        let known = known.map_err(Refusal::service_unavailable)?.into_inner();
        let stages = known.pipelines.iter().flat_map(|it| &it.stages);
        let ids = stages.filter_map(|stage| Uuid::from_slice(&stage.stage_id).ok());
        Ok(ids.map(StageId::from).collect())
    }
}
