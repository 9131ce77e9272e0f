//! `make bench`: figures of one run on one machine, each with its baseline measured right before in the same run.
//!
//! Ratios are what counts; absolute numbers depend on the machine. It starts a PostgreSQL (with fsync) and a Redis of its
//! own and the services as processes of the release binary that lies beside this one. Nothing here is a test: a slow
//! machine gives small numbers, not failures.

mod baseline;
mod figures;
mod load;
mod report;
mod stand;

use anyhow::Result;
use clap::Parser;

use crate::report::Report;
use crate::stand::Stand;

/// Measures what Beseda is measured by.
#[derive(Debug, Parser)]
struct Options {
    /// Only these figures, for example P1,P6.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often each measurement is made; the median is reported.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Streams of the memory figure.
    #[arg(long, default_value_t = 5_000)]
    streams: usize,
    /// Write the JSON here as well.
    #[arg(long)]
    json: Option<std::path::PathBuf>,
}

/// The figures that need the services.
const ON_THE_STAND: [&str; 9] = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P16", "P18"];

impl Options {
    fn wants(&self, figure: &str) -> bool {
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|only| only.eq_ignore_ascii_case(figure))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let mut report = Report::default();
    let outcome = run(&options, &mut report).await;
    report.print(options.json.as_deref())?;
    outcome
}

async fn run(options: &Options, report: &mut Report) -> Result<()> {
    // In process, while nothing else runs.
    if options.wants("P8") {
        figures::rights::measure(options, report)?;
    }
    if !ON_THE_STAND.iter().any(|figure| options.wants(figure)) {
        return Ok(());
    }
    eprintln!("starting PostgreSQL, Redis and the services …");
    let stand = Stand::start().await?;
    let outcome = measure(options, &stand, report).await;
    stand.stop().await;
    outcome
}

async fn measure(options: &Options, stand: &Stand, report: &mut Report) -> Result<()> {
    if options.wants("P18") {
        figures::footprint::measure(stand, report)?;
    }
    if options.wants("P7") {
        figures::skeleton::measure(options, stand, report).await?;
    }
    if options.wants("P6") {
        figures::edge::measure(options, stand, report).await?;
    }
    if ["P1", "P2", "P3", "P4", "P5"]
        .iter()
        .any(|figure| options.wants(figure))
    {
        figures::ingest::measure(options, stand, report).await?;
    }
    if options.wants("P16") {
        figures::streams::measure(options, stand, report).await?;
    }
    Ok(())
}
