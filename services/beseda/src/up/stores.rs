//! PostgreSQL and Redis: those that the settings name, else private ones.

use std::time::Duration;

use anyhow::Context;
use embedded::{Postgres, Redis};
use kit::secrets::MasterKey;
use secrecy::{ExposeSecret, SecretString};
use types::Clock;

use super::place::Place;
use super::progress::Progress;
use super::settings::Secrets;
use crate::service::all_migrations;

/// How often private stores are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The private stores that were started.
#[derive(Debug, Default)]
pub struct Private {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
}

/// Where the stores are.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// PostgreSQL as owner.
    pub database_url: SecretString,
    /// Redis.
    pub redis_url: String,
}

impl Private {
    /// Starts what the settings do not name.
    pub async fn start(
        &mut self,
        secrets: &Secrets,
        place: &Place,
        progress: Progress,
    ) -> anyhow::Result<Addresses> {
        let database_url = match &secrets.database_url {
            Some(url) => url.clone(),
            None => {
                progress
                    .step("PostgreSQL", self.start_postgres(place))
                    .await?
            }
        };
        let redis_url = match &secrets.redis_url {
            Some(url) => url.clone(),
            None => progress.step("Redis", self.start_redis(place)).await?,
        };
        Ok(Addresses {
            database_url,
            redis_url,
        })
    }

    async fn start_postgres(&mut self, place: &Place) -> anyhow::Result<SecretString> {
        let options = embedded::postgres::Options::kept(place.folder().join("postgres"));
        let postgres = embedded::postgres::start(options).await;
        let postgres = postgres.context("the private PostgreSQL did not start")?;
        Ok(self.postgres.insert(postgres).admin_url())
    }

    async fn start_redis(&mut self, place: &Place) -> anyhow::Result<String> {
        let options = embedded::redis::Options::kept(place.folder().join("redis"));
        let redis = embedded::redis::start(options).await;
        let redis = redis.context("the private Redis did not start")?;
        Ok(self.redis.insert(redis).url().expose_secret().to_owned())
    }

    /// What runs, in words: empty when both stores are somebody else's.
    pub fn describe(&self) -> Vec<String> {
        let postgres = self.postgres.iter().map(|it| {
            let folder = it.folder();
            format!(
                "PostgreSQL on 127.0.0.1:{}, data in {}",
                it.port(),
                folder.display()
            )
        });
        let redis = self.redis.iter();
        postgres
            .chain(redis.map(|it| format!("Redis on 127.0.0.1:{}", it.port())))
            .collect()
    }

    /// Starts a private store again when it was killed, as an operating system short of memory does. Returns only when
    /// that fails.
    pub async fn keep_running(&self) -> anyhow::Error {
        let clock = Clock::system();
        loop {
            clock.sleep(LOOK).await;
            if let Err(error) = self.revive().await {
                return error;
            }
        }
    }

    async fn revive(&self) -> anyhow::Result<()> {
        if let Some(postgres) = self.postgres.as_ref().filter(|it| !it.is_running()) {
            tracing::warn!("the private PostgreSQL is gone; starting it again");
            let started = postgres.restart().await;
            started.context("the private PostgreSQL ended and did not start again")?;
        }
        if let Some(redis) = self.redis.as_ref().filter(|it| !it.is_running()) {
            tracing::warn!("the private Redis is gone; starting it again");
            let started = redis.restart().await;
            started.context("the private Redis ended and did not start again")?;
        }
        Ok(())
    }

    /// Stops what was started.
    pub async fn stop(&mut self, progress: Progress) {
        if let Some(redis) = self.redis.take() {
            stopped("Redis", progress, async { Ok(redis.stop().await?) }).await;
        }
        if let Some(postgres) = self.postgres.take() {
            stopped("PostgreSQL", progress, async { Ok(postgres.stop().await?) }).await;
        }
    }
}

async fn stopped(name: &str, progress: Progress, stop: impl Future<Output = anyhow::Result<()>>) {
    if let Err(error) = progress.step(&format!("stop {name}"), stop).await {
        tracing::error!(
            store = name,
            "a private store did not stop as it should: {error:#}"
        );
    }
}

/// Brings the tables up to date.
pub async fn migrate(stores: &Addresses, key: &MasterKey) -> anyhow::Result<()> {
    pg::migrate(&stores.database_url, &all_migrations(), key)
        .await
        .context("the tables could not be made")
}
