//! Which pipeline stages and fields of cards there are. Identity keeps no copy: crm is asked, and only when rights newly name some.

use std::collections::HashSet;
use std::time::Duration;

use access::Entity;
use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use api::crm::internal::v1::{CardKind, GetRuleCatalogueRequest, GetRuleCatalogueResponse};
use auth::Principal;
use auth::token::Grant;
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use tonic::transport::Channel;
use types::{AccountId, Language, StageId};
use uuid::Uuid;

use crate::keyring::KeyRing;
use crate::{Error, MIGRATIONS};

/// How long crm may take.
const DEADLINE: Duration = Duration::from_secs(3);

/// Asks crm what there is.
pub struct Catalogue {
    crm: CrmInternalServiceClient<Channel>,
    /// With which the token for crm is signed.
    keys: KeyRing,
}

/// What rights newly name.
#[derive(Debug, Default)]
pub struct Named {
    /// Stages of pipelines.
    pub stages: Vec<StageId>,
    /// Fields of cards.
    pub fields: Vec<NamedField>,
}

/// A field of cards that rights newly name.
#[derive(Debug)]
pub struct NamedField {
    /// Where it stands in the request.
    pub place: String,
    /// Of which cards.
    pub entity: Entity,
    /// Its name or id.
    pub key: String,
}

impl Catalogue {
    /// Over a channel to crm.
    #[must_use]
    pub fn new(crm: Channel, keys: KeyRing) -> Self {
        Self {
            crm: CrmInternalServiceClient::new(crm),
            keys,
        }
    }

    /// Refuses what the account does not have. Nobody is asked about nothing.
    ///
    /// # Errors
    /// `StageNotFound`; FIELD_INVALID with every field that is unknown; SERVICE_UNAVAILABLE when crm does not answer.
    pub async fn check(&self, account: AccountId, named: &Named) -> Result<(), Error> {
        if named.stages.is_empty() && named.fields.is_empty() {
            return Ok(());
        }
        let known = self.all(account).await?;
        let there = stages(&known);
        if let Some(stage) = named.stages.iter().find(|stage| !there.contains(stage)) {
            return Err(Error::StageNotFound(*stage));
        }
        let (there, mut unknown) = (fields(&known), Fields::new());
        for field in &named.fields {
            if !there.contains(&(field.entity, &field.key)) {
                unknown.reject(&field.place, "is no field of such cards");
            }
        }
        Ok(unknown.finish()?)
    }

    async fn all(&self, account: AccountId) -> Result<GetRuleCatalogueResponse, Error> {
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
        Ok(known.map_err(Refusal::service_unavailable)?.into_inner())
    }
}

fn stages(known: &GetRuleCatalogueResponse) -> HashSet<StageId> {
    let stages = known.pipelines.iter().flat_map(|it| &it.stages);
    let ids = stages.filter_map(|stage| Uuid::from_slice(&stage.stage_id).ok());
    ids.map(StageId::from).collect()
}

/// Deals and customers have their rights in common.
fn fields(known: &GetRuleCatalogueResponse) -> HashSet<(Entity, &String)> {
    let entity = |kind| match kind {
        CardKind::Contact => Some(Entity::Contacts),
        CardKind::Company => Some(Entity::Companies),
        CardKind::Deal | CardKind::Customer => Some(Entity::Deals),
        CardKind::Unspecified => None,
    };
    let kinds = known.card_fields.iter();
    let kinds = kinds.filter_map(|it| Some((entity(it.kind())?, &it.fields)));
    kinds
        .flat_map(|(entity, fields)| fields.iter().map(move |field| (entity, field)))
        .collect()
}
