//! The settings of one service, from the environment.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context;
use kit::secrets::MasterKey;
use secrecy::{ExposeSecret, SecretString};
use types::Clock;
use url::Url;

use crate::environment::Environment;
use crate::service::{self, Config, Kind};
use crate::up::Pages;

/// What stands below the help.
pub const HELP: &str = "\
Settings (secrets, marked *, may also be files: NAME_FILE):
  BESEDA_LISTEN                 address to listen on; 127.0.0.1:0 when not set, the gateway 127.0.0.1:8080
  BESEDA_ADMIN_LISTEN           address of /metrics, /healthz and /readyz; none when not set
  BESEDA_<SERVICE>_DATABASE_URL *  PostgreSQL as the service's own role, for example
                                BESEDA_CONVERSATIONS_DATABASE_URL; when not set it is made from
  BESEDA_DATABASE_URL *         PostgreSQL as any role: the service puts its own role and password in
  BESEDA_REDIS_URL *            Redis
  BESEDA_MASTER_KEY *           the installation's key; identity, conversations, cabinet and sync need it, others
                                for passwords and secrets
  BESEDA_SERVICE_SECRET *       what the service proves itself with; made from the master key when not set
  BESEDA_IDENTITY_URL           http://HOST:PORT of identity (all but identity)
  BESEDA_CRM_URL                of crm (all but crm, connector-telegram and connector-whatsapp)
  BESEDA_CONVERSATIONS_URL      of conversations (connectors, cabinet, sync, gateway)
  BESEDA_ONLINECHAT_URL         of connector-onlinechat (cabinet, gateway)
  BESEDA_CABINET_URL            of cabinet (gateway), if there is one
  BESEDA_SYNC_URL               of sync (cabinet, gateway), if there is one
  BESEDA_TELEGRAM_URL           of connector-telegram (gateway), if there is one: its webhooks are passed on
  BESEDA_WHATSAPP_URL           of connector-whatsapp, if there is one: its webhooks are passed on (gateway), and it says who is
                                registered there (conversations)
  BESEDA_WHATSAPP_API_URL       a Graph API with its version of a provider of yours, and
  BESEDA_WHATSAPP_MEDIA_HOSTS   the hosts of its files, by commas (connector-whatsapp)
  BESEDA_TELEGRAM_API_URL       a Bot API server of your own (connector-telegram)
  BESEDA_AMOCRM_CLIENT_ID       as what the installation is registered with amoCRM, without which no portal can be connected;
  BESEDA_AMOCRM_CLIENT_SECRET * with it the secret,
  BESEDA_AMOCRM_RETURN_URL      the page where amoCRM sends administrators back to, and
  BESEDA_AMOCRM_PAGE_URL        where they say which portal: https://www.amocrm.ru/oauth when not set (sync)
  BESEDA_SMS_WIDGETS            file with descriptions of further SMS providers (cabinet)
  BESEDA_PUBLIC_URL             how browsers and providers reach the gateway (connectors, cabinet, gateway)
  BESEDA_DATABASE_CONNECTIONS   connections at most, 10 when not set (conversations)
  BESEDA_FILES                  where files of messages are kept (conversations): a folder, .beseda/files when not set, or
                                s3://BUCKET/PREFIX with AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT
  BESEDA_WEB_ROOT               folder of the built pages of the online chat (gateway)
  BESEDA_CABINET_ROOT           folder of the built page of the client's cabinet (gateway)
  BESEDA_DEMO_CHAT              online chat of the page /demo (gateway); without one there is no such page
  BESEDA_CORS_ORIGINS           pages that may call the API from a browser, by commas (gateway)
  BESEDA_TRUSTED_PROXIES        networks whose x-forwarded-for is believed, by commas (gateway)
  BESEDA_TLS_CERTIFICATE, BESEDA_TLS_KEY  files in PEM, where no proxy in front ends TLS (gateway)
  BESEDA_RATE_LIMITS            off for load tests
  BESEDA_LOG, BESEDA_LOG_FORMAT what is logged (info), and how (human, json)
  OTEL_EXPORTER_OTLP_ENDPOINT   where traces go

When it takes calls it prints one line: {\"ready\":\"conversations\",\"addr\":\"127.0.0.1:7002\"}";

const ADDRESS: &str = "127.0.0.1:7001";

/// Where files are kept when nothing is said.
const FILES: &str = ".beseda/files";

/// Settings of a store behind an address, under the names that its own tools use.
const STORE_SETTINGS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ENDPOINT",
    "AWS_ALLOW_HTTP",
];

/// A service's settings.
pub struct Settings {
    /// Its own.
    pub config: Config,
    /// Where operators come in; the gateway has it among its own settings.
    pub admin_listen: Option<SocketAddr>,
}

/// Reads them; the error names everything that is wrong.
pub fn read(kind: Kind) -> anyhow::Result<Settings> {
    let mut reader = Reader::new(kind);
    let config = match kind {
        Kind::Identity => reader.identity(),
        Kind::Crm => reader.crm(),
        Kind::Conversations => reader.conversations(),
        Kind::ConnectorOnlinechat => reader.connector_onlinechat(),
        Kind::ConnectorTelegram => reader.connector_telegram(),
        Kind::ConnectorWhatsapp => reader.connector_whatsapp(),
        Kind::Cabinet => reader.cabinet(),
        Kind::Sync => reader.sync(),
        Kind::Gateway => reader.gateway(),
    };
    let own = reader.admin_listen.filter(|_| kind != Kind::Gateway);
    reader.environment.finish()?;
    // A setting is missing only where a problem was noted.
    let config = config.context("the settings are incomplete")?;
    Ok(Settings {
        config,
        admin_listen: own,
    })
}

struct Reader {
    kind: Kind,
    environment: Environment,
    key: Option<MasterKey>,
    listen: SocketAddr,
    admin_listen: Option<SocketAddr>,
    redis_url: String,
    limited: bool,
}

impl Reader {
    fn new(kind: Kind) -> Self {
        let mut environment = Environment::of_process();
        let port = if kind == Kind::Gateway { 8080 } else { 0 };
        let listen = environment.parsed("BESEDA_LISTEN", ADDRESS);
        let redis = environment.secret("BESEDA_REDIS_URL");
        let needs_redis = !matches!(
            kind,
            Kind::ConnectorTelegram | Kind::ConnectorWhatsapp | Kind::Cabinet
        );
        if redis.is_none() && needs_redis {
            environment.problem("BESEDA_REDIS_URL is not set: for example redis://127.0.0.1:6379");
        }
        Self {
            kind,
            key: environment.master_key(),
            listen: listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            admin_listen: environment.parsed("BESEDA_ADMIN_LISTEN", "127.0.0.1:9090"),
            redis_url: redis
                .map(|url| url.expose_secret().to_owned())
                .unwrap_or_default(),
            limited: environment.rate_limits(),
            environment,
        }
    }

    fn identity(&mut self) -> Option<Config> {
        let database_url = self.database_url(&identity::MIGRATIONS);
        let crm = self.service_url("BESEDA_CRM_URL");
        if self.key.is_none() {
            self.environment.problem("BESEDA_MASTER_KEY is not set: identity seals signing keys with it (`beseda master-key` makes one)");
        }
        let (key, redis) = (self.key.clone()?, self.redis_url.clone());
        let mut config =
            identity::Config::new(self.listen, database_url?, redis, crm, key, Clock::system());
        config.log_in_limit = config.log_in_limit.filter(|_| self.limited);
        Some(Config::Identity(config))
    }

    fn crm(&mut self) -> Option<Config> {
        let database_url = self.database_url(&crm::MIGRATIONS);
        let identity = self.service_url("BESEDA_IDENTITY_URL");
        let service_secret = self.service_secret();
        Some(Config::Crm(crm::Config {
            listen: self.listen,
            database_url: database_url?,
            redis_url: self.redis_url.clone(),
            identity,
            service_secret: service_secret?,
            clock: Clock::system(),
        }))
    }

    fn conversations(&mut self) -> Option<Config> {
        let database_url = self.database_url(&conversations::MIGRATIONS);
        let identity = self.service_url("BESEDA_IDENTITY_URL");
        let crm = self.service_url("BESEDA_CRM_URL");
        let service_secret = self.service_secret();
        let connections = self.environment.parsed("BESEDA_DATABASE_CONNECTIONS", "10");
        let files = self.files();
        if self.key.is_none() {
            self.environment.problem("BESEDA_MASTER_KEY is not set: conversations seals the secrets of connections with it (`beseda master-key` makes one)");
        }
        Some(Config::Conversations(conversations::Config {
            listen: self.listen,
            database_url: database_url?,
            redis_url: self.redis_url.clone(),
            identity,
            crm,
            client_checks: self.client_checks(),
            service_secret: service_secret?,
            ingest: conversations::IngestConfig::default(),
            files: files?,
            media_names: Vec::new(),
            master_key: self.key.clone()?,
            max_connections: connections.unwrap_or(service::CONNECTIONS),
            clock: Clock::system(),
        }))
    }

    /// A folder, or an address with the settings of its store from the environment.
    fn files(&mut self) -> Option<conversations::FilesLocation> {
        let Some(text) = self.environment.text("BESEDA_FILES") else {
            return Some(conversations::FilesLocation::Folder(FILES.into()));
        };
        if !text.contains("://") {
            return Some(conversations::FilesLocation::Folder(text.into()));
        }
        let Ok(url) = Url::parse(&text) else {
            self.environment.problem(format!(
                "BESEDA_FILES is \"{text}\", which is neither a folder nor an address; for example s3://bucket/files"
            ));
            return None;
        };
        let settings = STORE_SETTINGS.iter().filter_map(|name| {
            let value = self.environment.text(name)?;
            Some((name.to_lowercase(), value))
        });
        Some(conversations::FilesLocation::Address {
            url,
            settings: settings.collect(),
        })
    }

    fn connector_onlinechat(&mut self) -> Option<Config> {
        let database_url = self.database_url(&connector_onlinechat::MIGRATIONS);
        let identity = self.service_url("BESEDA_IDENTITY_URL");
        let conversations = self.service_url("BESEDA_CONVERSATIONS_URL");
        let crm = self.service_url("BESEDA_CRM_URL");
        let public_url = self.public_url();
        let service_secret = self.service_secret();
        Some(Config::ConnectorOnlinechat(connector_onlinechat::Config {
            listen: self.listen,
            database_url: database_url?,
            redis_url: self.redis_url.clone(),
            identity,
            conversations,
            crm,
            service_secret: service_secret?,
            public_url,
            limits: service::visitor_limits(self.limited),
            clock: Clock::system(),
        }))
    }

    fn connector_telegram(&mut self) -> Option<Config> {
        let identity = self.service_url("BESEDA_IDENTITY_URL");
        let conversations = self.service_url("BESEDA_CONVERSATIONS_URL");
        let public_url = self.public_url();
        let service_secret = self.service_secret();
        Some(Config::ConnectorTelegram(connector_telegram::Config {
            listen: self.listen,
            identity,
            conversations,
            service_secret: service_secret?,
            api_url: self.environment.telegram_api(),
            public_url,
            poll_time: service::POLL_TIME,
            clock: Clock::system(),
        }))
    }

    fn sync(&mut self) -> Option<Config> {
        let database_url = self.database_url(&sync::MIGRATIONS);
        let identity = self.service_url("BESEDA_IDENTITY_URL");
        let crm = self.service_url("BESEDA_CRM_URL");
        let conversations = self.service_url("BESEDA_CONVERSATIONS_URL");
        let service_secret = self.service_secret();
        let amo = self.environment.amo_crm();
        if self.key.is_none() {
            self.environment.problem("BESEDA_MASTER_KEY is not set: sync keeps tokens of portals under it (`beseda master-key` makes one)");
        }
        Some(Config::Sync(sync::Config {
            listen: self.listen,
            database_url: database_url?,
            redis_url: self.redis_url.clone(),
            identity,
            crm,
            conversations,
            service_secret: service_secret?,
            master_key: self.key.clone()?,
            amo,
            clock: Clock::system(),
        }))
    }

    fn cabinet(&mut self) -> Option<Config> {
        let database_url = self.database_url(&cabinet::MIGRATIONS);
        let identity = self.service_url("BESEDA_IDENTITY_URL");
        let crm = self.service_url("BESEDA_CRM_URL");
        let conversations = self.service_url("BESEDA_CONVERSATIONS_URL");
        let onlinechat = self.service_url("BESEDA_ONLINECHAT_URL");
        let sync = self.environment.text("BESEDA_SYNC_URL");
        let public_url = self.public_url();
        let service_secret = self.service_secret();
        let widgets = self.environment.sms_widgets(false);
        if self.key.is_none() {
            self.environment.problem("BESEDA_MASTER_KEY is not set: cabinet keeps codes under it (`beseda master-key` makes one)");
        }
        Some(Config::Cabinet(cabinet::Config {
            listen: self.listen,
            database_url: database_url?,
            identity,
            stores: service::stores(&crm, &conversations, &onlinechat, sync.as_deref()),
            crm,
            conversations,
            service_secret: service_secret?,
            hub_secret: self
                .key
                .as_ref()?
                .service_secret(service::CABINET_CONNECTOR),
            master_key: self.key.clone()?,
            widgets: widgets?,
            sms_patience: service::SMS_PATIENCE,
            limits: service::code_limits(self.limited),
            public_url,
            clock: Clock::system(),
        }))
    }

    fn connector_whatsapp(&mut self) -> Option<Config> {
        let identity = self.service_url("BESEDA_IDENTITY_URL");
        let conversations = self.service_url("BESEDA_CONVERSATIONS_URL");
        let service_secret = self.service_secret();
        Some(Config::ConnectorWhatsapp(connector_whatsapp::Config {
            listen: self.listen,
            identity,
            conversations,
            service_secret: service_secret?,
            api_url: self.environment.whatsapp_api(),
            media_hosts: self.environment.whatsapp_media_hosts(),
            look_time: service::LOOK_TIME,
            clock: Clock::system(),
        }))
    }

    fn gateway(&mut self) -> Option<Config> {
        let identity = self.service_url("BESEDA_IDENTITY_URL");
        let crm = self.service_url("BESEDA_CRM_URL");
        let conversations = self.service_url("BESEDA_CONVERSATIONS_URL");
        let onlinechat = self.service_url("BESEDA_ONLINECHAT_URL");
        let public_url = self.public_url();
        let tls = self.tls();
        let cors_origins = self
            .environment
            .list("BESEDA_CORS_ORIGINS", "https://desk.example.com");
        let trusted_proxies = self
            .environment
            .list("BESEDA_TRUSTED_PROXIES", "10.0.0.0/8");
        let pages = Pages {
            chat: self.environment.text("BESEDA_WEB_ROOT").map(PathBuf::from),
            cabinet: self
                .environment
                .text("BESEDA_CABINET_ROOT")
                .map(PathBuf::from),
        };
        let demo_chat = self.environment.text("BESEDA_DEMO_CHAT");
        let secret = self.service_secret()?;
        let mut config =
            gateway::Config::local(&identity, &crm, &conversations, &onlinechat, secret);
        config.listen = self.listen;
        config.cabinet = self.environment.text("BESEDA_CABINET_URL");
        config.sync = self.environment.text("BESEDA_SYNC_URL");
        config.hooks = self.hooks();
        config.admin_listen = self.admin_listen;
        config.redis_url = self.redis_url.clone();
        config.public_url = public_url;
        config.tls = tls;
        config.cors_origins = cors_origins;
        config.trusted_proxies = trusted_proxies;
        config.web_root = pages.chat();
        config.cabinet_root = pages.cabinet();
        config.demo_chat = demo_chat;
        config.limits.rates = service::gateway_rates(self.limited);
        Some(Config::Gateway(Box::new(config)))
    }

    /// Connectors that can say who is registered in their channel: those that the installation has.
    fn client_checks(&mut self) -> Vec<(String, String)> {
        let whatsapp = self.environment.text("BESEDA_WHATSAPP_URL");
        let whatsapp = whatsapp.map(|url| ("whatsapp".to_owned(), url));
        whatsapp.into_iter().collect()
    }

    /// Connectors that providers call: those that the installation has.
    fn hooks(&mut self) -> Vec<(String, String)> {
        let known = [
            ("telegram", "BESEDA_TELEGRAM_URL"),
            ("whatsapp", "BESEDA_WHATSAPP_URL"),
            ("sms", "BESEDA_CABINET_URL"),
        ];
        let known = known.into_iter().filter_map(|(key, name)| {
            let url = self.environment.text(name)?;
            Some((key.to_owned(), url))
        });
        known.collect()
    }

    fn database_url(&mut self, migrations: &pg::Migrations) -> Option<SecretString> {
        let name = format!("BESEDA_{}_DATABASE_URL", migrations.schema.to_uppercase());
        if let Some(url) = self.environment.secret(&name) {
            return Some(url);
        }
        let Some(any) = self.environment.secret("BESEDA_DATABASE_URL") else {
            self.environment.problem(format!(
                "{name} is not set, nor is BESEDA_DATABASE_URL: for example postgres://host/beseda"
            ));
            return None;
        };
        let Some(key) = &self.key else {
            self.environment.problem(format!(
                "BESEDA_MASTER_KEY is not set: the password of {} is made from it (or set {name})",
                migrations.role
            ));
            return None;
        };
        pg::role_url(&any, migrations.role, key)
            .map_err(|error| {
                self.environment
                    .problem(format!("BESEDA_DATABASE_URL is malformed: {error}"));
            })
            .ok()
    }

    fn service_secret(&mut self) -> Option<SecretString> {
        let secret = self.environment.secret("BESEDA_SERVICE_SECRET");
        let name = self.kind.name();
        let secret = secret.or_else(|| self.key.as_ref().map(|key| key.service_secret(name)));
        if secret.is_none() {
            self.environment.problem("neither BESEDA_SERVICE_SECRET nor BESEDA_MASTER_KEY is set: the service proves itself to identity with it");
        }
        secret
    }

    /// The address of another service.
    fn service_url(&mut self, name: &str) -> String {
        self.web_address(name, "http://127.0.0.1:7001")
    }

    fn public_url(&mut self) -> String {
        self.web_address("BESEDA_PUBLIC_URL", "https://chat.example.com")
    }

    fn web_address(&mut self, name: &str, example: &str) -> String {
        let text = self
            .environment
            .required(name, &format!("for example {example}"));
        let is_one = Url::parse(&text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_one && !text.is_empty() {
            self.environment.problem(format!(
                "{name} is \"{text}\", which is no http address; for example {example}"
            ));
        }
        text.trim_end_matches('/').to_owned()
    }

    fn tls(&mut self) -> Option<gateway::Tls> {
        let certificates = self.environment.text("BESEDA_TLS_CERTIFICATE");
        let key = self.environment.text("BESEDA_TLS_KEY");
        if certificates.is_some() != key.is_some() {
            self.environment.problem(
                "BESEDA_TLS_CERTIFICATE and BESEDA_TLS_KEY belong together: set both or none",
            );
        }
        Some(gateway::Tls {
            certificates: certificates?.into(),
            key: key?.into(),
        })
    }
}
