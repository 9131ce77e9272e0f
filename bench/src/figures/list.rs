//! P10, P11 and P17: one page of the list, over gRPC: how much slower it is in a large data set, under restricted rights, and with
//! row-level security.

use std::time::Duration;

use anyhow::Result;
use api::conversations::v1::ListConversationsRequest;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use crate::Options;
use crate::dataset::{DataSet, Scope};
use crate::load::{self, Measured};
use crate::report::{Goal, Report};
use crate::stand::Stand;

/// Rows of a page.
const PAGE: i32 = 50;
/// The deep page.
const DEEP: usize = 2_000;
/// Callers at the same time where the rate is measured.
const CLIENTS: usize = 16;

const SCOPES: [Scope; 6] = [
    Scope::Administrator,
    Scope::All,
    Scope::Stages,
    Scope::Group,
    Scope::Own,
    Scope::Rare,
];

/// How long one page took somebody, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Reading {
    p50: f64,
    p99: f64,
}

/// The readings of P10 on one data set: in each run one for each scope and page, in the same order.
#[derive(Debug, Default)]
pub struct Readings(Vec<Vec<Reading>>);

/// Somebody who lists.
#[derive(Debug, Clone)]
struct Lister {
    authorization: MetadataValue<Ascii>,
    channels: Vec<Channel>,
}

impl Lister {
    async fn of(stand: &Stand, data: &DataSet, scope: Scope) -> Result<Self> {
        let url = &stand.service("conversations")?.url;
        let channels = (0..8)
            .map(|_| kit::channel(url))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            authorization: stand.authorization(&data.person(scope)?.email).await?,
            channels,
        })
    }

    async fn page(&self, client: usize, size: i32, token: &str) -> Result<(usize, String)> {
        let channel = self.channels[client % self.channels.len()].clone();
        let mut request = Request::new(ListConversationsRequest {
            page_size: size,
            page_token: token.to_owned(),
            ..ListConversationsRequest::default()
        });
        request
            .metadata_mut()
            .insert("authorization", self.authorization.clone());
        let reply = InboxServiceClient::new(channel)
            .list_conversations(request)
            .await?
            .into_inner();
        Ok((reply.conversations.len(), reply.next_page_token))
    }

    /// The token of the 2,000th page, or of the last whole one.
    async fn deep(&self) -> Result<String> {
        const STRIDE: i32 = 200;
        let (mut token, mut rows) = (String::new(), 0);
        while rows < DEEP * usize::try_from(PAGE)? {
            let (count, next) = self.page(0, STRIDE, &token).await?;
            if next.is_empty() {
                break;
            }
            rows += count;
            token = next;
        }
        Ok(token)
    }

    async fn load(&self, clients: usize, time: Duration, token: &str) -> Result<Measured> {
        let (lister, token) = (self.clone(), token.to_owned());
        load::closed(clients, time, move |client, _| {
            let (lister, token) = (lister.clone(), token.clone());
            async move {
                lister.page(client, PAGE, &token).await?;
                Ok(1)
            }
        })
        .await
    }
}

/// Reads P10 on a data set.
pub async fn read(options: &Options, stand: &Stand, data: &DataSet) -> Result<Readings> {
    let time = Duration::from_secs(options.seconds) / 5;
    let mut readings = Readings::default();
    for _ in 0..options.runs {
        let mut run = Vec::new();
        for scope in SCOPES {
            let lister = Lister::of(stand, data, scope).await?;
            for token in [String::new(), lister.deep().await?] {
                lister.load(1, time / 4, &token).await?;
                let measured = lister.load(1, time, &token).await?;
                let (p50, p99) = (measured.percentile(50.0), measured.percentile(99.0));
                let page = if token.is_empty() { "first" } else { "deep" };
                eprintln!("  {scope:?}, {page} page: p50 {p50:.2} ms, p99 {p99:.2} ms");
                run.push(Reading { p50, p99 });
            }
        }
        readings.0.push(run);
    }
    Ok(readings)
}

/// Reports P10: the worst of all scopes and pages in each run.
pub fn compare(small: &Readings, large: &Readings, report: &mut Report) {
    let worst = |of: fn(&Reading, &Reading) -> f64| -> Vec<f64> {
        let runs = small.0.iter().zip(&large.0);
        runs.map(|(small, large)| {
            let pairs = small.iter().zip(large);
            pairs
                .map(|(small, large)| of(small, large))
                .fold(0.0, f64::max)
        })
        .collect()
    };
    let goal = |floor, target| Goal {
        id: "P10",
        floor,
        target,
    };
    report.add(
        goal("3", "≤ 1.5"),
        "p50 of a page, large ÷ small data set, worst scope and page",
        "×",
        &worst(|small, large| large.p50 / small.p50),
    );
    report.add(
        goal("3", "≤ 2"),
        "p99 of a page, large ÷ small data set, worst scope and page",
        "×",
        &worst(|small, large| large.p99 / small.p99),
    );
    report.add(
        goal("–", "≤ 10"),
        "p99 of a page in the large data set, worst scope and page",
        "ms",
        &worst(|_, large| large.p99),
    );
}

/// Measures P11: what restricted rights cost, scope by scope.
pub async fn rights(
    options: &Options,
    stand: &Stand,
    data: &DataSet,
    report: &mut Report,
) -> Result<()> {
    let time = Duration::from_secs(options.seconds);
    for (scope, what) in [
        (
            Scope::Stages,
            "list rate with rights on stages ÷ all rights",
        ),
        (Scope::Group, "list rate of a department ÷ all rights"),
        (Scope::Own, "list rate of own contacts ÷ all rights"),
        (Scope::Rare, "list rate of few own contacts ÷ all rights"),
    ] {
        let mut ratios = Vec::new();
        for _ in 0..options.runs {
            let all = Lister::of(stand, data, Scope::All).await?;
            let baseline = all.load(CLIENTS, time, "").await?.rate;
            let restricted = Lister::of(stand, data, scope).await?;
            ratios.push(restricted.load(CLIENTS, time, "").await?.rate / baseline);
        }
        let goal = Goal {
            id: "P11",
            floor: "0.5",
            target: "0.75",
        };
        report.add(goal, what, "×", &ratios);
    }
    Ok(())
}

/// Measures P17: what row-level security costs. It is switched off for the baseline, and on again whatever happens.
pub async fn isolation(
    options: &Options,
    stand: &Stand,
    data: &DataSet,
    report: &mut Report,
) -> Result<()> {
    let time = Duration::from_secs(options.seconds);
    let (mut rates, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        isolate(stand, false).await?;
        let baseline = list_all(stand, data, time).await;
        isolate(stand, true).await?;
        let isolated = list_all(stand, data, time).await?;
        rates.push(isolated);
        ratios.push(isolated / baseline?);
    }
    let goal = |floor, target| Goal {
        id: "P17",
        floor,
        target,
    };
    report.add(goal("–", "–"), "pages of the list", "/s", &rates);
    report.add(
        goal("0.7", "0.85"),
        "list rate with row-level security ÷ without",
        "×",
        &ratios,
    );
    Ok(())
}

async fn list_all(stand: &Stand, data: &DataSet, time: Duration) -> Result<f64> {
    let lister = Lister::of(stand, data, Scope::All).await?;
    lister.load(CLIENTS, time / 4, "").await?;
    Ok(lister.load(CLIENTS, time, "").await?.rate)
}

/// Switches row-level security of every table of conversations.
async fn isolate(stand: &Stand, on: bool) -> Result<()> {
    let mut owner = PgConnection::connect(stand.postgres.admin_url().expose_secret()).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text FROM pg_class c
          WHERE c.relnamespace = 'conversations'::regnamespace
            AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)",
    )
    .fetch_all(&mut owner)
    .await?;
    let word = if on { "ENABLE" } else { "DISABLE" };
    for table in tables {
        let statement = format!("ALTER TABLE {table} {word} ROW LEVEL SECURITY");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut owner)
            .await?;
    }
    Ok(())
}
