//! A double of identity for the tests of one other service: it signs tokens with a key of its own, knows accounts, members and
//! rights, and tells events. In the place of crm it also knows contacts and stages.

mod contacts;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use api::crm::internal::v1::SentMessage;
use api::crm::internal::v1::crm_internal_service_server::CrmInternalServiceServer;
use api::events::internal::v1::event_log_service_server::{EventLogService, EventLogServiceServer};
use api::events::internal::v1::{
    Event, GetPositionsRequest, GetPositionsResponse, ReadEventsRequest, ReadEventsResponse,
};
use api::identity::internal::v1::identity_internal_service_server::{
    IdentityInternalService, IdentityInternalServiceServer,
};
use api::identity::internal::v1::{
    AccountRights, ExchangeApiKeyRequest, ExchangeApiKeyResponse, GetAccountRightsRequest,
    GetAccountRightsResponse, GetAccountStateRequest, GetAccountStateResponse, GetJwksRequest,
    GetJwksResponse, IssueServiceTokenRequest, IssueServiceTokenResponse, ListRevocationsRequest,
    ListRevocationsResponse, RecordErasureRequest, RecordErasureResponse,
};
use auth::Principal;
use auth::token::{Grant, SigningKey, jwks_json};
use kit::Refusal;
use kit::lifecycle::Lifecycle;
use ring::signature::{Ed25519KeyPair, KeyPair};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use types::{AccountId, Clock, FieldId, Language, StageId};

const SEED: [u8; 32] = [7; 32];

/// The secret of the service under test.
pub const SECRET: &str = "secret of the service under test";

/// The double, as the server and as the test's handle to it.
#[derive(Clone)]
pub struct Identity {
    /// The one service that has [`SECRET`].
    service: &'static str,
    key: Arc<SigningKey>,
    clock: Clock,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    accounts: HashMap<AccountId, AccountRights>,
    /// Accounts without a subscription; every other has one.
    unpaid: HashSet<AccountId>,
    /// Accounts whose plan is a small one; every other has the largest.
    basic: HashSet<AccountId>,
    /// How often the state of an account was asked.
    asked: usize,
    /// Erasures that the audit log was told of.
    erasures: BTreeSet<Vec<u8>>,
    log: HashMap<u32, Vec<Event>>,
    contacts: Vec<contacts::Contact>,
    /// Stages of pipelines.
    stages: Vec<(AccountId, StageId)>,
    /// Fields of deals.
    fields: Vec<(AccountId, FieldId)>,
    /// What crm was told of messages.
    sent: Vec<(AccountId, SentMessage)>,
}

impl Identity {
    /// Starts it for a service, until the life ends; also says where it listens.
    pub async fn start(service: &'static str, clock: Clock, life: &Lifecycle) -> (Self, String) {
        let key = Arc::new(SigningKey::new("test".to_owned(), &SEED));
        let identity = Self {
            service,
            key,
            clock,
            known: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let server = tonic::transport::Server::builder()
            .add_service(IdentityInternalServiceServer::new(identity.clone()))
            .add_service(EventLogServiceServer::new(identity.clone()))
            .add_service(CrmInternalServiceServer::new(identity.clone()))
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

    /// A token of this principal.
    #[must_use]
    pub fn token(&self, principal: Principal) -> String {
        let grant = Grant::new(principal, Language::En);
        self.key.sign(&grant, self.clock.now()).expect("a token").0
    }

    /// Members and rights of an account, as they are now; no event tells of it.
    pub fn know(&self, account: AccountId, rights: AccountRights) {
        self.with(|known| known.accounts.insert(account, rights));
    }

    /// From now on the account has no subscription; no event tells of it.
    pub fn unpaid(&self, account: AccountId) {
        self.with(|known| known.unpaid.insert(account));
    }

    /// From now on the account has the smallest plan; no event tells of it.
    pub fn basic(&self, account: AccountId) {
        self.with(|known| known.basic.insert(account));
    }

    /// How often the state of an account was asked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.with(|known| known.asked)
    }

    /// Of how many erasures the audit log was told.
    #[must_use]
    pub fn erasures(&self) -> usize {
        self.with(|known| known.erasures.len())
    }

    /// Something happened in an account.
    pub fn tell(&self, account: AccountId, kind: &str, payload: Vec<u8>) {
        let shard = u32::from(events::shard_of(account));
        self.with(|known| {
            let log = known.log.entry(shard).or_default();
            log.push(Event {
                shard,
                position: i64::try_from(log.len()).expect("few") + 1,
                account_id: account.uuid().as_bytes().to_vec(),
                aggregate_id: account.uuid().as_bytes().to_vec(),
                kind: kind.to_owned(),
                payload: payload.into(),
                ..Event::default()
            });
        });
    }

    fn with<T>(&self, action: impl FnOnce(&mut Known) -> T) -> T {
        action(&mut self.known.lock().expect("no panic in the double"))
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
        // A service that is a connector as well has a second name for it.
        let name = service.strip_prefix("connector-").unwrap_or(&service);
        let own = service == self.service || name == self.service;
        if !own || secret != SECRET {
            return Err(Refusal::credentials_invalid().into());
        }
        let grant = Grant::new(Principal::Service { name: service }, Language::En);
        let (access_token, expires) = self.key.sign(&grant, self.clock.now())?;
        let access_expire_time = Some(kit::time::to_proto(expires));
        Ok(Response::new(IssueServiceTokenResponse {
            access_token,
            access_expire_time,
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
        request: Request<GetAccountStateRequest>,
    ) -> Result<Response<GetAccountStateResponse>, Status> {
        let account = account_of(&request, &request.get_ref().account_id);
        let (subscription_active, message_search) = self.with(|known| {
            known.asked += 1;
            (
                !known.unpaid.contains(&account),
                !known.basic.contains(&account),
            )
        });
        Ok(Response::new(GetAccountStateResponse {
            subscription_active,
            imbox_enabled: true,
            language: "en".to_owned(),
            message_search,
            client_cabinet: message_search,
            nps: None,
            feed_bot_name: String::new(),
        }))
    }

    async fn get_account_rights(
        &self,
        request: Request<GetAccountRightsRequest>,
    ) -> Result<Response<GetAccountRightsResponse>, Status> {
        let account = account_of(&request, &request.get_ref().account_id);
        let rights = self.with(|known| known.accounts.get(&account).cloned());
        Ok(Response::new(GetAccountRightsResponse { rights }))
    }

    async fn record_erasure(
        &self,
        request: Request<RecordErasureRequest>,
    ) -> Result<Response<RecordErasureResponse>, Status> {
        account_of(&request, &request.get_ref().account_id);
        let id = request.into_inner().erasure_id;
        self.with(|known| known.erasures.insert(id));
        Ok(Response::new(RecordErasureResponse {}))
    }
}

/// The account that a service asks about.
fn account_of<T>(request: &Request<T>, id: &[u8]) -> AccountId {
    assert!(
        request.metadata().contains_key("authorization"),
        "services say who they are"
    );
    uuid::Uuid::from_slice(id).expect("an account").into()
}

#[tonic::async_trait]
impl EventLogService for Identity {
    async fn read_events(
        &self,
        request: Request<ReadEventsRequest>,
    ) -> Result<Response<ReadEventsResponse>, Status> {
        let ReadEventsRequest {
            shard,
            after_position,
            ..
        } = request.into_inner();
        let after = |event: &&Event| event.position > after_position;
        let events = self.with(|known| {
            known
                .log
                .get(&shard)
                .into_iter()
                .flatten()
                .filter(after)
                .cloned()
                .collect()
        });
        Ok(Response::new(ReadEventsResponse { events }))
    }

    async fn get_positions(
        &self,
        _: Request<GetPositionsRequest>,
    ) -> Result<Response<GetPositionsResponse>, Status> {
        let newest = |known: &mut Known, shard| {
            known
                .log
                .get(&shard)
                .and_then(|log| log.last())
                .map_or(0, |event| event.position)
        };
        let positions = self.with(|known| {
            (0..u32::from(events::SHARDS))
                .map(|shard| newest(known, shard))
                .collect()
        });
        Ok(Response::new(GetPositionsResponse { positions }))
    }
}
