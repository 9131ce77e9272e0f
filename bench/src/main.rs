//! `make bench`: figures of one run on one machine, each with its baseline measured right before in the same run.
//!
//! Ratios are what counts; absolute numbers depend on the machine. It starts a PostgreSQL (with fsync) and a Redis of its
//! own and the services as processes of the release binary that lies beside this one. Nothing here is a test: a slow
//! machine gives small numbers, not failures.

mod baseline;
mod dataset;
mod dice;
mod figures;
mod load;
mod report;
mod stand;

use anyhow::Result;
use clap::Parser;

use crate::dataset::{DataSet, Size};
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
    /// Clients who write their first message at once.
    #[arg(long, default_value_t = 10_000)]
    clients: u64,
    /// Conversations of the large data set.
    #[arg(long, default_value_t = 1_000_000)]
    conversations: u64,
    /// Messages of the large data set.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Conversations and messages of the small data set, to which lists of the large one are compared.
    #[arg(long, default_value_t = 10_000)]
    small: u64,
    /// Conversations and messages of the data set to which search in the large one is compared.
    #[arg(long, default_value_t = 100_000)]
    middle: u64,
    /// Deals of the client whose page is measured.
    #[arg(long, default_value_t = 100)]
    deals: u64,
    /// Events of one of them.
    #[arg(long, default_value_t = 10_000)]
    events: u64,
    /// Messages of the client who is erased.
    #[arg(long, default_value_t = 10_000)]
    erased: u64,
    /// Samples of each kind of number where answers' times are compared.
    #[arg(long, default_value_t = 10_000)]
    samples: u64,
    /// Numbers for which an attacker asks for codes.
    #[arg(long, default_value_t = 1_000)]
    attacks: u64,
    /// Where the data sets are made and kept, to be used again; delete the folder to be rid of them.
    #[arg(long, default_value = ".beseda/bench")]
    data: std::path::PathBuf,
    /// Write the JSON here as well.
    #[arg(long)]
    json: Option<std::path::PathBuf>,
}

/// The figures that need the services.
const ON_THE_STAND: [&str; 15] = [
    "cabinet", "S7", "S8", "channels", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P13", "P15",
    "P16", "P18",
];

/// The figures that need a data set.
const ON_DATA: [&str; 7] = ["P9", "P10", "P11", "P12", "P14", "P17", "S4"];

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
    if options.wants("rules") {
        figures::rules::measure(options, report)?;
        figures::deals::measure(options, report).await?;
    }
    if ON_THE_STAND.iter().any(|figure| options.wants(figure)) {
        on_the_stand(options, report).await?;
    }
    if ON_DATA.iter().any(|figure| options.wants(figure)) {
        on_data(options, report).await?;
    }
    Ok(())
}

async fn on_the_stand(options: &Options, report: &mut Report) -> Result<()> {
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
    // Before any load: what that leaves allocated would be counted, or used again.
    if options.wants("P16") {
        figures::streams::measure(options, stand, report).await?;
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
    if options.wants("P13") {
        figures::tax::measure(options, stand, report).await?;
    }
    if options.wants("channels") {
        figures::channels::measure(options, stand, report).await?;
    }
    if ["cabinet", "S7", "S8"].iter().any(|it| options.wants(it)) {
        figures::cabinet::measure(options, stand, report).await?;
    }
    if options.wants("P15") {
        figures::fanout::measure(options, stand, report).await?;
    }
    Ok(())
}

/// What is compared between the data sets, as it is on the smaller ones.
#[derive(Default)]
struct Small {
    list: figures::list::Readings,
    search: figures::search::Readings,
}

impl Small {
    async fn read(options: &Options) -> Result<Self> {
        let mut small = Self::default();
        if options.wants("P10") {
            let (stand, data) = dataset::ensure(&options.data, even(options.small)).await?;
            let read = figures::list::read(options, &stand, &data).await;
            stand.stop().await;
            small.list = read?;
        }
        if options.wants("P14") {
            let (stand, _) = dataset::ensure(&options.data, even(options.middle)).await?;
            let read = figures::search::read(options, &stand).await;
            stand.stop().await;
            small.search = read?;
        }
        Ok(small)
    }
}

/// As many messages as conversations.
fn even(size: u64) -> Size {
    Size {
        conversations: size,
        messages: size,
    }
}

/// What is compared between the data sets is read on the smaller ones first.
async fn on_data(options: &Options, report: &mut Report) -> Result<()> {
    let small = Small::read(options).await?;
    let size = Size {
        conversations: options.conversations,
        messages: options.messages,
    };
    let (stand, data) = dataset::ensure(&options.data, size).await?;
    let outcome = measure_data(options, &stand, &data, &small, report).await;
    stand.stop().await;
    outcome
}

async fn measure_data(
    options: &Options,
    stand: &Stand,
    data: &DataSet,
    small: &Small,
    report: &mut Report,
) -> Result<()> {
    if options.wants("P10") {
        let large = figures::list::read(options, stand, data).await?;
        figures::list::compare(&small.list, &large, report);
    }
    if options.wants("P9") {
        figures::checks::measure(options, stand, data, report).await?;
    }
    if options.wants("P12") {
        figures::badges::measure(options, stand, report).await?;
    }
    if options.wants("P14") {
        let large = figures::search::read(options, stand).await?;
        figures::search::measure(stand, &small.search, &large, report).await?;
    }
    if options.wants("S4") {
        figures::revocation::measure(stand, data, report).await?;
    }
    if options.wants("P11") {
        figures::list::rights(options, stand, data, report).await?;
    }
    if options.wants("P17") {
        figures::list::isolation(options, stand, data, report).await?;
    }
    Ok(())
}
