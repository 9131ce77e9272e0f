//! The database that an operator's command works on.

use std::path::PathBuf;

use anyhow::{Context, bail};
use kit::secrets::MasterKey;
use pg::{Db, Migrations};
use secrecy::SecretString;

use crate::environment::Environment;
use crate::up::place;

/// What stands below the help of these commands.
pub const HELP: &str = "\
Which database:
  BESEDA_DATABASE_URL   its address as the owner or an administrator, postgres://user:password@host/database
  BESEDA_MASTER_KEY     the installation's key (`beseda master-key` makes one)
Each may also be a file: BESEDA_DATABASE_URL_FILE, BESEDA_MASTER_KEY_FILE.
Where they are not set, the `beseda up` that runs on BESEDA_DATA (default .beseda) is meant.";

/// A database and the key of its installation.
pub struct Database {
    /// Its address as owner.
    pub owner_url: SecretString,
    /// The key from which the passwords of the services' roles are derived.
    pub key: MasterKey,
}

impl Database {
    /// The one that the environment names, else the one of a running `beseda up`.
    pub fn find() -> anyhow::Result<Self> {
        let mut environment = Environment::of_process();
        let url = environment.secret("BESEDA_DATABASE_URL");
        let key = environment.master_key();
        if let Some(owner_url) = url {
            if key.is_none() {
                environment.problem("BESEDA_MASTER_KEY is not set: it has to be the key of the services on this database (a new installation: `beseda master-key` makes one)");
            }
            environment.finish()?;
            let key = key.context("no master key")?;
            return Ok(Self { owner_url, key });
        }
        let folder = data_folder(&environment);
        environment.finish()?;
        let Some(running) = place::running(&folder)? else {
            bail!(
                "no database is named: set BESEDA_DATABASE_URL and BESEDA_MASTER_KEY, or start `beseda up` first (none runs on {})",
                folder.display()
            );
        };
        let key = match key {
            Some(key) => key,
            None => place::stored_key(&folder)?.context("BESEDA_MASTER_KEY is not set: the running `beseda up` was started with one, so give the same here")?,
        };
        let owner_url = running.database_url.into();
        Ok(Self { owner_url, key })
    }

    /// Connected as identity's role.
    pub async fn identity(&self) -> anyhow::Result<Db> {
        identity_db(&self.owner_url, &self.key).await
    }

    /// Connected as the cabinet's role.
    pub async fn cabinet(&self) -> anyhow::Result<Db> {
        service_db(&self.owner_url, &self.key, &cabinet::MIGRATIONS).await
    }

    /// Connected as conversations' role.
    pub async fn conversations(&self) -> anyhow::Result<Db> {
        service_db(&self.owner_url, &self.key, &conversations::MIGRATIONS).await
    }
}

/// Identity's tables, as its own role.
pub async fn identity_db(owner_url: &SecretString, key: &MasterKey) -> anyhow::Result<Db> {
    service_db(owner_url, key, &identity::MIGRATIONS).await
}

/// The tables of a service, as its own role.
async fn service_db(
    owner_url: &SecretString,
    key: &MasterKey,
    migrations: &Migrations,
) -> anyhow::Result<Db> {
    let url = pg::role_url(owner_url, migrations.role, key)
        .context("the address of the database is malformed")?;
    let config = pg::Config {
        url,
        max_connections: 2,
    };
    Ok(Db::connect(&config, migrations).await?)
}

/// Where `beseda up` keeps its data.
fn data_folder(environment: &Environment) -> PathBuf {
    let folder = environment.text("BESEDA_DATA");
    PathBuf::from(folder.unwrap_or_else(|| crate::up::DATA.to_owned()))
}
