//! `beseda events`: events that could not take effect in a service, and another try for them.

use std::str::FromStr;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};
use time::OffsetDateTime;
use types::AccountId;
use uuid::Uuid;

use crate::database::Database;
use crate::service::Kind;

/// More are counted, not shown.
const SHOWN: i64 = 100;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// List parked events, the oldest first, with the reason of each
    Parked(Which),
    /// Ask the service to try parked events again, after their reason was put right
    Rerun(Which),
}

/// Which events.
#[derive(Debug, Args)]
pub struct Which {
    /// The service in which they are parked
    #[arg(long)]
    service: Kind,
    /// Only of this account: acc_…
    #[arg(long)]
    account: Option<AccountId>,
}

/// Does it.
pub async fn main(task: Task) -> anyhow::Result<()> {
    let _telemetry = kit::telemetry::init_with("events", "warn")?;
    let (Task::Parked(which) | Task::Rerun(which)) = &task;
    let mut parked = Parked::open(which).await?;
    match task {
        Task::Parked(_) => parked.list().await,
        Task::Rerun(_) => parked.rerun().await,
    }
}

/// The parked events of a service.
struct Parked {
    connection: PgConnection,
    service: &'static str,
    account: Option<Uuid>,
}

impl Parked {
    async fn open(which: &Which) -> anyhow::Result<Self> {
        let service = which.service.name();
        let migrations = which.service.migrations();
        let migrations = migrations
            .with_context(|| format!("{service} keeps nothing, so nothing is parked there"))?;
        let database = Database::find()?;
        let options = PgConnectOptions::from_str(database.owner_url.expose_secret())
            .context("the address of the database is malformed")?
            .application_name("beseda events");
        let mut connection = options
            .connect()
            .await
            .context("the database cannot be reached")?;
        // As the owner of the tables, whom row-level security binds too, and as a job of the system, which it lets see all.
        let prepare = format!(
            "SET ROLE beseda_owner; SET search_path = {}; SET beseda.system = 'on'",
            migrations.schema
        );
        sqlx::raw_sql(AssertSqlSafe(prepare))
            .execute(&mut connection)
            .await
            .context("this role may not act as beseda_owner")?;
        let consumes: bool = sqlx::query_scalar("SELECT to_regclass('parked_events') IS NOT NULL")
            .fetch_one(&mut connection)
            .await?;
        ensure!(
            consumes,
            "{service} takes in no events of others, so nothing is parked there"
        );
        Ok(Self {
            connection,
            service,
            account: which.account.map(AccountId::uuid),
        })
    }

    async fn list(mut self) -> anyhow::Result<()> {
        let rows = sqlx::query(
            "SELECT source, shard, position, account_id, aggregate_id, kind, reason, rerun, park_time, count(*) OVER () AS total
               FROM parked_events WHERE $1::uuid IS NULL OR account_id = $1
              ORDER BY park_time, shard, position LIMIT $2",
        )
        .bind(self.account)
        .bind(SHOWN)
        .fetch_all(&mut self.connection)
        .await?;
        self.connection.close().await?;
        let Some(first) = rows.first() else {
            println!("Nothing is parked in {}.", self.service);
            return Ok(());
        };
        let total: i64 = first.try_get("total")?;
        for row in &rows {
            print_row(row)?;
        }
        println!(
            "\n{total} parked in {}. When the reason is put right: beseda events rerun --service {}",
            self.service, self.service
        );
        Ok(())
    }

    async fn rerun(&mut self) -> anyhow::Result<()> {
        let asked = sqlx::query(
            "UPDATE parked_events SET rerun = true WHERE NOT rerun AND ($1::uuid IS NULL OR account_id = $1)",
        )
        .bind(self.account)
        .execute(&mut self.connection)
        .await?
        .rows_affected();
        match asked {
            0 => println!("Nothing new to try again in {}.", self.service),
            count => println!(
                "{count} events will be tried again by {0} within seconds while it runs. See what is left: beseda events parked --service {0}",
                self.service
            ),
        }
        Ok(())
    }
}

fn print_row(row: &PgRow) -> anyhow::Result<()> {
    let (source, kind): (String, String) = (row.try_get("source")?, row.try_get("kind")?);
    let (shard, position): (i16, i64) = (row.try_get("shard")?, row.try_get("position")?);
    let account = AccountId::from(row.try_get::<Uuid, _>("account_id")?);
    let aggregate: Uuid = row.try_get("aggregate_id")?;
    let (reason, rerun): (String, bool) = (row.try_get("reason")?, row.try_get("rerun")?);
    let time: OffsetDateTime = row.try_get("park_time")?;
    let time = time.replace_nanosecond(0)?;
    let waits = if rerun { ", waits for another try" } else { "" };
    println!(
        "{source} {shard}/{position}  {kind}  {account}  aggregate {aggregate}  parked {time}{waits}\n  {reason}"
    );
    Ok(())
}
