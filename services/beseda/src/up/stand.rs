//! Everything that runs: private stores and services.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use kit::secrets::MasterKey;
use secrecy::{ExposeSecret, SecretString};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use types::Clock;

use super::demo::{self, Demo};
use super::place::{Place, Running as Announced};
use super::port::Reserved;
use super::progress::Progress;
use super::settings::{Arguments, Secrets, reachable};
use super::stores::{self, Addresses, Private};
use super::summary::Summary;
use crate::database::identity_db;
use crate::service::{App, Config, Kind, Running};
use crate::signals::Signals;

/// Services listen on any free port of the loopback.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How long a service may finish what it has begun.
const GRACE: Duration = Duration::from_secs(25);

/// How often, and how many times, the gateway is asked whether it is ready.
const LOOK: (Duration, u32) = (Duration::from_millis(50), 400);

/// Everything that runs.
#[derive(Debug)]
pub struct Stand {
    place: Place,
    progress: Progress,
    private: Private,
    running: Vec<Running>,
}

/// What all services are started with.
struct Common<'a> {
    key: MasterKey,
    stores: Addresses,
    public_url: String,
    limited: bool,
    arguments: &'a Arguments,
}

impl Stand {
    /// Nothing yet.
    pub fn new(place: Place, progress: Progress) -> Self {
        Self {
            place,
            progress,
            private: Private::default(),
            running: Vec::new(),
        }
    }

    /// Starts everything.
    pub async fn start(
        &mut self,
        arguments: &Arguments,
        secrets: &Secrets,
        port: Reserved,
    ) -> anyhow::Result<Summary> {
        let addr = port.addr()?;
        let key = match &secrets.master_key {
            Some(key) => key.clone(),
            None => self.place.key()?,
        };
        let stores = self
            .private
            .start(secrets, &self.place, self.progress)
            .await?;
        let migrating = stores::migrate(&stores, &key);
        self.progress.step("tables", migrating).await?;
        let common = Common {
            key,
            stores,
            public_url: arguments.public_url(addr)?,
            limited: secrets.limited,
            arguments,
        };
        for kind in [
            Kind::Identity,
            Kind::Conversations,
            Kind::ConnectorOnlinechat,
        ] {
            let config = self.config(kind, &common)?;
            self.launch(kind, config).await?;
        }
        let demo = if arguments.no_demo {
            None
        } else {
            self.seed(&common).await?
        };
        // The port is the gateway's from here on.
        drop(port);
        let mut config = self.gateway(&common, addr)?;
        config.demo_chat = demo.as_ref().map(|demo| demo.online_chat_id.clone());
        let admin = self
            .launch(Kind::Gateway, Config::Gateway(Box::new(config)))
            .await?;
        self.summary(common, addr, admin, demo).await
    }

    async fn launch(&mut self, kind: Kind, config: Config) -> anyhow::Result<Option<SocketAddr>> {
        let (running, admin) = self
            .progress
            .step(kind.name(), async {
                let app = App::build(config).await;
                let app = app.with_context(|| format!("{} did not start", kind.name()))?;
                let admin = app.admin_addr();
                Ok((Running::start(app)?, admin))
            })
            .await?;
        self.running.push(running);
        Ok(admin)
    }

    async fn seed(&self, common: &Common<'_>) -> anyhow::Result<Option<Demo>> {
        let services = demo::Services {
            identity: kit::channel(&self.url(Kind::Identity)?)?,
            onlinechat: kit::channel(&self.url(Kind::ConnectorOnlinechat)?)?,
        };
        let seeding = async {
            let db = identity_db(&common.stores.database_url, &common.key).await?;
            services.seed(&db, &self.place).await
        };
        let demo = self.progress.step("demo account", seeding).await?;
        if demo.is_none() {
            self.progress.say("  The password of the demo administrator was changed, so nothing is known of its online chat.");
        }
        Ok(demo)
    }

    async fn summary(
        &self,
        common: Common<'_>,
        addr: SocketAddr,
        admin: Option<SocketAddr>,
        demo: Option<Demo>,
    ) -> anyhow::Result<Summary> {
        let gateway = format!("http://{}", reachable(addr));
        self.progress
            .step("ready for calls", ready(&gateway))
            .await?;
        self.place.announce(&Announced {
            pid: std::process::id(),
            gateway: gateway.clone(),
            database_url: common.stores.database_url.expose_secret().to_owned(),
        })?;
        Ok(Summary {
            gateway,
            public_url: common.public_url,
            open_to_others: !addr.ip().is_loopback(),
            admin,
            stores: self.private.describe(),
            demo,
            web_pages: common.arguments.web_root().1,
            took: Duration::ZERO,
        })
    }

    fn url(&self, kind: Kind) -> anyhow::Result<String> {
        let found = self.running.iter().find(|it| it.kind == kind);
        Ok(found
            .with_context(|| format!("{} does not run", kind.name()))?
            .url())
    }

    fn config(&self, kind: Kind, common: &Common<'_>) -> anyhow::Result<Config> {
        let clock = Clock::system();
        let Addresses {
            database_url,
            redis_url,
        } = common.stores.clone();
        let role_url = |migrations: &pg::Migrations| -> anyhow::Result<SecretString> {
            pg::role_url(&database_url, migrations.role, &common.key)
                .context("the address of the database is malformed")
        };
        let service_secret = common.key.service_secret(kind.name());
        Ok(match kind {
            Kind::Identity => {
                let url = role_url(&identity::MIGRATIONS)?;
                let mut config =
                    identity::Config::new(ANY, url, redis_url, common.key.clone(), clock);
                config.log_in_limit = config.log_in_limit.filter(|_| common.limited);
                Config::Identity(config)
            }
            Kind::Conversations => Config::Conversations(conversations::Config {
                listen: ANY,
                database_url: role_url(&conversations::MIGRATIONS)?,
                redis_url,
                identity: self.url(Kind::Identity)?,
                service_secret,
                ingest: conversations::IngestConfig::default(),
                max_connections: crate::service::CONNECTIONS,
                clock,
            }),
            Kind::ConnectorOnlinechat => {
                Config::ConnectorOnlinechat(connector_onlinechat::Config {
                    listen: ANY,
                    database_url: role_url(&connector_onlinechat::MIGRATIONS)?,
                    redis_url,
                    identity: self.url(Kind::Identity)?,
                    conversations: self.url(Kind::Conversations)?,
                    service_secret,
                    public_url: common.public_url.clone(),
                    limits: crate::service::visitor_limits(common.limited),
                    clock,
                })
            }
            Kind::Gateway => bail!("the gateway is made by itself"),
        })
    }

    fn gateway(&self, common: &Common<'_>, addr: SocketAddr) -> anyhow::Result<gateway::Config> {
        let mut config = gateway::Config::local(
            &self.url(Kind::Identity)?,
            &self.url(Kind::Conversations)?,
            &self.url(Kind::ConnectorOnlinechat)?,
            common.key.service_secret(Kind::Gateway.name()),
        );
        config.listen = addr;
        config.admin_listen = common.arguments.admin_listen;
        config.redis_url = common.stores.redis_url.clone();
        config.public_url = common.public_url.clone();
        config.web_root = common.arguments.web_root().0;
        config.limits.rates = crate::service::gateway_rates(common.limited);
        Ok(config)
    }

    /// Waits until it is told to stop, or something fails.
    pub async fn run(&mut self, signals: &Signals) -> anyhow::Result<()> {
        let mut failures: FuturesUnordered<_> =
            self.running.iter_mut().map(Running::failure).collect();
        tokio::select! {
            () = signals.stop.cancelled() => Ok(()),
            Some(error) = failures.next() => Err(error),
            error = self.private.keep_running() => Err(error),
        }
    }

    /// Stops what was started, the last first.
    pub async fn stop(&mut self, signals: &Signals) {
        self.place.forget();
        while let Some(running) = self.running.pop() {
            let draining = async {
                running.drain(GRACE, &signals.cut).await;
                Ok(())
            };
            let name = format!("{} stopped", running.kind.name());
            // Draining does not fail.
            let _ = self.progress.step(&name, draining).await;
        }
        self.private.stop(self.progress).await;
    }
}

/// Waits until the gateway has reached every service.
async fn ready(gateway: &str) -> anyhow::Result<()> {
    let mut health = HealthClient::new(kit::channel(gateway)?);
    for _ in 0..LOOK.1 {
        let request = HealthCheckRequest {
            service: String::new(),
        };
        let serving = i32::from(ServingStatus::Serving);
        let reply = health.check(request).await;
        if reply.is_ok_and(|reply| reply.into_inner().status == serving) {
            return Ok(());
        }
        Clock::system().sleep(LOOK.0).await;
    }
    bail!("the gateway runs, but did not reach all services within 20 s; the log above may say why")
}
