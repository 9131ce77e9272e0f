//! What is checked before a service serves. A wrong answer here would be lost messages or leaked rows later.

use sqlx::PgPool;

use crate::migrate::Migrations;

/// Why a database is refused.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The URL is malformed.
    #[error("the database URL is malformed")]
    Url(#[source] sqlx::Error),
    /// It cannot be reached.
    #[error(
        "the database cannot be reached; is it running, and are host, port, role and password right?"
    )]
    Unreachable(#[source] sqlx::Error),
    /// A check could not be made.
    #[error("the database could not be checked")]
    Check(#[source] sqlx::Error),
    /// Its encoding is not UTF-8.
    #[error("the database's encoding is {0}; create it with ENCODING 'UTF8'")]
    Encoding(String),
    /// Its locale does not know Cyrillic.
    #[error(
        "the database's LC_CTYPE is {0}, which cannot handle Cyrillic letters; create it with LC_CTYPE 'C.UTF-8' or another UTF-8 locale"
    )]
    Locale(String),
    /// The role could pass by row-level security.
    #[error(
        "the role {0} is a superuser, may bypass row-level security, or owns tables; connect as the service's own role, which `beseda migrate` creates"
    )]
    Role(String),
    /// Migrations have not been run.
    #[error("{pending} migrations of {service} are pending; run `beseda migrate`")]
    Pending {
        /// Service.
        service: &'static str,
        /// How many.
        pending: usize,
    },
}

pub(crate) async fn check(pool: &PgPool, migrations: &Migrations) -> Result<(), BootError> {
    check_text(pool).await?;
    check_role(pool, migrations).await?;
    check_migrations(pool, migrations).await
}

async fn check_text(pool: &PgPool) -> Result<(), BootError> {
    let (encoding, locale, lower): (String, String, bool) = sqlx::query_as(
        "SELECT pg_encoding_to_char(encoding)::text, datctype::text, lower('Ж') = 'ж'
           FROM pg_database WHERE datname = current_database()",
    )
    .fetch_one(pool)
    .await
    .map_err(BootError::Check)?;
    if encoding != "UTF8" {
        return Err(BootError::Encoding(encoding));
    }
    if !lower {
        return Err(BootError::Locale(locale));
    }
    Ok(())
}

async fn check_role(pool: &PgPool, migrations: &Migrations) -> Result<(), BootError> {
    let (role, too_powerful): (String, bool) = sqlx::query_as(
        "SELECT current_user::text,
                r.rolsuper OR r.rolbypassrls OR EXISTS (
                    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE n.nspname = $1 AND pg_has_role(current_user, c.relowner, 'MEMBER'))
           FROM pg_roles r WHERE r.rolname = current_user",
    )
    .bind(migrations.schema)
    .fetch_one(pool)
    .await
    .map_err(BootError::Check)?;
    if too_powerful {
        Err(BootError::Role(role))
    } else {
        Ok(())
    }
}

async fn check_migrations(pool: &PgPool, migrations: &Migrations) -> Result<(), BootError> {
    let known: Vec<i64> = migrations
        .migrator
        .iter()
        .map(|migration| migration.version)
        .collect();
    let pending = BootError::Pending {
        service: migrations.service,
        pending: known.len(),
    };
    // A version that a newer release added is no obstacle: it is made so that this release can go on.
    let done: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(pool)
        .await
        .map_err(|error| {
            if is_missing_table(&error) {
                pending
            } else {
                BootError::Check(error)
            }
        })?;
    match known
        .iter()
        .filter(|version| !done.contains(version))
        .count()
    {
        0 => Ok(()),
        pending => Err(BootError::Pending {
            service: migrations.service,
            pending,
        }),
    }
}

fn is_missing_table(error: &sqlx::Error) -> bool {
    let state = error
        .as_database_error()
        .and_then(|database| database.code());
    matches!(state.as_deref(), Some("42P01" | "42501" | "3F000"))
}
