//! How much the gateway costs: unary calls through it against the same calls without it, on one machine.
//!
//! `cargo run --release -p gateway --example edge_bench [latency CALLS_PER_SECOND]`. Client, gateway and service run as three processes, as they do in
//! production; the baseline is measured before and after in the same run.

#[expect(dead_code, unused_imports, reason = "the tests use the rest")]
#[path = "../tests/support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::onlinechat::v1::MarkReadRequest;
use api::onlinechat::v1::visitor_service_client::VisitorServiceClient;
use hdrhistogram::Histogram;
use secrecy::ExposeSecret;
use tonic::transport::{Channel, Endpoint};

const ROUND: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_secs(1);
const ROUNDS: usize = 3;
const CONNECTIONS: usize = 8;
const IN_FLIGHT: usize = 16;
const PACERS: u32 = 4;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("service") => serve().await,
        Some("gateway") => {
            proxy(
                &arguments.next().unwrap_or_default(),
                &arguments.next().unwrap_or_default(),
            )
            .await
        }
        Some("latency") => measure_latency(arguments.next().unwrap_or_default().parse()?).await,
        _ => measure().await,
    }
}

/// The service alone, on a port that it prints.
async fn serve() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let router = support::onlinechat(&Arc::default());
    router
        .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener))
        .await?;
    Ok(())
}

/// A gateway in front of it.
async fn proxy(service: &str, redis: &str) -> anyhow::Result<()> {
    let _telemetry = kit::telemetry::init("gateway")?;
    let service = format!("http://{service}");
    let mut config =
        gateway::Config::local(&service, &service, &service, &service, "secret".into());
    config.listen.set_port(0);
    config.redis_url = redis.to_owned();
    config.limits.rates.address = support::PLENTY;
    let app = gateway::App::build(config).await?;
    println!("{}", app.addr());
    app.run(kit::lifecycle::Lifecycle::with_signals()?).await
}

struct Process(Child, SocketAddr);

impl Process {
    fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        use std::io::BufRead as _;
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            std::io::BufReader::new(output).read_line(&mut line)?;
        }
        Ok(Self(child, line.trim().parse()?))
    }
}

impl Process {
    /// Processor time so far, of all its threads: unlike a rate it hardly depends on what else the machine does.
    fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The name may hold spaces; user and system time are the 12th and 13th fields after it, in hundredths of a second.
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |field: usize| {
            fields
                .get(field)
                .and_then(|ticks| ticks.parse::<u64>().ok())
                .unwrap_or_default()
        };
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The three processes.
struct Bench {
    service: Process,
    gateway: Process,
    _redis: embedded::redis::Redis,
}

impl Bench {
    async fn start() -> anyhow::Result<Self> {
        let service = Process::start(&["service"])?;
        let redis = embedded::redis::start(embedded::redis::Options::temporary()).await?;
        let url = redis.url();
        let gateway = Process::start(&["gateway", &service.1.to_string(), url.expose_secret()])?;
        Ok(Self {
            service,
            gateway,
            _redis: redis,
        })
    }

    /// Rates at saturation: through the gateway, and the ratio to direct calls right before and after.
    async fn rates(&self) -> anyhow::Result<(f64, f64)> {
        let before = saturate(self.service.1).await?;
        let (service, gateway) = (self.service.cpu()?, self.gateway.cpu()?);
        let through = saturate(self.gateway.1).await?;
        let calls = through * (WARM_UP + ROUND).as_secs_f64();
        let a_call = |now: Duration, then: Duration| (now - then).as_secs_f64() * 1e6 / calls;
        let service = a_call(self.service.cpu()?, service);
        let gateway = a_call(self.gateway.cpu()?, gateway);
        let after = saturate(self.service.1).await?;
        let ratio = through * 2.0 / (before + after);
        println!(
            "direct {before:.0}/s, through the gateway {through:.0}/s, direct {after:.0}/s: ratio {ratio:.3}"
        );
        println!("  processor time a call: service {service:.1} µs, gateway {gateway:.1} µs");
        Ok((through, ratio))
    }

    /// What the gateway adds to a call's time at a steady rate: the median, in microseconds.
    async fn latencies(&self, rate: f64) -> anyhow::Result<f64> {
        let direct = pace(self.service.1, rate).await?;
        let proxied = pace(self.gateway.1, rate).await?;
        let micros =
            |all: &Histogram<u64>, quantile| all.value_at_quantile(quantile) as f64 / 1000.0;
        let added = |quantile| micros(&proxied, quantile) - micros(&direct, quantile);
        println!(
            "  at {rate:.0}/s: p50 {:.0} µs +{:.0} µs, p99 {:.0} µs +{:.0} µs",
            micros(&direct, 0.5),
            added(0.5),
            micros(&direct, 0.99),
            added(0.99)
        );
        Ok(added(0.5))
    }
}

async fn measure() -> anyhow::Result<()> {
    let bench = Bench::start().await?;
    let (mut ratios, mut added) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (rate, ratio) = bench.rates().await?;
        ratios.push(ratio);
        added.push(bench.latencies(rate * 0.3).await?);
    }
    ratios.sort_by(f64::total_cmp);
    added.sort_by(f64::total_cmp);
    println!(
        "median: ratio {:.3}, p50 +{:.0} µs",
        ratios[ROUNDS / 2],
        added[ROUNDS / 2]
    );
    Ok(())
}

/// The latencies alone, at a rate of one's own: less of a burden for a machine that is in use.
async fn measure_latency(rate: f64) -> anyhow::Result<()> {
    let bench = Bench::start().await?;
    for _ in 0..ROUNDS {
        bench.latencies(rate).await?;
    }
    Ok(())
}

async fn connect(addr: SocketAddr) -> anyhow::Result<VisitorServiceClient<Channel>> {
    let channel = Endpoint::from_shared(format!("http://{addr}"))?
        .tcp_nodelay(true)
        .connect()
        .await?;
    Ok(VisitorServiceClient::new(channel))
}

/// Calls per second with as many in flight as the machine takes.
async fn saturate(addr: SocketAddr) -> anyhow::Result<f64> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let client = connect(addr).await?;
        for _ in 0..IN_FLIGHT {
            let mut client = client.clone();
            tasks.spawn(async move {
                let begun = Instant::now();
                let mut calls = 0_u32;
                while begun.elapsed() < WARM_UP + ROUND {
                    client.mark_read(MarkReadRequest::default()).await?;
                    calls += u32::from(begun.elapsed() > WARM_UP);
                }
                Ok::<_, tonic::Status>(calls)
            });
        }
    }
    let mut calls = 0.0;
    while let Some(done) = tasks.join_next().await {
        calls += f64::from(done??);
    }
    Ok(calls / ROUND.as_secs_f64())
}

/// Latencies in nanoseconds at a steady rate. Threads that sleep by the kernel's clock: the runtime's timers tick by the
/// millisecond and would send the calls in bunches.
async fn pace(addr: SocketAddr, rate: f64) -> anyhow::Result<Histogram<u64>> {
    let mut threads = tokio::task::JoinSet::new();
    for worker in 0..PACERS {
        threads.spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let mut client = runtime.block_on(connect(addr))?;
            let mut histogram = Histogram::<u64>::new(3)?;
            let period = Duration::from_secs_f64(f64::from(PACERS) / rate);
            let begun = Instant::now();
            let mut due = begun + period.mul_f64(f64::from(worker) / f64::from(PACERS));
            while begun.elapsed() < ROUND {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let sent = Instant::now();
                runtime.block_on(client.mark_read(MarkReadRequest::default()))?;
                histogram.record(u64::try_from(sent.elapsed().as_nanos())?)?;
                due = (due + period).max(sent);
            }
            anyhow::Ok(histogram)
        });
    }
    let mut all = Histogram::<u64>::new(3)?;
    while let Some(done) = threads.join_next().await {
        all.add(done??)?;
    }
    Ok(all)
}
