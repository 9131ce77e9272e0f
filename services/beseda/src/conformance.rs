//! `beseda conformance`: checks a connector in any language, or a hub.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use conformance::{
    CaseReport, Channel, Command, Elsewhere, Folder, Hub, Options, Program, Report, Subject,
    against_hub,
};
use serde_json::{Map, Value, json};

/// What to check.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Play the hub for a connector and see whether it keeps what the contract asks for
    #[command(after_help = CONNECTOR_HELP)]
    Connector(Connector),
    /// Play the connector against a running hub and see whether it keeps what the contract promises
    #[command(after_help = HUB_HELP)]
    Hub(Against),
}

const HUB_HELP: &str = "\
The key needs the scopes connector:conformance, inbox.read, inbox.write, settings.read and settings.write. A connection is made
for the check and switched off at its end; what was written stays: use an account for tests.";

/// A hub.
#[derive(Debug, Args)]
pub struct Against {
    /// Its address
    #[arg(long, env = "BESEDA_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The API key
    #[arg(
        long,
        env = "BESEDA_API_KEY",
        hide_env_values = true,
        default_value = ""
    )]
    api_key: String,
    /// The connector's key
    #[arg(long, default_value = "conformance")]
    key: String,
    #[command(flatten)]
    which: Which,
}

/// Which cases, and how they are told.
#[derive(Debug, Args)]
struct Which {
    /// How long what is expected may take, in seconds
    #[arg(long, default_value = "30")]
    patience: u64,
    /// Only these cases
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Print the names of the cases
    #[arg(long)]
    list: bool,
}

impl Which {
    fn check(&self, known: &[&str]) -> anyhow::Result<()> {
        for case in &self.cases {
            anyhow::ensure!(
                known.contains(&&case[..]),
                "there is no case {case}; see --list"
            );
        }
        Ok(())
    }

    fn tell(&self, case: &CaseReport) {
        if !self.json {
            println!("{case}");
        }
    }
}

const CONNECTOR_HELP: &str = "\
The connector finds the hub's address in BESEDA_URL and its key in BESEDA_API_KEY. Without a command after `--` both are
printed, and the connector is started by hand. Exit code 0 when nothing failed. docs/connectors.md explains the rest.

  beseda conformance connector --key folder --folder /tmp/folder -- target/debug/examples/folder";

/// A connector, and the other side of its channel.
#[derive(Debug, Args)]
pub struct Connector {
    /// Its key
    #[arg(long, required_unless_present = "list")]
    key: Option<String>,
    /// The settings of its connection, as JSON
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// The other side of the channel is this folder: in/CHAT/ and out/CHAT.txt
    #[arg(long, value_name = "FOLDER", conflicts_with = "channel")]
    folder: Option<PathBuf>,
    /// The other side of the channel is a program, which speaks lines of JSON
    #[arg(long, value_name = "COMMAND", required_unless_present_any = ["folder", "list"])]
    channel: Option<String>,
    /// Where the hub listens
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How many chats go side by side in the case many-chats
    #[arg(long, default_value = "100")]
    chats: usize,
    #[command(flatten)]
    which: Which,
    /// The connector's command
    #[arg(last = true)]
    command: Vec<OsString>,
}

/// Checks it and prints the report.
pub async fn main(task: Task) -> ExitCode {
    let (which, known) = match &task {
        Task::Connector(it) => (&it.which, conformance::connector::names()),
        Task::Hub(it) => (&it.which, against_hub::names()),
    };
    if which.list {
        println!("{}", known.join("\n"));
        return ExitCode::SUCCESS;
    }
    if let Err(error) = which.check(&known) {
        return crate::failed(&error);
    }
    let as_json = which.json;
    let checked = match task {
        Task::Connector(connector) => check(connector).await,
        Task::Hub(hub) => check_hub(hub).await,
    };
    match checked {
        Ok(report) => ended(&report, as_json),
        Err(error) => crate::failed(&error),
    }
}

async fn check_hub(against: Against) -> anyhow::Result<Report> {
    let options = against_hub::Options {
        url: against.url,
        api_key: against.api_key,
        connector_key: against.key,
        patience: Duration::from_secs(against.which.patience),
    };
    let told = |case: &CaseReport| against.which.tell(case);
    against_hub::check(options, &against.which.cases, told)
        .await
        .context("the hub cannot be checked")
}

fn ended(report: &Report, as_json: bool) -> ExitCode {
    if as_json {
        println!("{}", json!(report));
    } else {
        println!("\n{}", report.summary());
    }
    if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn check(connector: Connector) -> anyhow::Result<Report> {
    let options = Options {
        listen: connector.listen,
        patience: Duration::from_secs(connector.which.patience),
        chats: connector.chats,
        ..Options::new(
            &connector.key.clone().unwrap_or_default(),
            settings(&connector)?,
        )
    };
    let channel: Box<dyn Channel> = match (&connector.folder, &connector.channel) {
        (Some(folder), _) => Box::new(Folder::new(folder)),
        (None, Some(command)) => Box::new(
            Program::start(command)
                .await
                .context("the channel's program cannot be used")?,
        ),
        (None, None) => anyhow::bail!("name the other side of the channel: --folder or --channel"),
    };
    let hub = Hub::start(options)
        .await
        .with_context(|| format!("{} is taken; choose another port", connector.listen))?;
    let mut command = connector.command.into_iter();
    let subject: Box<dyn Subject> = match command.next() {
        Some(program) => Box::new(Command::new(program, command.collect())),
        None => {
            eprintln!(
                "Start the connector with\n  BESEDA_URL={} BESEDA_API_KEY={}\n",
                hub.url(),
                hub.api_key()
            );
            Box::new(Elsewhere)
        }
    };
    let told = |case: &CaseReport| connector.which.tell(case);
    conformance::connector::check_at(hub, channel, subject, &connector.which.cases, told)
        .await
        .context("the connector cannot be started")
}

fn settings(connector: &Connector) -> anyhow::Result<Map<String, Value>> {
    let settings = match (&connector.settings, &connector.folder) {
        (Some(text), _) => serde_json::from_str(text).context("--settings is no JSON")?,
        (None, Some(folder)) => json!({"folder": folder}),
        (None, None) => json!({}),
    };
    match settings {
        Value::Object(settings) => Ok(settings),
        _ => anyhow::bail!("--settings has to be a JSON object"),
    }
}
