//! amoCRM (API v4): portals that accounts connected by OAuth.
//!
//! - `oauth`: connecting, and renewing tokens: the new pair is stored before it is used, and one replica at a time renews.
//! - `api`: a call: it waits for its turn among all replicas, carries the token, and says what an answer means ([`Failure`]).
//! - `queue`, `shared`: clients who want the same at the same time share a call.
//! - `catalogue`, `look_up`: reading. `apply`: writing. amoCRM has no keys by which a repeated write would be known, so what may have been done is
//!   looked for by a mark before it is asked for again: deals and contacts carry the step's id in a field of Beseda's own, unsorted records
//!   in `source_uid`; tasks and notes are known by their text in the deal.
//!
//! What belongs together here and there (client and contact, conversation and deal) is kept in `store::portal_links`.

mod api;
mod apply;
mod bodies;
mod catalogue;
mod failure;
mod look_up;
mod oauth;
mod queue;
mod shared;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use kit::secrets::MasterKey;
use pg::Db;
use reqwest::Client;
use reqwest::redirect::Policy;
use rules::{Catalogue, Known};
use secrecy::SecretString;
use types::{AccountId, Clock, PortalId};
use url::Url;

use super::{CrmTarget, Due, Journal, Question};
use crate::domain::client;
use crate::domain::fault::Fault;
use crate::domain::run::Run;

pub use failure::Failure;
pub use oauth::Grant;

/// How long a portal may take to be connected to.
const CONNECT_TIME: Duration = Duration::from_secs(3);

/// As what an installation is registered with amoCRM.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Id of the registered integration.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Where amoCRM sends the administrator's browser back to, as it is registered.
    pub return_url: String,
    /// The page where an administrator says which portal.
    pub authorize_url: Url,
    /// Where the API of all portals is, each below it by its host; without it each portal is asked under its host.
    pub api_url: Option<Url>,
    /// How long a call may take.
    pub patience: Duration,
    /// How long after a call without an answer what is not there is believed never to come.
    pub settle: Duration,
}

impl Registration {
    /// How long a call usually may take.
    pub const PATIENCE: Duration = Duration::from_secs(10);
    /// After this amoCRM's search has usually taken in what was made.
    pub const SETTLE: Duration = Duration::from_secs(20);

    /// The page of amoCRM's Russian site.
    #[must_use]
    pub fn usual_page() -> Url {
        #[expect(clippy::unwrap_used, reason = "the address is written here")]
        Url::parse("https://www.amocrm.ru/oauth").unwrap()
    }
}

/// All portals.
pub struct Amo {
    http: Client,
    db: Db,
    clock: Clock,
    key: MasterKey,
    registration: Option<Registration>,
    shared: shared::Shared,
}

impl Amo {
    /// Over a database; without a registration nothing can be connected.
    ///
    /// # Errors
    /// When the certificates of the system cannot be read.
    pub fn new(
        db: Db,
        clock: Clock,
        key: MasterKey,
        registration: Option<Registration>,
    ) -> reqwest::Result<Self> {
        // Whoever came first has set it.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        // Redirects are not followed: they would take the token along.
        let http = Client::builder()
            .user_agent(concat!("Beseda/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIME)
            .build()?;
        Ok(Self {
            http,
            db,
            clock,
            key,
            registration,
            shared: shared::Shared::default(),
        })
    }

    /// As what the installation is registered.
    #[must_use]
    pub fn registration(&self) -> Option<&Registration> {
        self.registration.as_ref()
    }

    /// One portal.
    #[must_use]
    pub fn portal(self: &Arc<Self>, account: AccountId, portal: PortalId) -> Portal {
        Portal {
            amo: Arc::clone(self),
            account,
            id: portal,
        }
    }
}

/// One portal of an account.
pub struct Portal {
    amo: Arc<Amo>,
    account: AccountId,
    id: PortalId,
}

#[tonic::async_trait]
impl CrmTarget for Portal {
    async fn catalogue(&self, _: AccountId) -> Result<Catalogue, Fault> {
        Ok(self.read_catalogue().await?)
    }

    async fn look_up(&self, client: &client::Client, question: &Question) -> Result<Known, Fault> {
        Ok(self.known(client, question).await?)
    }

    async fn apply(
        &self,
        client: &client::Client,
        run: &mut Run,
        due: &Due,
        journal: &dyn Journal,
    ) -> Result<(), Fault> {
        self.do_steps(client, run, due, journal).await
    }
}
