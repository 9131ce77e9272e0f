//! The PostgreSQL in which tests have their databases.

use std::{env, str::FromStr};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::sync::OnceCell;

use crate::{Postgres, TestDb, database, master_key};

/// Names the PostgreSQL of a whole test run: its superuser's URL.
pub const STORES: &str = "BESEDA_TEST_STORES";

/// Held while a template is made, so that tests in parallel make it once.
const TEMPLATE_LOCK: i64 = 0x7465_7374_6b69_7401;

/// A PostgreSQL: the run's, or one of a test alone.
#[derive(Clone, Debug)]
pub struct Server {
    admin_url: SecretString,
    own: Option<Postgres>,
}

static OF_THIS_PROCESS: OnceCell<Postgres> = OnceCell::const_new();

impl Server {
    /// The run's, else one of this process, which ends with it.
    pub(crate) async fn shared() -> Self {
        if let Ok(url) = env::var(STORES) {
            return Self {
                admin_url: url.into(),
                own: None,
            };
        }
        let server = OF_THIS_PROCESS.get_or_init(|| start(false)).await;
        Self {
            admin_url: server.admin_url(),
            own: None,
        }
    }

    pub(crate) async fn private(fsync: bool) -> Self {
        let postgres = start(fsync).await;
        Self {
            admin_url: postgres.admin_url(),
            own: Some(postgres),
        }
    }

    /// The process, to kill it and start it again; only a private server has one.
    ///
    /// # Panics
    /// When this is the run's server.
    pub fn process(&self) -> &Postgres {
        self.own
            .as_ref()
            .expect("only a private server may be killed")
    }

    pub(crate) fn is_private(&self) -> bool {
        self.own.is_some()
    }

    /// A database of this test alone, in which these migrations have run.
    pub async fn database(&self, migrations: &[&'static pg::Migrations]) -> TestDb {
        let template = database::template_name(migrations);
        let mut admin = self.connect("postgres").await;
        self.make_template(&mut admin, &template, migrations).await;
        let name = format!("test_{}", types::new_uuid().simple());
        // Without fsync copying files takes 35 ms and writing through the log 40 ms; dropping the
        // database then 16 ms against 25 ms (60 tables, two cores).
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
        run(&mut admin, &create).await;
        for it in migrations {
            // Settings of a role in a database are not copied with the database.
            let (role, schema) = (it.role, it.schema);
            run(
                &mut admin,
                &format!("ALTER ROLE {role} IN DATABASE {name} SET search_path = {schema}"),
            )
            .await;
        }
        TestDb::new(self.clone(), name)
    }

    async fn make_template(
        &self,
        admin: &mut PgConnection,
        name: &str,
        migrations: &[&'static pg::Migrations],
    ) {
        if is_template(admin, name).await {
            return;
        }
        run(admin, &format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
        if !is_template(admin, name).await {
            run(admin, &format!("DROP DATABASE IF EXISTS {name}")).await;
            run(admin, &format!("CREATE DATABASE {name}")).await;
            let migrated = pg::migrate(&self.url(name), migrations, &master_key()).await;
            migrated.expect("the migrations run on an empty database");
            run(admin, &format!("ALTER DATABASE {name} IS_TEMPLATE true")).await;
        }
        run(
            admin,
            &format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})"),
        )
        .await;
    }

    /// The superuser's URL of a database.
    pub(crate) fn url(&self, database: &str) -> SecretString {
        self.options(database).to_url_lossy().to_string().into()
    }

    pub(crate) async fn connect(&self, database: &str) -> PgConnection {
        self.options(database)
            .connect()
            .await
            .expect("the tests' PostgreSQL takes connections")
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        let options = PgConnectOptions::from_str(self.admin_url.expose_secret());
        options.expect("a PostgreSQL URL").database(database)
    }
}

async fn start(fsync: bool) -> Postgres {
    let mut options = embedded::postgres::Options::temporary();
    options.fsync = fsync;
    embedded::postgres::start(options)
        .await
        .expect("a private PostgreSQL starts")
}

async fn is_template(admin: &mut PgConnection, name: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)";
    sqlx::query_scalar(sql)
        .bind(name)
        .fetch_one(admin)
        .await
        .expect("pg_database is readable")
}

/// Runs statements whose names are constants or made here.
pub(crate) async fn run(connection: &mut PgConnection, sql: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
