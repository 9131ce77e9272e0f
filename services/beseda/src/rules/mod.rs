//! What the rules would do with a client's request, in plain words.

mod dry_run;
mod words;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::inbox::access::Credentials;
use crate::inbox::connection::Connection;
use crate::inbox::output::Output;
use crate::inbox::problem::Problem;
use crate::inbox::{Server, ended};

/// What stands below the help.
pub const HELP: &str = "\
Who calls: an administrator, by --email and --password or the session of `beseda login`; or a program with the scope settings.write.
Nothing is changed: it only says what would be done. On the demo data of `beseda up`:
  beseda rules dry-run --email admin@demo.example --password beseda-demo-admin --fact utm_campaign=spring";

/// What to do, where, and as whom.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    credentials: Credentials,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Task {
    /// Explain what the integrations would do with a request
    DryRun(dry_run::DryRun),
}

/// `beseda rules …`
pub async fn main(arguments: Arguments) -> ExitCode {
    ended(run(arguments).await)
}

async fn run(arguments: Arguments) -> Result<(), Problem> {
    let output = Output::new(arguments.json);
    let connection = Connection::open(&arguments.server.server, arguments.credentials).await?;
    let Task::DryRun(dry_run) = arguments.task;
    let outcome = dry_run.run(&connection, &output).await;
    connection.close().await;
    outcome
}
