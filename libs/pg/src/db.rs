//! The pool and the one way to a transaction.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Postgres};
use tokio::sync::Mutex;

use crate::boot::{self, BootError};
use crate::migrate::Migrations;
use crate::scope::{Scope, SystemScope};
use crate::{Error, TxFuture};

/// How a service connects.
#[derive(Debug, Clone)]
pub struct Config {
    /// `postgres://role:password@host:port/database`, as the service's own role.
    pub url: SecretString,
    /// Connections at most, for accounts and for jobs of the system each; about four per core serve best.
    pub max_connections: u32,
}

impl Config {
    /// With the usual number of connections.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            max_connections: 10,
        }
    }
}

/// How long a call waits for a free connection before the service counts as overloaded.
const ACQUIRE: Duration = Duration::from_secs(3);

/// Settings of every connection, in milliseconds where they are times.
const SETTINGS: [(&str, &str); 8] = [
    ("statement_timeout", "10000"),
    ("lock_timeout", "5000"),
    ("idle_in_transaction_session_timeout", "5000"),
    // Statements here are short: compiling one costs more than running it.
    ("jit", "off"),
    // Every statement looks its rows up by key. A plan that reads a table or hashes it is what the planner chooses while a
    // table is new and has no statistics, and what stays cached while the table grows.
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// Connections as one role.
#[derive(Debug, Clone)]
pub struct Db {
    /// Each transaction says whose rows it sees.
    accounts: PgPool,
    /// Sees every account's rows, for jobs of the system.
    system: PgPool,
    /// How connections of the system are made.
    system_options: PgConnectOptions,
}

/// A connection that a job of the system has for itself, beside the pools, for statements that need no transaction around them: each is one of its own and
/// costs one round trip. Such a connection has its plans and caches at hand.
#[derive(Debug, Clone)]
pub struct Session {
    options: PgConnectOptions,
    scope: SystemScope,
    /// Made when first used, and again after it died. One call at a time uses it.
    connection: Arc<Mutex<Option<PgConnection>>>,
}

impl Session {
    /// Runs `body`. It must change nothing when it is repeated after it took effect, because that is what happens when the
    /// connection turns out to be dead. It runs to its end even when the caller stops waiting.
    ///
    /// # Errors
    /// What `body` returns. A server that is gone is noticed when no new connection can be made.
    pub async fn run<T, F>(&self, body: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut PgConnection) -> TxFuture<'t, T, Error> + Send + Sync + 'static,
    {
        let session = self.clone();
        to_its_end(async move {
            let mut kept = session.connection.lock().await;
            loop {
                let mut connection = match kept.take() {
                    Some(connection) => connection,
                    None => PgConnection::connect_with(&session.options).await?,
                };
                match body(&mut connection).await {
                    Err(Error::Unavailable(cause)) => {
                        tracing::debug!(scope = session.scope.name(), %cause, "a connection was dead");
                    }
                    outcome => {
                        *kept = Some(connection);
                        return outcome;
                    }
                }
            }
        })
        .await
    }
}

/// A running transaction. It derefs to the connection.
#[derive(Debug)]
pub struct Tx {
    connection: PoolConnection<Postgres>,
    finished: bool,
}

impl Db {
    /// Connects and checks that this database, role and schema are what the service needs.
    ///
    /// # Errors
    /// When the database cannot be reached, or is refused: the text says what to change.
    pub async fn connect(config: &Config, migrations: &Migrations) -> Result<Self, BootError> {
        let options = PgConnectOptions::from_str(config.url.expose_secret())
            .map_err(BootError::Url)?
            .application_name(migrations.service)
            .options(SETTINGS)
            .statement_cache_capacity(256);
        let pool = || {
            PgPoolOptions::new()
                .max_connections(config.max_connections)
                .acquire_timeout(ACQUIRE)
                // A ping at each checkout costs a quarter of the rate; a dead connection is noticed and another one taken.
                .test_before_acquire(false)
        };
        let accounts = pool()
            .connect_with(options.clone())
            .await
            .map_err(BootError::Unreachable)?;
        boot::check(&accounts, migrations).await?;
        let system_options = options.options([("beseda.system", "on")]);
        Ok(Self {
            accounts,
            system: pool().connect_lazy_with(system_options.clone()),
            system_options,
        })
    }

    /// Is the database there?
    pub async fn is_reachable(&self) -> bool {
        self.accounts.execute("SELECT 1").await.is_ok()
    }

    /// Connections that are in use.
    #[must_use]
    pub fn busy(&self) -> usize {
        let pools = [&self.accounts, &self.system];
        let busy = pools.map(|pool| (pool.size() as usize).saturating_sub(pool.num_idle()));
        busy.iter().sum()
    }

    /// Runs `body` in a transaction of `scope`; commits when it returns `Ok`, rolls back otherwise. It runs to its end
    /// even when the caller stops waiting. No call to another service, Redis or disk belongs inside.
    ///
    /// # Errors
    /// What `body` returns, or what goes wrong with the database. After `Unavailable` the commit may have happened: repeat
    /// what is idempotent.
    pub async fn tx<T, E, F>(&self, scope: impl Into<Scope>, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T, E> + Send + 'static,
    {
        let (db, scope) = (self.clone(), scope.into());
        to_its_end(async move { db.run(scope, body).await }).await
    }

    /// A session for a job of the system.
    #[must_use]
    pub fn session(&self, scope: SystemScope) -> Session {
        Session {
            options: self.system_options.clone(),
            scope,
            connection: Arc::default(),
        }
    }

    async fn run<T, E, F>(&self, scope: Scope, body: F) -> Result<T, E>
    where
        E: From<Error>,
        F: for<'t> FnOnce(&'t mut Tx) -> TxFuture<'t, T, E>,
    {
        let mut tx = self.begin(scope).await?;
        match body(&mut tx).await {
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                tx.roll_back().await;
                Err(error)
            }
        }
    }

    async fn begin(&self, scope: Scope) -> Result<Tx, Error> {
        let statement = scope.begin();
        let pool = match scope {
            Scope::Account(_) => &self.accounts,
            Scope::System(_) => &self.system,
        };
        loop {
            let mut connection = pool.acquire().await?;
            match sqlx::raw_sql(AssertSqlSafe(statement.as_str()))
                .execute(&mut *connection)
                .await
            {
                Ok(_) => {
                    return Ok(Tx {
                        connection,
                        finished: false,
                    });
                }
                // Nothing has happened yet: a connection that died in the pool is thrown away and the next one taken.
                // A new connection to a dead server fails in `acquire`, so this ends.
                Err(error) => {
                    connection.close_on_drop();
                    match Error::from(error) {
                        Error::Unavailable(cause) => {
                            tracing::debug!(scope = scope.name(), %cause, "a pooled connection was dead");
                        }
                        other => return Err(other),
                    }
                }
            }
        }
    }
}

/// Runs `work` in a task of its own, so that a dropped caller does not end it in the middle.
async fn to_its_end<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let language = kit::language::current();
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that must outlive a dropped handler"
    )]
    let task = tokio::spawn(kit::language::with(language, work));
    task.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
}

impl Tx {
    async fn commit(mut self) -> Result<(), Error> {
        // COMMIT of a failed transaction succeeds as a rollback. The first statement fails then, and says so.
        sqlx::raw_sql("SELECT 1; COMMIT")
            .execute(&mut *self)
            .await?;
        self.finished = true;
        Ok(())
    }

    async fn roll_back(mut self) {
        self.finished = sqlx::raw_sql("ROLLBACK").execute(&mut *self).await.is_ok();
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !self.finished {
            // After a panic or a broken connection: it must not go back into the pool.
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
