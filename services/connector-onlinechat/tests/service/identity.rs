//! A double of identity: it signs tokens with a key of its own and knows no revocations.

use std::sync::Arc;

use api::identity::internal::v1::identity_internal_service_server::{
    IdentityInternalService, IdentityInternalServiceServer,
};
use api::identity::internal::v1::{
    ExchangeApiKeyRequest, ExchangeApiKeyResponse, GetAccountStateRequest, GetAccountStateResponse,
    GetJwksRequest, GetJwksResponse, IssueServiceTokenRequest, IssueServiceTokenResponse,
    ListRevocationsRequest, ListRevocationsResponse,
};
use auth::Principal;
use auth::token::{Grant, SigningKey, jwks_json};
use kit::Refusal;
use kit::lifecycle::Lifecycle;
use ring::signature::{Ed25519KeyPair, KeyPair};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use types::{Clock, Language};

const SEED: [u8; 32] = [7; 32];
pub const SECRET: &str = "secret of connector-onlinechat";

#[derive(Clone)]
pub struct Identity {
    key: Arc<SigningKey>,
    clock: Clock,
}

impl Identity {
    pub async fn start(clock: Clock, life: &Lifecycle) -> (Self, String) {
        let key = Arc::new(SigningKey::new("test".to_owned(), &SEED));
        let identity = Self { key, clock };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let server = tonic::transport::Server::builder()
            .add_service(IdentityInternalServiceServer::new(identity.clone()))
            .serve_with_incoming_shutdown(
                TcpListenerStream::new(listener),
                life.stopping().cancelled_owned(),
            );
        life.spawn(
            "identity",
            async move { server.await.expect("identity serves") },
        );
        (identity, address)
    }

    pub fn token(&self, principal: Principal) -> String {
        let grant = Grant::new(principal, Language::En);
        self.key.sign(&grant, self.clock.now()).expect("a token").0
    }
}

#[tonic::async_trait]
impl IdentityInternalService for Identity {
    async fn get_jwks(
        &self,
        _: Request<GetJwksRequest>,
    ) -> Result<Response<GetJwksResponse>, Status> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key pair");
        let jwks_json = jwks_json([("test", pair.public_key().as_ref())]);
        Ok(Response::new(GetJwksResponse { jwks_json }))
    }

    async fn issue_service_token(
        &self,
        request: Request<IssueServiceTokenRequest>,
    ) -> Result<Response<IssueServiceTokenResponse>, Status> {
        let IssueServiceTokenRequest { service, secret } = request.into_inner();
        if (service.as_str(), secret.as_str()) != ("connector-onlinechat", SECRET) {
            return Err(Refusal::credentials_invalid().into());
        }
        let grant = Grant::new(Principal::Service { name: service }, Language::En);
        let (access_token, expires) = self.key.sign(&grant, self.clock.now())?;
        Ok(Response::new(IssueServiceTokenResponse {
            access_token,
            access_expire_time: Some(kit::time::to_proto(expires)),
        }))
    }

    async fn exchange_api_key(
        &self,
        _: Request<ExchangeApiKeyRequest>,
    ) -> Result<Response<ExchangeApiKeyResponse>, Status> {
        Err(Refusal::method_unknown().into())
    }

    async fn list_revocations(
        &self,
        request: Request<ListRevocationsRequest>,
    ) -> Result<Response<ListRevocationsResponse>, Status> {
        let cursor = request.into_inner().cursor.max(1);
        Ok(Response::new(ListRevocationsResponse {
            subject_ids: Vec::new(),
            cursor,
        }))
    }

    async fn get_account_state(
        &self,
        _: Request<GetAccountStateRequest>,
    ) -> Result<Response<GetAccountStateResponse>, Status> {
        Err(Refusal::method_unknown().into())
    }
}
