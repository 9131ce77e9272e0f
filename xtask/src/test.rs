//! `make test`: build once, then all tests in parallel on one PostgreSQL of their own.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    run::{cargo, is_installed, root, succeeds},
    stores::Stores,
};

/// Runs the tests of these packages, or all; true when they passed and left nothing running.
/// Further arguments are for the runner.
pub fn run(packages: &[String], arguments: &[String]) -> Result<bool> {
    let selection = selection(packages);
    // Programs and tests in one go: a second build with other features would do most of it again.
    if !succeeds(
        cargo()
            .args(["build", "--bins", "--tests", "--examples"])
            .args(&selection),
    )? {
        return Ok(false);
    }
    let stores = Stores::start()?;
    let mut runner = runner();
    runner
        .args(&selection)
        .args(arguments)
        .envs(stores.environment());
    if packages.is_empty() {
        runner.env("BESEDA_BINARY", target().join("debug/beseda"));
    }
    let passed = succeeds(&mut runner);
    let left = stores.stop()?;
    for process in &left {
        eprintln!("error: the tests left this running: {process}");
    }
    Ok(passed? && left.is_empty())
}

fn selection(packages: &[String]) -> Vec<String> {
    let mut selection: Vec<String> = packages
        .iter()
        .map(|package| format!("--package={package}"))
        .collect();
    if packages.is_empty() {
        selection.push("--workspace".into());
    }
    if packages.is_empty() || packages.iter().any(|package| package == "cabinet") {
        // What is built in on demand is tested, too.
        selection.push("--features=cabinet/smpp".into());
    }
    selection
}

fn runner() -> Command {
    let mut command = cargo();
    if is_installed("cargo-nextest") {
        command.args(["nextest", "run"]);
    } else {
        command.args(["test", "--no-fail-fast", "--tests"]);
    }
    command
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
