//! Who listens where and knows whom: the settings of each service.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context;
use kit::secrets::MasterKey;
use secrecy::SecretString;
use types::Clock;
use url::Url;

use super::stores::Addresses;
use crate::service::{self, Config, Kind};

/// Services listen on any free port of the loopback.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What services are started with. The addresses of those that run are filled in as they start.
#[derive(Debug)]
pub struct Wiring {
    pub key: MasterKey,
    pub stores: Addresses,
    pub public_url: String,
    pub limited: bool,
    pub admin_listen: Option<SocketAddr>,
    pub telegram_api: Url,
    /// Providers of SMS that can be installed.
    pub widgets: cabinet::sms::Widgets,
    pub web_root: PathBuf,
    pub cabinet_root: PathBuf,
    /// Where the files of messages are kept.
    pub files: PathBuf,
    pub identity: String,
    pub crm: String,
    pub conversations: String,
    pub onlinechat: String,
    pub telegram: String,
    pub cabinet: String,
    pub sync: String,
    /// As what the installation is registered with amoCRM.
    pub amo_crm: Option<sync::Registration>,
    pub whatsapp_api: Url,
    pub whatsapp_media_hosts: Vec<String>,
    /// Known before it runs: identity asks crm which stages there are.
    pub crm_listen: SocketAddr,
    /// Known before it runs: conversations asks it who is registered.
    pub whatsapp: SocketAddr,
}

impl Wiring {
    pub fn identity(&self) -> anyhow::Result<Config> {
        let url = self.role_url(&identity::MIGRATIONS)?;
        let (redis_url, key) = (self.stores.redis_url.clone(), self.key.clone());
        let crm = format!("http://{}", self.crm_listen);
        let mut config = identity::Config::new(ANY, url, redis_url, crm, key, Clock::system());
        config.log_in_limit = config.log_in_limit.filter(|_| self.limited);
        Ok(Config::Identity(config))
    }

    pub fn crm(&self) -> anyhow::Result<Config> {
        Ok(Config::Crm(crm::Config {
            listen: self.crm_listen,
            database_url: self.role_url(&crm::MIGRATIONS)?,
            redis_url: self.stores.redis_url.clone(),
            identity: self.identity.clone(),
            service_secret: self.secret(Kind::Crm),
            clock: Clock::system(),
        }))
    }

    pub fn conversations(&self) -> anyhow::Result<Config> {
        Ok(Config::Conversations(conversations::Config {
            listen: ANY,
            database_url: self.role_url(&conversations::MIGRATIONS)?,
            redis_url: self.stores.redis_url.clone(),
            identity: self.identity.clone(),
            crm: self.crm.clone(),
            client_checks: vec![self.whatsapp()],
            service_secret: self.secret(Kind::Conversations),
            ingest: conversations::IngestConfig::default(),
            files: conversations::FilesLocation::Folder(self.files.clone()),
            media_names: Vec::new(),
            master_key: self.key.clone(),
            max_connections: service::CONNECTIONS,
            clock: Clock::system(),
        }))
    }

    pub fn connector_onlinechat(&self) -> anyhow::Result<Config> {
        Ok(Config::ConnectorOnlinechat(connector_onlinechat::Config {
            listen: ANY,
            database_url: self.role_url(&connector_onlinechat::MIGRATIONS)?,
            redis_url: self.stores.redis_url.clone(),
            identity: self.identity.clone(),
            conversations: self.conversations.clone(),
            crm: self.crm.clone(),
            service_secret: self.secret(Kind::ConnectorOnlinechat),
            public_url: self.public_url.clone(),
            limits: service::visitor_limits(self.limited),
            clock: Clock::system(),
        }))
    }

    pub fn connector_telegram(&self) -> anyhow::Result<Config> {
        Ok(Config::ConnectorTelegram(connector_telegram::Config {
            listen: ANY,
            identity: self.identity.clone(),
            conversations: self.conversations.clone(),
            service_secret: self.secret(Kind::ConnectorTelegram),
            api_url: self.telegram_api.clone(),
            public_url: self.public_url.clone(),
            poll_time: service::POLL_TIME,
            clock: Clock::system(),
        }))
    }

    pub fn connector_whatsapp(&self) -> anyhow::Result<Config> {
        Ok(Config::ConnectorWhatsapp(connector_whatsapp::Config {
            listen: self.whatsapp,
            identity: self.identity.clone(),
            conversations: self.conversations.clone(),
            service_secret: self.secret(Kind::ConnectorWhatsapp),
            api_url: self.whatsapp_api.clone(),
            media_hosts: self.whatsapp_media_hosts.clone(),
            look_time: service::LOOK_TIME,
            clock: Clock::system(),
        }))
    }

    /// WhatsApp's connector by its key.
    fn whatsapp(&self) -> (String, String) {
        ("whatsapp".to_owned(), format!("http://{}", self.whatsapp))
    }

    pub fn cabinet(&self) -> anyhow::Result<Config> {
        Ok(Config::Cabinet(cabinet::Config {
            listen: ANY,
            database_url: self.role_url(&cabinet::MIGRATIONS)?,
            identity: self.identity.clone(),
            crm: self.crm.clone(),
            stores: service::stores(
                &self.crm,
                &self.conversations,
                &self.onlinechat,
                Some(&self.sync),
            ),
            conversations: self.conversations.clone(),
            service_secret: self.secret(Kind::Cabinet),
            hub_secret: self.key.service_secret(service::CABINET_CONNECTOR),
            master_key: self.key.clone(),
            widgets: self.widgets.clone(),
            sms_patience: service::SMS_PATIENCE,
            limits: service::code_limits(self.limited),
            public_url: self.public_url.clone(),
            clock: Clock::system(),
        }))
    }

    pub fn sync(&self) -> anyhow::Result<Config> {
        Ok(Config::Sync(sync::Config {
            listen: ANY,
            database_url: self.role_url(&sync::MIGRATIONS)?,
            redis_url: self.stores.redis_url.clone(),
            identity: self.identity.clone(),
            crm: self.crm.clone(),
            conversations: self.conversations.clone(),
            service_secret: self.secret(Kind::Sync),
            master_key: self.key.clone(),
            amo: self.amo_crm.clone(),
            clock: Clock::system(),
        }))
    }

    pub fn gateway(&self, listen: SocketAddr, demo_chat: Option<String>) -> Config {
        let secret = self.secret(Kind::Gateway);
        let mut config = gateway::Config::local(
            &self.identity,
            &self.crm,
            &self.conversations,
            &self.onlinechat,
            secret,
        );
        config.listen = listen;
        config.cabinet = Some(self.cabinet.clone());
        config.sync = Some(self.sync.clone());
        config.hooks = vec![
            ("telegram".to_owned(), self.telegram.clone()),
            ("sms".to_owned(), self.cabinet.clone()),
            self.whatsapp(),
        ];
        config.admin_listen = self.admin_listen;
        config.redis_url.clone_from(&self.stores.redis_url);
        config.public_url.clone_from(&self.public_url);
        config.web_root.clone_from(&self.web_root);
        config.cabinet_root.clone_from(&self.cabinet_root);
        config.demo_chat = demo_chat;
        config.limits.rates = service::gateway_rates(self.limited);
        Config::Gateway(Box::new(config))
    }

    fn role_url(&self, migrations: &pg::Migrations) -> anyhow::Result<SecretString> {
        pg::role_url(&self.stores.database_url, migrations.role, &self.key)
            .context("the address of the database is malformed")
    }

    fn secret(&self, kind: Kind) -> SecretString {
        self.key.service_secret(kind.name())
    }
}
