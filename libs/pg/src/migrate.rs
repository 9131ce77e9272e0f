//! Roles, schemas and tables, made by the owner before services start.
//!
//! `beseda_owner` owns everything and cannot log in. Each service has a role that can use its own schema and nothing else;
//! its password is derived from the master key. Migrations are forward-only and run under an advisory lock that is tried,
//! not waited for: a waiting session would hold a snapshot that `CREATE INDEX CONCURRENTLY` waits for in turn.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use kit::secrets::MasterKey;
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use types::Clock;

/// A service's migrations.
#[derive(Debug)]
pub struct Migrations {
    /// Name of the service, for messages.
    pub service: &'static str,
    /// Its schema.
    pub schema: &'static str,
    /// Its role.
    pub role: &'static str,
    /// The files.
    pub migrator: Migrator,
}

/// The key of the advisory lock: "beseda" in ASCII.
const LOCK: i64 = 0x0000_6265_7365_6461;

/// What the owner makes in every database: helpers for row-level security.
const HELPERS: &str = include_str!("../sql/helpers.sql");

/// Makes what is missing: roles, schemas, tables. Running it again changes nothing.
///
/// # Errors
/// When the database cannot be reached, the role may not create roles, or a migration fails.
pub async fn migrate(
    owner_url: &SecretString,
    services: &[&Migrations],
    key: &MasterKey,
) -> anyhow::Result<()> {
    let options =
        PgConnectOptions::from_str(owner_url.expose_secret())?.application_name("beseda migrate");
    let mut connection = options
        .connect()
        .await
        .context("the database cannot be reached")?;
    lock(&mut connection).await?;
    run(&mut connection, HELPERS)
        .await
        .context("the helper functions could not be made")?;
    for service in services {
        migrate_service(&mut connection, service, key)
            .await
            .with_context(|| format!("the migrations of {} failed", service.service))?;
    }
    connection.close().await?;
    Ok(())
}

async fn lock(connection: &mut PgConnection) -> anyhow::Result<()> {
    let clock = Clock::system();
    for attempt in 0u32.. {
        let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut *connection)
            .await?;
        if locked {
            return Ok(());
        }
        if attempt % 50 == 0 {
            tracing::info!("another process is migrating; waiting");
        }
        clock.sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn migrate_service(
    connection: &mut PgConnection,
    service: &Migrations,
    key: &MasterKey,
) -> anyhow::Result<()> {
    let Migrations { schema, role, .. } = service;
    let password = key.role_password(role);
    // Names are constants of ours and the password is base64url: nothing here needs quoting.
    let prepare = format!(
        "DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         ALTER ROLE {role} WITH LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '{password}';
         DO $$ BEGIN EXECUTE format('ALTER ROLE {role} IN DATABASE %I SET search_path = {schema}', current_database()); END $$;
         CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION beseda_owner;
         GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT USAGE ON SCHEMA beseda TO {role};
         SET ROLE beseda_owner;
         SET search_path = {schema};
         ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
         ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO {role};",
        password = password.expose_secret(),
    );
    prepare_role(connection, &prepare).await?;
    let outcome = apply(connection, service).await;
    run(connection, "RESET ROLE; RESET search_path").await?;
    outcome
}

/// Roles belong to the whole server: another database's migration may be changing the same one.
async fn prepare_role(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    const TRIES: u32 = 50;
    let clock = Clock::system();
    for _ in 1..TRIES {
        match run(connection, sql).await {
            Err(error) if error.to_string().contains("tuple concurrently updated") => {
                clock.sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
    run(connection, sql).await
}

async fn apply(connection: &mut PgConnection, service: &Migrations) -> anyhow::Result<()> {
    // The lock is ours already, and sqlx's own would be waited for.
    let mut migrator = Migrator {
        migrations: service.migrator.migrations.clone(),
        ignore_missing: true,
        ..Migrator::DEFAULT
    };
    migrator.set_locking(false);
    migrator.run(connection).await?;
    Ok(())
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(|_| ())
}

/// The URL with which a service's role reaches the database that the owner's URL names.
///
/// # Errors
/// When the owner's URL is malformed.
pub fn role_url(
    owner_url: &SecretString,
    role: &str,
    key: &MasterKey,
) -> anyhow::Result<SecretString> {
    let options = PgConnectOptions::from_str(owner_url.expose_secret())?
        .username(role)
        .password(key.role_password(role).expose_secret());
    Ok(options.to_url_lossy().to_string().into())
}
