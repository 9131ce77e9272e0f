//! Where a verifier learns keys and revocations: from identity over gRPC, or, inside identity, from its own store.

use std::future::Future;
use std::pin::Pin;

use api::identity::internal::v1::identity_internal_service_client::IdentityInternalServiceClient;
use api::identity::internal::v1::{GetJwksRequest, ListRevocationsRequest};
use tonic::Status;
use tonic::transport::Channel;
use uuid::Uuid;

/// What [`Source`] answers with.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Status>> + Send + 'a>>;

/// Sessions and keys that ended.
#[derive(Debug, Clone, Default)]
pub struct Revocations {
    /// Ids of sessions and API keys.
    pub subjects: Vec<Uuid>,
    /// Ask from here the next time.
    pub cursor: i64,
}

/// Where keys and revocations come from.
pub trait Source: Send + Sync + 'static {
    /// The public keys, as a JSON Web Key Set.
    fn jwks(&self) -> Answer<'_, String>;
    /// What ended since `cursor`; 0 asks for everything whose tokens may still live.
    fn revocations(&self, cursor: i64) -> Answer<'_, Revocations>;
}

/// Identity, over gRPC.
pub(crate) struct Remote(IdentityInternalServiceClient<Channel>);

impl Remote {
    pub(crate) fn new(identity: Channel) -> Self {
        Self(IdentityInternalServiceClient::new(identity))
    }
}

impl Source for Remote {
    fn jwks(&self) -> Answer<'_, String> {
        let mut client = self.0.clone();
        Box::pin(async move {
            let reply = client.get_jwks(GetJwksRequest {}).await?;
            Ok(reply.into_inner().jwks_json)
        })
    }

    fn revocations(&self, cursor: i64) -> Answer<'_, Revocations> {
        let mut client = self.0.clone();
        Box::pin(async move {
            let reply = client
                .list_revocations(ListRevocationsRequest { cursor })
                .await?
                .into_inner();
            let subjects = reply
                .subject_ids
                .iter()
                .filter_map(|id| Uuid::from_slice(id).ok())
                .collect();
            Ok(Revocations {
                subjects,
                cursor: reply.cursor,
            })
        })
    }
}
