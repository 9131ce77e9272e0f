//! The settings of `beseda up`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use kit::secrets::MasterKey;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::summary::BuiltPages;
use crate::environment::Environment;

/// Where data are kept unless said otherwise.
pub const DATA: &str = ".beseda";

/// The pages of the online chat, seen from the root of a checkout.
const CHAT_PAGES: &str = "web/widget/dist";
/// The page of the client's cabinet.
const CABINET_PAGE: &str = "web/cabinet/dist";

const HELP: &str = "\
Secrets come from the environment only, as a value or as a file (NAME_FILE):
  BESEDA_DATABASE_URL  a PostgreSQL of your own, as its owner or an administrator;
                       not set: a private one, with its data in the data folder
  BESEDA_REDIS_URL     a Redis of your own; not set: a private one
  BESEDA_MASTER_KEY    the installation's key; not set: made once and kept in the data folder
Also: BESEDA_LOG (what is logged, \"warn\" by default), BESEDA_LOG_FORMAT (human or json),
  OTEL_EXPORTER_OTLP_ENDPOINT (where traces go), BESEDA_RATE_LIMITS=off (for load tests),
  BESEDA_TELEGRAM_API_URL (a Bot API server of your own), BESEDA_WHATSAPP_API_URL and
  BESEDA_WHATSAPP_MEDIA_HOSTS (a provider of WhatsApp of your own), BESEDA_AMOCRM_CLIENT_ID,
  BESEDA_AMOCRM_CLIENT_SECRET and BESEDA_AMOCRM_RETURN_URL (portals of amoCRM can be connected).

The first Ctrl-C or SIGTERM lets calls in progress finish and stops what was started, the second
does not wait. Exit status: 0 stopped as asked, 1 failed, 2 wrong arguments, 130 not waited.";

/// Folders of the built web pages.
#[derive(Debug, Args)]
pub struct Pages {
    /// Folder of the built pages of the online chat [default: web/widget/dist here or in the checkout of this program]
    #[arg(long = "web-root", value_name = "FOLDER", env = "BESEDA_WEB_ROOT")]
    pub chat: Option<PathBuf>,
    /// Folder of the built page of the client's cabinet [default: web/cabinet/dist, likewise]
    #[arg(
        long = "cabinet-root",
        value_name = "FOLDER",
        env = "BESEDA_CABINET_ROOT"
    )]
    pub cabinet: Option<PathBuf>,
}

/// Run everything on this machine, with a demo account.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Address of the gateway; port 0 takes a free one
    #[arg(long, env = "BESEDA_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// How browsers reach the gateway, when not by that address
    #[arg(long, value_name = "URL", env = "BESEDA_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Folder of the data, kept when it ends
    #[arg(long, value_name = "FOLDER", env = "BESEDA_DATA", default_value = DATA)]
    pub data: PathBuf,
    #[command(flatten)]
    pub pages: Pages,
    /// Address of /metrics, /healthz and /readyz for operators; none when left out
    #[arg(long, value_name = "ADDRESS", env = "BESEDA_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// Make no demo account
    #[arg(long)]
    pub no_demo: bool,
    /// Print nothing but one line of JSON when everything is ready
    #[arg(long)]
    pub json_ready: bool,
}

/// What comes from the environment only: secrets, and what no installation but a test changes.
#[derive(Debug)]
pub struct Secrets {
    /// PostgreSQL as owner; `None`: a private one.
    pub database_url: Option<SecretString>,
    /// Redis; `None`: a private one.
    pub redis_url: Option<String>,
    /// The key; `None`: the one in the data folder.
    pub master_key: Option<MasterKey>,
    /// Are calls counted and limited?
    pub limited: bool,
    /// The Bot API.
    pub telegram_api: Url,
    /// amoCRM; `None`: no portal can be connected.
    pub amo_crm: Option<sync::Registration>,
    /// The Graph API.
    pub whatsapp_api: Url,
    /// Hosts of the files of WhatsApp's clients.
    pub whatsapp_media_hosts: Vec<String>,
    /// Providers of SMS that can be installed.
    pub widgets: cabinet::sms::Widgets,
}

impl Secrets {
    /// From the environment.
    pub fn read() -> anyhow::Result<Self> {
        let mut environment = Environment::of_process();
        let redis = environment.secret("BESEDA_REDIS_URL");
        let widgets = environment.sms_widgets(true);
        let secrets = Self {
            database_url: environment.secret("BESEDA_DATABASE_URL"),
            redis_url: redis.map(|url| url.expose_secret().to_owned()),
            master_key: environment.master_key(),
            limited: environment.rate_limits(),
            telegram_api: environment.telegram_api(),
            amo_crm: environment.amo_crm(),
            whatsapp_api: environment.whatsapp_api(),
            whatsapp_media_hosts: environment.whatsapp_media_hosts(),
            widgets: widgets.unwrap_or_else(|| cabinet::sms::Widgets::ready(true)),
        };
        environment.finish()?;
        Ok(secrets)
    }
}

impl Arguments {
    /// How browsers reach the gateway that listens on `addr`.
    pub fn public_url(&self, addr: SocketAddr) -> anyhow::Result<String> {
        let Some(asked) = &self.public_url else {
            return Ok(format!("http://{}", reachable(addr)));
        };
        let url = Url::parse(asked).with_context(|| {
            format!("the public URL {asked} is none; for example https://chat.example.com")
        })?;
        ensure!(
            matches!(url.scheme(), "http" | "https") && url.has_host(),
            "the public URL {asked} must begin with http:// or https:// and name a host"
        );
        Ok(asked.trim_end_matches('/').to_owned())
    }
}

impl Pages {
    /// The folder of the online chat's pages.
    pub fn chat(&self) -> PathBuf {
        self.chat.clone().unwrap_or_else(|| built(CHAT_PAGES))
    }

    /// The folder of the cabinet's page.
    pub fn cabinet(&self) -> PathBuf {
        self.cabinet.clone().unwrap_or_else(|| built(CABINET_PAGE))
    }

    /// Which of them are built?
    pub fn built(&self) -> BuiltPages {
        BuiltPages {
            chat: self.chat().join("loader.js").is_file(),
            cabinet: self.cabinet().join("cabinet.html").is_file(),
        }
    }
}

/// A folder of built pages in the checkout that we run in, or that this program was built in.
fn built(folder: &str) -> PathBuf {
    let here = Path::new(".");
    let program = std::env::current_exe().unwrap_or_default();
    let mut candidates = std::iter::once(here)
        .chain(program.ancestors().skip(1))
        .map(|root| root.join(folder));
    let found = candidates.find(|folder| folder.is_dir());
    found.unwrap_or_else(|| here.join(folder))
}

/// An address that a program on this machine can connect to.
pub fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}
