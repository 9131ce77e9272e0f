//! Contacts by what only crm keeps of them: telephone numbers and names in messengers.

use std::collections::BTreeMap;
use std::time::Duration;

use access::Entity;
use api::conversations::v1::ChatMatch;
use api::crm::internal::v1::FindContactsRequest;
use api::crm::internal::v1::crm_internal_service_client::CrmInternalServiceClient;
use auth::{AccountScope, ServiceChannel};
use kit::Refusal;
use tonic::Request;
use uuid::Uuid;

use crate::domain::card::Viewer;
use crate::domain::search::ChatQuery;

/// How long crm may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// Contacts, and by what each was found.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    /// In the order of their ids.
    pub found: BTreeMap<Uuid, ChatMatch>,
    /// There are more.
    pub more: bool,
}

/// Asks crm, before any transaction.
///
/// # Errors
/// SERVICE_UNAVAILABLE when crm does not answer.
pub async fn find(
    mut crm: CrmInternalServiceClient<ServiceChannel>,
    scope: AccountScope,
    query: &ChatQuery,
) -> Result<Contacts, Refusal> {
    let mut request = Request::new(FindContactsRequest {
        account_id: scope.account().uuid().as_bytes().to_vec(),
        digits: query.digits.clone().unwrap_or_default(),
        name: query.text.clone(),
    });
    request.set_timeout(DEADLINE);
    let reply = crm.find_contacts(request).await;
    let reply = reply.map_err(Refusal::service_unavailable)?.into_inner();
    let of = |ids: Vec<Vec<u8>>, by: ChatMatch| {
        let ids = ids.into_iter();
        ids.filter_map(move |id| Some((Uuid::from_slice(&id).ok()?, by)))
    };
    let names = of(reply.by_name, ChatMatch::Messenger);
    let phones = of(reply.by_digits, ChatMatch::Phone);
    Ok(Contacts {
        found: names.chain(phones).collect(),
        more: reply.more,
    })
}

impl Contacts {
    /// Takes out what was found by fields that the viewer may not read: nobody finds out by a search what they may not see.
    pub fn keep_readable(&mut self, viewer: &Viewer) {
        let reads = |field| viewer.rights.field(Entity::Contacts, field).is_readable();
        let (phones, messengers) = (reads("phones"), reads("messengers"));
        self.found.retain(|_, by| match by {
            ChatMatch::Phone => phones,
            ChatMatch::Messenger => messengers,
            ChatMatch::Name | ChatMatch::Unspecified => false,
        });
    }
}
