//! A database of one test.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;
use tokio::{runtime, sync::OnceCell};

use crate::{Redis, Server, master_key, private_redis, server::run};

/// How long a test waits until its database is gone. PostgreSQL drops one only when every backend has taken note, also one that
/// waits in the middle of a log-in for a pool of this very test. It goes on without us, and that pool ends with the test.
const PATIENCE: Duration = Duration::from_millis(200);

/// A database of one test, dropped with this value.
#[derive(Debug)]
pub struct TestDb {
    server: Server,
    name: String,
    redis: OnceCell<Redis>,
}

impl TestDb {
    pub(crate) fn new(server: Server, name: String) -> Self {
        Self {
            server,
            name,
            redis: OnceCell::new(),
        }
    }

    /// The URL as the service's own role: no owner, row-level security applies.
    pub fn url(&self, migrations: &pg::Migrations) -> SecretString {
        let url = pg::role_url(&self.owner_url(), migrations.role, &master_key());
        url.expect("the URL is well formed")
    }

    /// The URL as superuser, for `beseda migrate` and for looking behind row-level security.
    pub fn owner_url(&self) -> SecretString {
        self.server.url(&self.name)
    }

    /// A connection as superuser.
    pub async fn owner(&self) -> PgConnection {
        self.server.connect(&self.name).await
    }

    /// The server the database is in.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The Redis of this test, started when first asked for.
    pub async fn redis(&self) -> &Redis {
        self.redis.get_or_init(private_redis).await
    }

    /// Its URL, as services take it.
    pub async fn redis_url(&self) -> String {
        self.redis().await.url().expose_secret().to_owned()
    }
}

impl Drop for TestDb {
    /// A run of hundreds of tests would fill the disk with databases.
    fn drop(&mut self) {
        if self.server.is_private() {
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        let (steps, heard) = mpsc::channel();
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let mut admin = server.connect("postgres").await;
                let _ = steps.send(());
                run(&mut admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
                let _ = steps.send(());
            });
        });
        let asked = heard.recv().map_err(RecvTimeoutError::from);
        let dropped = asked.and_then(|()| heard.recv_timeout(PATIENCE));
        if dropped == Err(RecvTimeoutError::Disconnected) && !thread::panicking() {
            panic!("the database {} could not be dropped", self.name);
        }
    }
}

/// One name for one set of migrations.
pub(crate) fn template_name(migrations: &[&'static pg::Migrations]) -> String {
    let mut hasher = DefaultHasher::new();
    for it in migrations {
        (it.schema, it.role).hash(&mut hasher);
        for file in it.migrator.iter() {
            (file.version, &file.checksum).hash(&mut hasher);
        }
    }
    format!("template_{:016x}", hasher.finish())
}
