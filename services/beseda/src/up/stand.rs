//! Everything that runs: private stores and services.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use secrecy::ExposeSecret;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use types::Clock;

use super::demo::{self, Demo};
use super::place::{Place, Running as Announced};
use super::port::Reserved;
use super::progress::Progress;
use super::settings::{Arguments, Secrets, reachable};
use super::stores::{self, Private};
use super::summary::Summary;
use super::wiring::Wiring;
use crate::database::identity_db;
use crate::service::{App, Config, Running};
use crate::signals::Signals;

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
    /// Where operators come in.
    admin: Option<SocketAddr>,
}

impl Stand {
    /// Nothing yet.
    pub fn new(place: Place, progress: Progress) -> Self {
        Self {
            place,
            progress,
            private: Private::default(),
            running: Vec::new(),
            admin: None,
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
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (crm, whatsapp) = (Reserved::take(any)?, Reserved::take(any)?);
        let mut wiring = self.wiring(arguments, secrets, addr).await?;
        wiring.crm_listen = crm.addr()?;
        wiring.whatsapp = whatsapp.addr()?;
        let migrating = stores::migrate(&wiring.stores, &wiring.key);
        self.progress.step("tables", migrating).await?;
        wiring.identity = self.launch(wiring.identity()).await?;
        drop(crm);
        wiring.crm = self.launch(wiring.crm()).await?;
        wiring.conversations = self.launch(wiring.conversations()).await?;
        wiring.onlinechat = self.launch(wiring.connector_onlinechat()).await?;
        wiring.telegram = self.launch(wiring.connector_telegram()).await?;
        drop(whatsapp);
        self.launch(wiring.connector_whatsapp()).await?;
        wiring.sync = self.launch(wiring.sync()).await?;
        wiring.cabinet = self.launch(wiring.cabinet()).await?;
        let demo = if arguments.no_demo {
            None
        } else {
            self.seed(&wiring).await?
        };
        // The port is the gateway's from here on.
        drop(port);
        let demo_chat = demo.as_ref().map(|demo| demo.online_chat_id.clone());
        self.launch(Ok(wiring.gateway(addr, demo_chat))).await?;
        let gateway = format!("http://{}", reachable(addr));
        let ready = ready(&gateway);
        self.progress.step("ready for calls", ready).await?;
        self.announce(&gateway, &wiring)?;
        Ok(Summary {
            gateway,
            public_url: wiring.public_url,
            open_to_others: !addr.ip().is_loopback(),
            admin: self.admin,
            stores: self.private.describe(),
            demo,
            web_pages: arguments.pages.built(),
            took: Duration::ZERO,
        })
    }

    async fn wiring(
        &mut self,
        arguments: &Arguments,
        secrets: &Secrets,
        addr: SocketAddr,
    ) -> anyhow::Result<Wiring> {
        let key = match &secrets.master_key {
            Some(key) => key.clone(),
            None => self.place.key()?,
        };
        let public_url = arguments.public_url(addr)?;
        let starting = self.private.start(secrets, &self.place, self.progress);
        Ok(Wiring {
            key,
            stores: starting.await?,
            public_url,
            limited: secrets.limited,
            admin_listen: arguments.admin_listen,
            telegram_api: secrets.telegram_api.clone(),
            widgets: secrets.widgets.clone(),
            web_root: arguments.pages.chat(),
            cabinet_root: arguments.pages.cabinet(),
            files: self.place.folder().join("files"),
            identity: String::new(),
            crm: String::new(),
            conversations: String::new(),
            onlinechat: String::new(),
            telegram: String::new(),
            cabinet: String::new(),
            sync: String::new(),
            amo_crm: secrets.amo_crm.clone(),
            whatsapp_api: secrets.whatsapp_api.clone(),
            whatsapp_media_hosts: secrets.whatsapp_media_hosts.clone(),
            crm_listen: addr,
            whatsapp: addr,
        })
    }

    /// Starts a service and gives its address.
    async fn launch(&mut self, config: anyhow::Result<Config>) -> anyhow::Result<String> {
        let config = config?;
        let name = config.kind().name();
        let starting = async {
            let app = App::build(config).await;
            app.with_context(|| format!("{name} did not start"))
        };
        let app = self.progress.step(name, starting).await?;
        self.admin = app.admin_addr();
        let running = Running::start(app)?;
        let url = running.url();
        self.running.push(running);
        Ok(url)
    }

    async fn seed(&self, wiring: &Wiring) -> anyhow::Result<Option<Demo>> {
        let services = demo::Services {
            identity: kit::channel(&wiring.identity)?,
            crm: kit::channel(&wiring.crm)?,
            onlinechat: kit::channel(&wiring.onlinechat)?,
            sync: kit::channel(&wiring.sync)?,
            cabinet: kit::channel(&wiring.cabinet)?,
        };
        let seeding = async {
            let db = identity_db(&wiring.stores.database_url, &wiring.key).await?;
            services.seed(&db, &self.place).await
        };
        let demo = self.progress.step("demo account", seeding).await?;
        if demo.is_none() {
            self.progress.say("  The password of the demo administrator was changed, so nothing is known of its online chat.");
        }
        Ok(demo)
    }

    fn announce(&self, gateway: &str, wiring: &Wiring) -> anyhow::Result<()> {
        self.place.announce(&Announced {
            pid: std::process::id(),
            gateway: gateway.to_owned(),
            database_url: wiring.stores.database_url.expose_secret().to_owned(),
        })
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
            let name = format!("stop {}", running.kind.name());
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
