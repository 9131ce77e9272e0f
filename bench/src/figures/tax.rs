//! P13: what the numbers beside filters and the search index cost the taking in of messages.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use api::connector::v1::connector_hub_service_client::ConnectorHubServiceClient;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::ingest::{Hub, Spread, one_by_one};
use crate::Options;
use crate::report::{Goal, Report};
use crate::stand::Stand;

/// Measures it: new conversations, all of which are counted, and messages, all of which are indexed.
pub async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    let hub = ConnectorHubServiceClient::new(stand.connector("conversations")?);
    let mut load = Load {
        hub,
        spread: Spread {
            connections: Arc::new(stand.connections(1).await?),
            chats: 1_000,
            label: String::new(),
        },
        time: Duration::from_secs(options.seconds),
        count: 0,
    };
    load.messages().await?;
    let (mut counters, mut search) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        count(stand, false).await?;
        let without = load.conversations().await;
        count(stand, true).await?;
        counters.push(load.conversations().await? / without?);
        let held = hold_search(stand).await?;
        let without = load.messages().await?;
        held.close().await?;
        settle(stand).await?;
        search.push(load.messages().await? / without);
    }
    let goal = |target| Goal {
        id: "P13",
        floor: "0.8",
        target,
    };
    report.add(
        goal("≥ 0.92"),
        "new conversations with counts ÷ without",
        "×",
        &counters,
    );
    report.add(
        goal("≥ 0.9"),
        "messages with search ÷ without",
        "×",
        &search,
    );
    Ok(())
}

struct Load {
    hub: Hub,
    spread: Spread,
    time: Duration,
    count: usize,
}

impl Load {
    async fn messages(&mut self) -> Result<f64> {
        self.run(1_000).await
    }

    async fn conversations(&mut self) -> Result<f64> {
        self.run(0).await
    }

    async fn run(&mut self, chats: u64) -> Result<f64> {
        self.count += 1;
        let spread = Spread {
            chats,
            label: format!("p13-{}", self.count),
            ..self.spread.clone()
        };
        Ok(one_by_one(&self.hub, &spread, self.time).await?.rate)
    }
}

async fn owner(stand: &Stand) -> Result<PgConnection> {
    Ok(PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?)
}

/// Switches the triggers that count.
async fn count(stand: &Stand, on: bool) -> Result<()> {
    let word = if on { "ENABLE" } else { "DISABLE" };
    for trigger in ["count_added", "count_removed", "count_changed"] {
        let statement = format!("ALTER TABLE conversations.conversations {word} TRIGGER {trigger}");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut owner(stand).await?)
            .await?;
    }
    Ok(())
}

/// Whoever indexes waits until this connection is closed.
async fn hold_search(stand: &Stand) -> Result<PgConnection> {
    let mut owner = owner(stand).await?;
    owner
        .execute("BEGIN; LOCK TABLE conversations.search_states IN ACCESS EXCLUSIVE MODE")
        .await?;
    Ok(owner)
}

/// Waits until what came meanwhile is indexed.
async fn settle(stand: &Stand) -> Result<()> {
    let mut owner = owner(stand).await?;
    loop {
        let behind: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM conversations.messages m
              WHERE NOT EXISTS (SELECT FROM conversations.search_messages s WHERE s.message_id = m.id))",
        )
        .fetch_one(&mut owner)
        .await?;
        if !behind {
            return Ok(());
        }
        types::Clock::system()
            .sleep(Duration::from_millis(200))
            .await;
    }
}
