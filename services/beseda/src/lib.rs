//! The one binary, `beseda`.
//!
//! - `up`: everything on one machine in one process, with stores of its own where none are named.
//! - `run`: one service, as production runs it.
//! - `migrate`, `admin`, `events`: what an operator does on the database.
//! - `conformance`: checks connectors against a hub of its own.
//! - `inbox`: a terminal client of the public API for backend teams and operators.
//! - `quarantine`: what connectors brought and was refused.
//! - `rules`: what rules would do with a request, in plain words.
//!
//! Services are the same library crates in `up` and in `run`, and talk over gRPC in both.

mod admin;
mod cli;
mod conformance;
mod database;
mod environment;
mod events;
mod inbox;
mod migrate;
mod quarantine;
mod rules;
mod run;
mod service;
mod signals;
mod up;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

/// Does what the command line says.
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(dispatch(command)),
        Err(error) => failed(&anyhow::Error::new(error).context("no threads can be started")),
    }
}

async fn dispatch(command: Command) -> ExitCode {
    match command {
        Command::Up(arguments) => up::main(arguments).await,
        Command::Run(arguments) => run::main(arguments).await,
        Command::Migrate => ended(migrate::main().await),
        Command::Admin { task } => ended(admin::main(task).await),
        Command::Events { task } => ended(events::main(task).await),
        Command::Conformance { task } => conformance::main(task).await,
        Command::MasterKey => {
            println!("{}", kit::secrets::MasterKey::generate());
            ExitCode::SUCCESS
        }
        Command::Login(arguments) => inbox::login(arguments).await,
        Command::Logout(arguments) => inbox::logout(arguments).await,
        Command::Inbox(arguments) => inbox::main(arguments).await,
        Command::Quarantine(arguments) => quarantine::main(arguments).await,
        Command::Rules(arguments) => rules::main(arguments).await,
    }
}

fn ended(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Says what went wrong and what caused it, a cause a line.
fn failed(error: &anyhow::Error) -> ExitCode {
    let mut causes = error.chain().map(ToString::to_string);
    eprintln!("error: {}", causes.next().unwrap_or_default());
    let mut said = error.to_string();
    for cause in causes {
        // Some errors repeat their cause in their own text.
        if !said.contains(&cause) {
            eprintln!("  because: {cause}");
        }
        said.push_str(&cause);
    }
    ExitCode::FAILURE
}
