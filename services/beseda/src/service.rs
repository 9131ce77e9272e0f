//! A service by its name: its settings, itself ready to run, itself running.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, anyhow};
use kit::lifecycle::Lifecycle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// The services, in the order in which they start: each needs only those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Accounts, users, sessions, keys.
    Identity,
    /// Contacts, companies, deals, customers.
    Crm,
    /// Chats, conversations, messages, deliveries.
    Conversations,
    /// The online chat and its visitors.
    ConnectorOnlinechat,
    /// Telegram bots.
    ConnectorTelegram,
    /// WhatsApp.
    ConnectorWhatsapp,
    /// The client's cabinet.
    Cabinet,
    /// Rules: from chats to contacts, deals and tasks.
    Sync,
    /// The edge.
    Gateway,
}

impl Kind {
    /// Its name, in logs, tokens and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Crm => "crm",
            Self::Conversations => "conversations",
            Self::ConnectorOnlinechat => "connector-onlinechat",
            Self::ConnectorTelegram => "connector-telegram",
            Self::ConnectorWhatsapp => "connector-whatsapp",
            Self::Cabinet => "cabinet",
            Self::Sync => "sync",
            Self::Gateway => "gateway",
        }
    }

    /// Its tables, if it has any.
    pub fn migrations(self) -> Option<&'static pg::Migrations> {
        match self {
            Self::Identity => Some(&identity::MIGRATIONS),
            Self::Crm => Some(&crm::MIGRATIONS),
            Self::Conversations => Some(&conversations::MIGRATIONS),
            Self::ConnectorOnlinechat => Some(&connector_onlinechat::MIGRATIONS),
            Self::Cabinet => Some(&cabinet::MIGRATIONS),
            Self::Sync => Some(&sync::MIGRATIONS),
            Self::ConnectorTelegram | Self::ConnectorWhatsapp | Self::Gateway => None,
        }
    }
}

/// All tables there are.
pub fn all_migrations() -> [&'static pg::Migrations; 6] {
    [
        &identity::MIGRATIONS,
        &crm::MIGRATIONS,
        &conversations::MIGRATIONS,
        &connector_onlinechat::MIGRATIONS,
        &cabinet::MIGRATIONS,
        &sync::MIGRATIONS,
    ]
}

/// Services that keep data of clients, in the order in which a client's data are erased from them.
pub fn stores(
    crm: &str,
    conversations: &str,
    onlinechat: &str,
    sync: Option<&str>,
) -> Vec<cabinet::erasure::StoreAt> {
    let stores = [
        ("crm", Some(crm)),
        ("conversations", Some(conversations)),
        ("connector-onlinechat", Some(onlinechat)),
        ("sync", sync),
    ];
    let store = |(name, url): (&str, &str)| cabinet::erasure::StoreAt {
        name: name.to_owned(),
        url: url.to_owned(),
    };
    let stores = stores
        .into_iter()
        .filter_map(|(name, url)| Some((name, url?)));
    stores.map(store).collect()
}

/// The settings of one service.
pub enum Config {
    Identity(identity::Config),
    Crm(crm::Config),
    Conversations(conversations::Config),
    ConnectorOnlinechat(connector_onlinechat::Config),
    ConnectorTelegram(connector_telegram::Config),
    ConnectorWhatsapp(connector_whatsapp::Config),
    Cabinet(cabinet::Config),
    Sync(sync::Config),
    Gateway(Box<gateway::Config>),
}

impl Config {
    /// Whose they are.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Identity(_) => Kind::Identity,
            Self::Crm(_) => Kind::Crm,
            Self::Conversations(_) => Kind::Conversations,
            Self::ConnectorOnlinechat(_) => Kind::ConnectorOnlinechat,
            Self::ConnectorTelegram(_) => Kind::ConnectorTelegram,
            Self::ConnectorWhatsapp(_) => Kind::ConnectorWhatsapp,
            Self::Cabinet(_) => Kind::Cabinet,
            Self::Sync(_) => Kind::Sync,
            Self::Gateway(_) => Kind::Gateway,
        }
    }
}

/// A service that is bound and connected.
pub enum App {
    Identity(Box<identity::App>),
    Crm(Box<crm::App>),
    Conversations(Box<conversations::App>),
    ConnectorOnlinechat(Box<connector_onlinechat::App>),
    ConnectorTelegram(Box<connector_telegram::App>),
    ConnectorWhatsapp(Box<connector_whatsapp::App>),
    Cabinet(Box<cabinet::App>),
    Sync(Box<sync::App>),
    Gateway(Box<gateway::App>),
}

impl App {
    /// Binds its socket and connects to its stores.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        Ok(match config {
            Config::Identity(it) => Self::Identity(Box::new(identity::App::build(it).await?)),
            Config::Crm(it) => Self::Crm(Box::new(crm::App::build(it).await?)),
            Config::Conversations(it) => {
                Self::Conversations(Box::new(conversations::App::build(it).await?))
            }
            Config::ConnectorOnlinechat(it) => {
                Self::ConnectorOnlinechat(Box::new(connector_onlinechat::App::build(it).await?))
            }
            Config::ConnectorTelegram(it) => {
                Self::ConnectorTelegram(Box::new(connector_telegram::App::build(it).await?))
            }
            Config::ConnectorWhatsapp(it) => {
                Self::ConnectorWhatsapp(Box::new(connector_whatsapp::App::build(it).await?))
            }
            Config::Cabinet(it) => Self::Cabinet(Box::new(cabinet::App::build(it).await?)),
            Config::Sync(it) => Self::Sync(Box::new(sync::App::build(it).await?)),
            Config::Gateway(it) => Self::Gateway(Box::new(gateway::App::build(*it).await?)),
        })
    }

    /// Which one it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Identity(_) => Kind::Identity,
            Self::Crm(_) => Kind::Crm,
            Self::Conversations(_) => Kind::Conversations,
            Self::ConnectorOnlinechat(_) => Kind::ConnectorOnlinechat,
            Self::ConnectorTelegram(_) => Kind::ConnectorTelegram,
            Self::ConnectorWhatsapp(_) => Kind::ConnectorWhatsapp,
            Self::Cabinet(_) => Kind::Cabinet,
            Self::Sync(_) => Kind::Sync,
            Self::Gateway(_) => Kind::Gateway,
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> anyhow::Result<SocketAddr> {
        Ok(match self {
            Self::Identity(it) => it.addr(),
            Self::Crm(it) => it.addr().context("its socket is gone")?,
            Self::Conversations(it) => it.addr().context("its socket is gone")?,
            Self::ConnectorOnlinechat(it) => it.addr(),
            Self::ConnectorTelegram(it) => it.addr(),
            Self::ConnectorWhatsapp(it) => it.addr(),
            Self::Cabinet(it) => it.addr(),
            Self::Sync(it) => it.addr().context("its socket is gone")?,
            Self::Gateway(it) => it.addr(),
        })
    }

    /// Where the gateway's operators come in; other services have no such port of their own.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Gateway(it) => it.admin_addr(),
            Self::Identity(_)
            | Self::Crm(_)
            | Self::Conversations(_)
            | Self::ConnectorOnlinechat(_)
            | Self::ConnectorTelegram(_)
            | Self::ConnectorWhatsapp(_)
            | Self::Cabinet(_)
            | Self::Sync(_) => None,
        }
    }

    async fn run(self, life: Lifecycle) -> anyhow::Result<()> {
        match self {
            Self::Identity(it) => it.run(life).await,
            Self::Crm(it) => it.run(life).await,
            Self::Conversations(it) => it.run(life).await,
            Self::ConnectorOnlinechat(it) => it.run(life).await,
            Self::ConnectorTelegram(it) => it.run(life).await,
            Self::ConnectorWhatsapp(it) => it.run(life).await,
            Self::Cabinet(it) => it.run(life).await,
            Self::Sync(it) => it.run(life).await,
            Self::Gateway(it) => it.run(life).await,
        }
    }
}

/// A service that runs.
#[derive(Debug)]
pub struct Running {
    /// Which one.
    pub kind: Kind,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its life.
    pub life: Lifecycle,
    ended: oneshot::Receiver<anyhow::Result<()>>,
}

impl Running {
    /// Runs it in a life of its own.
    pub fn start(app: App) -> anyhow::Result<Self> {
        let (kind, addr, life) = (app.kind(), app.addr()?, Lifecycle::new());
        let (tell, ended) = oneshot::channel();
        let own = life.clone();
        life.spawn(kind.name(), async move {
            // Nobody listens any more once stopping has begun.
            let _ = tell.send(app.run(own).await);
        });
        Ok(Self {
            kind,
            addr,
            life,
            ended,
        })
    }

    /// Its address for the others.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Waits until it ends by itself, which it never should, and says why.
    pub async fn failure(&mut self) -> anyhow::Error {
        let name = self.kind.name();
        let outcome = tokio::select! {
            biased;
            outcome = &mut self.ended => outcome,
            () = self.life.stopped() => return lost_a_task(name),
        };
        match outcome {
            Ok(Ok(())) if self.life.failed() => lost_a_task(name),
            Ok(Ok(())) => anyhow!("{name} ended by itself"),
            Ok(Err(error)) => error.context(format!("{name} failed")),
            Err(_) => anyhow!("{name} failed; the log above says why"),
        }
    }

    /// Lets it finish what it has begun, for as long as `grace` and until `cut`.
    pub async fn drain(&self, grace: Duration, cut: &CancellationToken) {
        tokio::select! {
            () = self.life.drain(grace) => {}
            () = cut.cancelled() => self.life.drain(Duration::ZERO).await,
        }
    }
}

fn lost_a_task(name: &str) -> anyhow::Error {
    anyhow!("{name} stopped because one of its tasks failed; the log above says which")
}

/// Connections of conversations to PostgreSQL, where nothing else is said.
pub const CONNECTIONS: u32 = 10;

/// How often the templates of a WhatsApp number are looked at.
pub const LOOK_TIME: Duration = Duration::from_secs(600);

/// How long a bot's poll waits for updates.
pub const POLL_TIME: Duration = Duration::from_secs(45);

/// The name under which the cabinet speaks to the hub.
pub const CABINET_CONNECTOR: &str = "connector-cabinet";

/// How long a provider of SMS may take to answer: a person waits.
pub const SMS_PATIENCE: Duration = Duration::from_secs(10);

/// How many codes may be asked for and sent.
pub fn code_limits(limited: bool) -> cabinet::Limits {
    if limited {
        cabinet::Limits::default()
    } else {
        cabinet::Limits::none()
    }
}

/// How often visitors may call.
pub fn visitor_limits(limited: bool) -> connector_onlinechat::Limits {
    use connector_onlinechat::{Limits, Rate};
    if limited {
        return Limits::default();
    }
    let any = Rate::new(u32::MAX, 1);
    Limits {
        sessions_by_address: any,
        messages_by_visitor: any,
        messages_by_address: any,
        parts_by_visitor: any,
        parts_by_address: any,
        files_by_visitor: any,
        calls_by_visitor: any,
    }
}

/// How often anybody may call the gateway.
pub fn gateway_rates(limited: bool) -> gateway::Rates {
    use gateway::{Rate, Rates};
    if limited {
        return Rates::default();
    }
    let any = Rate {
        per_second: 1e9,
        burst: u32::MAX,
    };
    Rates {
        account: any,
        key: any,
        address: any,
        log_in: any,
        refresh: any,
        visitor_session: any,
        key_exchange: any,
        hook: any,
    }
}
