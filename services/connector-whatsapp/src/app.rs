//! The wiring, top to bottom.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::connector::internal::v1::client_service_server::ClientServiceServer;
use api::connector::internal::v1::hook_service_server::HookServiceServer;
use auth::{AuthLayer, ServiceTokens, Verifier};
use connector::{Connector, Hub};
use kit::lifecycle::Lifecycle;
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::net::TcpListener;
use tonic::transport::Channel;

use crate::channel::{CONNECTOR_KEY, WhatsApp};
use crate::clients::Clients;
use crate::config::Config;
use crate::hooks::Hooks;

/// The name under which this service proves itself to others.
const SERVICE: &str = "connector-whatsapp";

const CONNECT_TIME: Duration = Duration::from_secs(10);

/// The service, ready to run.
#[derive(Debug)]
pub struct App {
    listener: TcpListener,
    addr: SocketAddr,
    identity: Channel,
    hub: Hub,
    channel: WhatsApp,
    config: Config,
}

impl App {
    /// Binds the socket. The other services and WhatsApp are connected to when first needed.
    ///
    /// # Errors
    /// When the socket is taken, an address is malformed, or the system's certificates cannot be read.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("{} is taken; choose another port", config.listen))?;
        let identity = kit::channel(&config.identity)?;
        let tokens = ServiceTokens::new(
            identity.clone(),
            SERVICE,
            config.service_secret.clone(),
            config.clock.clone(),
        );
        let conversations = kit::channel(&config.conversations)?;
        let channel = WhatsApp {
            http: http()?,
            api: config.api_url.clone(),
            media_hosts: config.media_hosts.clone().into(),
            look_time: config.look_time,
        };
        Ok(Self {
            addr: listener.local_addr()?,
            hub: Hub::of_service(&tokens, conversations, CONNECTOR_KEY),
            listener,
            identity,
            channel,
            config,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `lifecycle` stops.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let verifier = Verifier::new(self.identity, self.config.clock, &lifecycle);
        let lines = Connector::start(Arc::new(self.channel), self.hub, &lifecycle);
        let clients = Clients {
            lines: lines.clone(),
        };
        kit::server::Server::new(SERVICE)?
            .service(HookServiceServer::new(Hooks { lines }))
            .service(ClientServiceServer::new(clients))
            .serve(self.listener, AuthLayer::new(verifier), lifecycle)
            .await
    }
}

/// Redirects are not followed: they would take the token along.
fn http() -> anyhow::Result<Client> {
    // Whoever came first has set it.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .user_agent(concat!("Beseda/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .http1_only()
        .connect_timeout(CONNECT_TIME);
    client
        .build()
        .context("the client of the Cloud API cannot be made")
}
