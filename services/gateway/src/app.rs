//! The gateway as a whole.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use kit::lifecycle::Lifecycle;
use tokio::net::TcpListener;

use crate::admin;
use crate::api_keys::ApiKeys;
use crate::config::Config;
use crate::edge::Edge;
use crate::forward::{Backend, Settings};
use crate::here::Here;
use crate::layers::{Parts, authentication::Tokens, stack};
use crate::listener::{Listener, tls};
use crate::pages::{Attachments, Cabinets, Embeddings, Files, Hooks, Jwks, Pages};
use crate::rate::Limiter;
use crate::router::{Backends, Router};
use crate::rpcs::Rpcs;

/// Name of this service towards the others.
const NAME: &str = "gateway";

/// A gateway with its sockets bound.
pub struct App {
    config: Config,
    listener: TcpListener,
    admin: Option<TcpListener>,
    addr: SocketAddr,
}

impl App {
    /// Binds the sockets.
    ///
    /// # Errors
    /// When an address is taken or may not be used.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let listener = bind(config.listen).await?;
        let admin = match config.admin_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let addr = listener.local_addr()?;
        Ok(Self {
            config,
            listener,
            admin,
            addr,
        })
    }

    /// Where callers come in.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where operators come in.
    #[must_use]
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref()?.local_addr().ok()
    }

    /// Serves until `lifecycle` stops, then lets calls in progress finish.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub async fn run(self, lifecycle: Lifecycle) -> anyhow::Result<()> {
        let Self {
            config,
            listener,
            admin,
            addr,
        } = self;
        let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let backends = Arc::new(backends(&config, &lifecycle)?);
        let here = Here::start(&backends, &lifecycle)?;
        let pages = pages(&config, backends.clone())?;
        let router = Router::new(backends.clone(), here, pages);
        let handler = stack(parts(&config, &lifecycle)?, router);
        let edge = Arc::new(Edge::new(
            handler,
            Rpcs::load()?,
            config.trusted_proxies.clone(),
        ));
        if let Some(admin) = admin {
            lifecycle.spawn(
                "gateway.admin",
                admin::serve(admin, backends.clone(), lifecycle.stopping()),
            );
        }
        tracing::info!(%addr, tls = tls.is_some(), "the gateway takes calls");
        Listener::new(listener, tls, config.limits.clone())
            .serve(edge, &lifecycle)
            .await;
        backends.close();
        Ok(())
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("listening on {address}: choose another address (BESEDA_LISTEN) if another program has this one")
    })
}

fn backends(config: &Config, lifecycle: &Lifecycle) -> anyhow::Result<Backends> {
    let limits = &config.limits;
    let settings = Settings {
        connections: limits.connections_per_service,
        patience: limits.patience,
        ..Settings::default()
    };
    let start = |name, address: &str| Backend::start(name, address, settings.clone(), lifecycle);
    Ok(Backends {
        identity: start("identity", &config.identity)?,
        crm: start("crm", &config.crm)?,
        conversations: start("conversations", &config.conversations)?,
        onlinechat: start("connector-onlinechat", &config.onlinechat)?,
        cabinet: config
            .cabinet
            .as_ref()
            .map(|address| start("cabinet", address))
            .transpose()?,
        sync: config
            .sync
            .as_ref()
            .map(|address| start("sync", address))
            .transpose()?,
    })
}

fn parts(config: &Config, lifecycle: &Lifecycle) -> anyhow::Result<Parts> {
    let identity = kit::channel(&config.identity)?;
    let clock = config.clock.clone();
    let limiter = Limiter::new(
        &config.redis_url,
        &config.redis_prefix,
        config.limits.rates,
        lifecycle,
    )
    .context("the address of Redis")?;
    let limiter = Arc::new(limiter);
    let keys = ApiKeys::new(
        service_tokens(config)?.channel(identity.clone()),
        clock.clone(),
        limiter.clone(),
    );
    let verifier = auth::Verifier::new(identity, clock, lifecycle);
    Ok(Parts {
        limits: config.limits.clone(),
        cors_origins: config.cors_origins.clone(),
        tokens: Tokens::new(verifier, Arc::new(keys)),
        limiter,
    })
}

/// The gateway's own word to the services behind it.
fn service_tokens(config: &Config) -> anyhow::Result<auth::ServiceTokens> {
    Ok(auth::ServiceTokens::new(
        kit::channel(&config.identity)?,
        NAME,
        config.service_secret.clone(),
        config.clock.clone(),
    ))
}

fn pages(config: &Config, backends: Arc<Backends>) -> anyhow::Result<Pages> {
    let identity = kit::channel(&config.identity)?;
    let tokens = service_tokens(config)?;
    let onlinechat = tokens.channel(kit::channel(&config.onlinechat)?);
    let cabinet = config.cabinet.as_ref().map(|it| kit::channel(it));
    let cabinet = cabinet.transpose()?.map(|it| tokens.channel(it));
    let mut hooks = Vec::with_capacity(config.hooks.len());
    for (key, address) in &config.hooks {
        let channel = kit::channel(address)
            .with_context(|| format!("the address of the connector {key} is none: {address}"))?;
        hooks.push((key.clone(), tokens.channel(channel)));
    }
    Ok(Pages {
        hooks: Hooks::new(hooks),
        files: Files::new(config.web_root.clone()),
        attachments: Attachments::new(
            kit::channel(&config.conversations)?,
            kit::channel(&config.onlinechat)?,
        ),
        embeddings: Embeddings::new(onlinechat),
        cabinets: Cabinets::new(cabinet, Files::new(config.cabinet_root.clone())),
        jwks: Jwks::new(identity),
        backends,
        public_url: config.public_url.trim_end_matches('/').to_owned(),
        demo_chat: config.demo_chat.clone(),
    })
}
