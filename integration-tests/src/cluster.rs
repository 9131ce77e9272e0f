//! An installation of a test alone: PostgreSQL, Redis and the services, each a process that may be killed.
//!
//! Every service keeps its port for the life of the cluster, so that one that was killed comes back where the others look
//! for it. Nothing outlives the test: each process ends with this value, and also when the test is killed.

mod ports;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use secrecy::ExposeSecret;
use testkit::{Process, Redis, TestDb};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::actors::Admin;

/// A service of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Accounts, users, sessions, keys.
    Identity,
    /// Contacts, companies, deals, customers.
    Crm,
    /// Chats, conversations, messages, deliveries.
    Conversations,
    /// The online chat.
    OnlineChat,
    /// The client's cabinet.
    Cabinet,
    /// Rules.
    Sync,
    /// The edge.
    Gateway,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Identity,
        Self::Crm,
        Self::Conversations,
        Self::OnlineChat,
        Self::Sync,
        Self::Cabinet,
        Self::Gateway,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Crm => "crm",
            Self::Conversations => "conversations",
            Self::OnlineChat => "connector-onlinechat",
            Self::Cabinet => "cabinet",
            Self::Sync => "sync",
            Self::Gateway => "gateway",
        }
    }

    /// The variable in which the others look for its address.
    fn variable(self) -> &'static str {
        match self {
            Self::Identity => "BESEDA_IDENTITY_URL",
            Self::Crm => "BESEDA_CRM_URL",
            Self::Conversations => "BESEDA_CONVERSATIONS_URL",
            Self::OnlineChat => "BESEDA_ONLINECHAT_URL",
            Self::Cabinet => "BESEDA_CABINET_URL",
            Self::Sync => "BESEDA_SYNC_URL",
            Self::Gateway => "BESEDA_PUBLIC_URL",
        }
    }
}

/// What is special about a cluster.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// A PostgreSQL of its own with fsync, to be killed; otherwise a database in the one of the test run.
    pub own_postgres: bool,
    /// Further variables of every service.
    pub environment: Vec<(&'static str, String)>,
}

/// A running installation.
pub struct Cluster {
    // Before `db`: the services end before their database is dropped.
    processes: [Arc<Mutex<Process>>; 7],
    db: TestDb,
    environment: Vec<(&'static str, String)>,
    ports: [u16; 7],
    admin_port: u16,
}

impl Cluster {
    /// An installation with the usual settings.
    pub async fn start() -> Self {
        Self::with_settings(Settings::default()).await
    }

    /// An installation whose PostgreSQL may be killed and keeps what it promised as in production. A crowd of clients comes
    /// from one address here, so nobody counts their calls.
    pub async fn to_be_hurt() -> Self {
        let environment = vec![("BESEDA_RATE_LIMITS", "off".to_owned())];
        Self::with_settings(Settings {
            own_postgres: true,
            environment,
        })
        .await
    }

    /// An installation with special settings.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with_settings(settings: Settings) -> Self {
        let db = if settings.own_postgres {
            testkit::private_postgres(true).await.database(&[]).await
        } else {
            testkit::database(&[]).await
        };
        let [ports @ .., admin_port] = ports::free::<8>();
        let mut environment = base_environment(&db, &ports).await;
        environment.extend(settings.environment);
        run(&environment, &["migrate"], "").await;
        let processes = [0, 1, 2, 3, 4, 5, 6].map(|place| {
            let service = Service::ALL[place];
            Arc::new(Mutex::new(spawn(
                service,
                ports[place],
                admin_port,
                &environment,
            )))
        });
        let cluster = Self {
            processes,
            db,
            environment,
            ports,
            admin_port,
        };
        for service in Service::ALL {
            cluster.wait_ready(service).await;
        }
        cluster
    }

    /// Where everybody from outside comes in.
    #[must_use]
    pub fn gateway(&self) -> SocketAddr {
        self.addr(Service::Gateway)
    }

    /// The same as an address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.gateway())
    }

    /// Where a service listens; from outside of the installation only the gateway's counts.
    #[must_use]
    pub fn addr(&self, service: Service) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports[service as usize]).into()
    }

    /// Where the gateway's operators come in.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.admin_port).into()
    }

    /// The database, to look behind what the API shows.
    #[must_use]
    pub fn db(&self) -> &TestDb {
        &self.db
    }

    /// Redis.
    pub async fn redis(&self) -> &Redis {
        self.db.redis().await
    }

    /// A new account of this name, and its administrator, logged in.
    ///
    /// # Panics
    /// When the operator's command fails.
    pub async fn account(&self, name: &str) -> Admin {
        let email = format!("admin@{name}.example");
        let password = format!("{name}: correct horse battery");
        let title = format!("Account {name}");
        let arguments = [
            "admin",
            "create-account",
            &title,
            &email,
            "--name",
            "Анна",
            "--plan",
            "professional",
            "--password-stdin",
        ];
        run(&self.environment, &arguments, &password).await;
        Admin::log_in(self.url(), &email, &password).await
    }

    /// Runs an operator's command to its end and gives what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub async fn command(&self, arguments: &[&str]) -> String {
        run(&self.environment, arguments, "").await
    }

    /// Kills a service as a crash does.
    pub async fn kill(&self, service: Service) {
        self.with(service, Process::kill9).await;
    }

    /// Asks a service to end, and waits until it has drained.
    pub async fn terminate(&self, service: Service) {
        self.with(service, Process::terminate).await;
    }

    /// Starts a service again that has ended, at the same address.
    pub async fn revive(&self, service: Service) {
        self.with(service, Process::start_again).await;
        self.wait_ready(service).await;
    }

    /// Ends a service in order and starts it with further settings.
    pub async fn restart_with(&self, service: Service, further: &[(&'static str, String)]) {
        self.terminate(service).await;
        let environment = [&self.environment[..], further].concat();
        let port = self.ports[service as usize];
        *self.process(service).lock().await = spawn(service, port, self.admin_port, &environment);
        self.wait_ready(service).await;
    }

    /// On a thread of its own: callers of this very test may be what the process waits for.
    async fn with(&self, service: Service, work: fn(&mut Process)) {
        let mut process = Arc::clone(self.process(service)).lock_owned().await;
        let done = tokio::task::spawn_blocking(move || work(&mut process)).await;
        done.expect("it did as it was told");
    }

    /// What a service has printed since it was last started.
    pub async fn log(&self, service: Service) -> String {
        self.process(service).lock().await.log()
    }

    /// Kills PostgreSQL as a crash of its machine does, and starts it again on the same data.
    ///
    /// # Panics
    /// When it does not come back.
    pub async fn kill_postgres(&self) {
        let postgres = self.db.server().process();
        postgres.kill9().await.expect("killed");
        self.restart_postgres().await;
    }

    /// Stops PostgreSQL without a checkpoint (`immediate`), and starts it again.
    ///
    /// # Panics
    /// When it does not come back.
    pub async fn stop_postgres_immediately(&self) {
        let postgres = self.db.server().process();
        let pid = Pid::from_raw(postgres.pid().expect("it runs"));
        kill(pid, Signal::SIGQUIT).expect("the signal is sent");
        testkit::wait_for("PostgreSQL has stopped", async || {
            (!postgres.is_running()).then_some(())
        })
        .await;
        self.restart_postgres().await;
    }

    /// Backends of a killed server may hold its memory for a moment longer: it refuses to start until they are gone.
    async fn restart_postgres(&self) {
        let postgres = self.db.server().process();
        testkit::wait_for_state("PostgreSQL is back", async || {
            postgres.restart().await.map_err(|error| error.to_string())
        })
        .await;
    }

    async fn wait_ready(&self, service: Service) {
        self.process(service).lock().await.wait_line("ready").await;
    }

    fn process(&self, service: Service) -> &Arc<Mutex<Process>> {
        &self.processes[service as usize]
    }
}

async fn base_environment(db: &TestDb, ports: &[u16; 7]) -> Vec<(&'static str, String)> {
    let mut environment = vec![
        (
            "BESEDA_DATABASE_URL",
            db.owner_url().expose_secret().to_owned(),
        ),
        ("BESEDA_REDIS_URL", db.redis_url().await),
        ("BESEDA_MASTER_KEY", testkit::master_key_text().to_owned()),
    ];
    let addresses = Service::ALL.iter().zip(ports);
    environment.extend(
        addresses.map(|(service, port)| (service.variable(), format!("http://127.0.0.1:{port}"))),
    );
    environment
}

fn spawn(
    service: Service,
    port: u16,
    admin_port: u16,
    environment: &[(&'static str, String)],
) -> Process {
    let listen = format!("127.0.0.1:{port}");
    let admin_listen = format!("127.0.0.1:{admin_port}");
    let mut variables: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, &value[..]))
        .collect();
    variables.push(("BESEDA_LISTEN", &listen));
    if service == Service::Gateway {
        variables.push(("BESEDA_ADMIN_LISTEN", &admin_listen));
    }
    Process::start(
        testkit::beseda_binary(),
        &["run", service.name()],
        &variables,
    )
}

/// Runs the program to its end, with this as its standard input.
async fn run(environment: &[(&'static str, String)], arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(testkit::beseda_binary());
    command
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("the program starts");
    let mut pipe = child.stdin.take().expect("its standard input");
    // A command that reads nothing may have ended already.
    let _ = pipe.write_all(input.as_bytes()).await;
    drop(pipe);
    let done = child.wait_with_output().await.expect("the program ends");
    let (out, problems) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert!(
        done.status.success(),
        "beseda {}: {}\n{out}{problems}",
        arguments.join(" "),
        done.status
    );
    out.into_owned()
}
