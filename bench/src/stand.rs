//! What is measured: real stores and the services as processes.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use api::identity::v1::LogInRequest;
use api::identity::v1::session_service_client::SessionServiceClient;
use auth::{ServiceChannel, ServiceTokens};
use embedded::{Postgres, Redis};
use identity::admin::Created;
use kit::secrets::MasterKey;
use pg::{Db, Migrations};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use types::{AccountId, Clock, ConnectionId, UserId};

/// Log-in of the account that reads.
pub const EMAIL: &str = "bench@example.com";
/// Its password.
pub const PASSWORD: &str = "bench-password-1";

/// The connector that brings load.
pub const CONNECTOR: &str = "bench";

/// A request of somebody.
pub fn with<T>(authorization: &MetadataValue<Ascii>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", authorization.clone());
    request
}

/// A service as a process.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// `http://host:port`.
    pub url: String,
    /// From start to ready.
    pub started_in: Duration,
    process: Child,
}

impl Service {
    /// Its resident memory, in bytes.
    pub fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// Ends it at once.
    pub fn stop(mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// CPU time it used so far.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |place: usize| {
            fields
                .get(place)
                .and_then(|text| text.parse::<u64>().ok())
                .context("no CPU time")
        };
        // utime and stime, in hundredths of a second on every Linux.
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }
}

/// Stores and services.
#[derive(Debug)]
pub struct Stand {
    /// PostgreSQL.
    pub postgres: Postgres,
    redis: Redis,
    /// identity, crm, conversations, connector-onlinechat, gateway.
    pub services: Vec<Service>,
    key: MasterKey,
    /// Where crm listens: identity is told before crm runs.
    crm: SocketAddr,
    key_text: SecretString,
    /// The account with employees.
    pub account: AccountId,
    /// Who administers it.
    pub administrator: UserId,
}

static ALL: [&Migrations; 6] = [
    &identity::MIGRATIONS,
    &crm::MIGRATIONS,
    &conversations::MIGRATIONS,
    &connector_onlinechat::MIGRATIONS,
    &cabinet::MIGRATIONS,
    &sync::MIGRATIONS,
];

impl Stand {
    /// Starts everything, with empty stores that are gone afterwards.
    pub async fn start() -> Result<Self> {
        let options = embedded::postgres::Options {
            fsync: true,
            ..embedded::postgres::Options::temporary()
        };
        Self::on(options, &MasterKey::generate(), false).await
    }

    /// Starts everything on a database that is kept in a folder; `fresh` empties it.
    pub async fn kept(folder: &Path, fresh: bool) -> Result<Self> {
        let key = folder.join("master.key");
        if !key.exists() {
            let mut private = OpenOptions::new();
            let mut file = private
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&key)?;
            file.write_all(MasterKey::generate().as_bytes())?;
        }
        let key_text = std::fs::read_to_string(&key)?;
        let options = embedded::postgres::Options::kept(folder.join("postgres"));
        Self::on(options, &key_text, fresh).await
    }

    async fn on(options: embedded::postgres::Options, key_text: &str, fresh: bool) -> Result<Self> {
        let postgres = embedded::postgres::start(options).await?;
        let redis = embedded::redis::start(embedded::redis::Options::temporary()).await?;
        let key = MasterKey::parse(key_text)?;
        if fresh {
            empty(&postgres).await?;
        }
        pg::migrate(&postgres.admin_url(), &ALL, &key).await?;
        let created = create_account(&postgres, &key).await?;
        let mut stand = Self {
            postgres,
            redis,
            services: Vec::new(),
            key,
            crm: free_port()?,
            key_text: key_text.to_owned().into(),
            account: created.account,
            administrator: created.user,
        };
        for name in [
            "identity",
            "crm",
            "conversations",
            "connector-onlinechat",
            "gateway",
        ] {
            let service = stand.launch(name, &[])?;
            stand.services.push(service);
        }
        Ok(stand)
    }

    /// The authorization header of somebody of the account.
    pub async fn authorization(&self, email: &str) -> Result<MetadataValue<Ascii>> {
        let request = LogInRequest {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            device: "bench".to_owned(),
        };
        let reply = SessionServiceClient::new(self.channel("identity")?)
            .log_in(request)
            .await?
            .into_inner();
        let token = reply.tokens.unwrap_or_default().access_token;
        Ok(format!("Bearer {token}").parse()?)
    }

    fn listen(&self, name: &str) -> SocketAddr {
        match name {
            "crm" => self.crm,
            _ => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }

    /// Starts a service with more of its settings; whoever starts it stops it.
    pub fn launch(&self, name: &'static str, settings: &[(&str, &str)]) -> Result<Service> {
        let begin = Instant::now();
        let mut command = Command::new(beseda()?);
        command
            .args(["run", name])
            .env(
                "BESEDA_DATABASE_URL",
                self.postgres.admin_url().expose_secret(),
            )
            .env("BESEDA_REDIS_URL", self.redis.url().expose_secret())
            .env("BESEDA_MASTER_KEY", self.key_text.expose_secret())
            .env("BESEDA_LISTEN", self.listen(name).to_string())
            .env("BESEDA_PUBLIC_URL", "http://127.0.0.1")
            .env("BESEDA_LOG", "warn")
            .env("BESEDA_RATE_LIMITS", "off")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped());
        command.env("BESEDA_CRM_URL", format!("http://{}", self.crm));
        for (variable, of) in [
            ("BESEDA_IDENTITY_URL", "identity"),
            ("BESEDA_CONVERSATIONS_URL", "conversations"),
            ("BESEDA_ONLINECHAT_URL", "connector-onlinechat"),
        ] {
            if let Some(service) = self.services.iter().find(|service| service.name == of) {
                command.env(variable, &service.url);
            }
        }
        let mut process = command
            .spawn()
            .context("the release binary beside this one cannot be started")?;
        let output = process.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let ready: serde_json::Value = serde_json::from_str(&line)
            .with_context(|| format!("{name} did not say that it is ready: {line}"))?;
        let address = ready["addr"]
            .as_str()
            .with_context(|| format!("{name} did not say where it listens"))?;
        Ok(Service {
            name,
            url: format!("http://{address}"),
            started_in: begin.elapsed(),
            process,
        })
    }

    /// A service by name.
    pub fn service(&self, name: &str) -> Result<&Service> {
        self.services
            .iter()
            .find(|service| service.name == name)
            .with_context(|| format!("no service {name}"))
    }

    /// A service's own view of its tables.
    pub async fn database(&self, of: &Migrations) -> Result<Db> {
        let url = pg::role_url(&self.postgres.admin_url(), of.role, &self.key)?;
        Ok(Db::connect(&pg::Config::new(url), of).await?)
    }

    /// A connection to a service.
    pub fn channel(&self, name: &str) -> Result<Channel> {
        Ok(kit::channel(&self.service(name)?.url)?)
    }

    /// A connection to a service, with the token of the connector that brings load.
    pub fn connector(&self, name: &str) -> Result<ServiceChannel> {
        let secret = self.key.service_secret(&format!("connector-{CONNECTOR}"));
        let tokens = ServiceTokens::new(
            self.channel("identity")?,
            "connector-bench",
            secret,
            Clock::system(),
        );
        Ok(tokens.channel(self.channel(name)?))
    }

    /// Connections of as many accounts, made as the owner of the tables: only ingest is to be measured.
    pub async fn connections(&self, count: usize) -> Result<Vec<ConnectionId>> {
        let mut owner = PgConnection::connect(self.postgres.admin_url().expose_secret()).await?;
        let connections: Vec<ConnectionId> = (0..count).map(|_| ConnectionId::generate()).collect();
        let accounts: Vec<uuid::Uuid> = (0..count)
            .map(|n| {
                if n == 0 {
                    self.account.uuid()
                } else {
                    AccountId::generate().uuid()
                }
            })
            .collect();
        let ids: Vec<uuid::Uuid> = connections.iter().map(|id| id.uuid()).collect();
        sqlx::query(
            "WITH new AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS n (account_id, id)),
                  directory AS (INSERT INTO conversations.connection_directory SELECT id, account_id, $3 FROM new)
             INSERT INTO conversations.connections (account_id, id, connector_key, external_id, title, conversation_mode, enabled)
             SELECT account_id, id, $3, id::text, 'Bench', 1, true FROM new",
        )
        .bind(accounts)
        .bind(ids)
        .bind(CONNECTOR)
        .execute(&mut owner)
        .await?;
        Ok(connections)
    }

    /// Are the numbers of every account 1, 2, 3 … without gap or double?
    pub async fn check_numbers(&self) -> Result<()> {
        let mut owner = PgConnection::connect(self.postgres.admin_url().expose_secret()).await?;
        let broken: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT FROM conversations.conversations GROUP BY account_id
              HAVING count(*) <> max(number) OR count(DISTINCT number) <> count(*) OR min(number) <> 1) b",
        )
        .fetch_one(&mut owner)
        .await?;
        if broken > 0 {
            bail!("the conversation numbers of {broken} accounts have gaps or doubles");
        }
        Ok(())
    }

    /// Gives the tables the statistics that PostgreSQL gathers by itself within minutes. Until then a plan made on an empty table may
    /// read a whole account where a row was meant, on one connection and not on the next.
    pub async fn analyze(&self) -> Result<()> {
        let mut owner = PgConnection::connect(self.postgres.admin_url().expose_secret()).await?;
        sqlx::raw_sql("ANALYZE").execute(&mut owner).await?;
        Ok(())
    }

    /// Stops what was started.
    pub async fn stop(self) {
        self.services.into_iter().rev().for_each(Service::stop);
        let _ = self.redis.stop().await;
        let _ = self.postgres.stop().await;
    }
}

/// The account with its administrator; the one of the last time, where there is one.
async fn create_account(postgres: &Postgres, key: &MasterKey) -> Result<Created> {
    let url = pg::role_url(&postgres.admin_url(), identity::MIGRATIONS.role, key)?;
    let db = Db::connect(&pg::Config::new(url), &identity::MIGRATIONS).await?;
    let new = identity::admin::NewAccount {
        title: "Bench".to_owned(),
        language: "en".to_owned(),
        plan: identity::admin::Plan::Professional,
        subscription: identity::admin::Subscription::Active,
        imbox: true,
        email: EMAIL.to_owned(),
        name: "Bench".to_owned(),
        password: SecretString::from(PASSWORD),
    };
    Ok(identity::admin::create_account(&db, &Clock::system(), new).await?)
}

/// Drops every schema of ours.
async fn empty(postgres: &Postgres) -> Result<()> {
    let mut owner = PgConnection::connect(postgres.admin_url().expose_secret()).await?;
    for migrations in ALL {
        let statement = format!("DROP SCHEMA IF EXISTS {} CASCADE", migrations.schema);
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut owner)
            .await?;
    }
    Ok(())
}

/// The binary beside this one.
fn beseda() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("beseda");
    if !path.exists() {
        bail!(
            "{} is missing: run `make bench`, or `cargo build --release -p beseda`",
            path.display()
        );
    }
    Ok(path)
}

/// An address of this machine that nobody listens on.
pub fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
