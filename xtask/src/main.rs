//! What stands behind the Makefile: `check` (all that can be said about the tree without running it)
//! and `test` (the whole test run on stores of its own).

mod check;
mod run;
mod stores;
mod test;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Checks and the test run behind make")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks formatting, contracts, lints, docs, layering, migrations and requirements.
    Check {
        /// Only the steps of these names.
        steps: Vec<String>,
    },
    /// Builds everything and runs all tests on a PostgreSQL of their own.
    Test {
        /// Only these packages.
        #[arg(short, long)]
        package: Vec<String>,
        /// Given on to the runner, for example a part of a test's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Check { steps } => check::run(&steps),
        Task::Test { package, arguments } => test::run(&package, &arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
