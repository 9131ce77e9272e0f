//! The contracts, by buf.

use std::process::Command;

use anyhow::{Result, ensure};

use super::Found;
use crate::run::{command, output, root};

pub fn lint() -> Result<Found> {
    output(buf()?.args(["lint", "proto"]))?;
    Ok(Found::Nothing)
}

pub fn format() -> Result<Found> {
    output(buf()?.args(["format", "--diff", "--exit-code", "proto"]))?;
    Ok(Found::Nothing)
}

/// Against the main branch, where there is one that has contracts and is not what we stand on.
pub fn breaking() -> Result<Found> {
    let git = |arguments: &[&str]| output(command("git").args(arguments));
    let Some(main) = ["origin/main", "main"]
        .into_iter()
        .find(|it| git(&["rev-parse", "--verify", it]).is_ok())
    else {
        return Ok(Found::Skipped(
            "there is no branch main to compare with".into(),
        ));
    };
    if git(&["ls-tree", main, "proto/buf.yaml"])?.is_empty() {
        return Ok(Found::Skipped(format!("{main} has no contracts yet")));
    }
    let against = format!(".git#ref={main},subdir=proto");
    output(buf()?.args(["breaking", "proto", "--against", &against]))?;
    Ok(Found::Nothing)
}

fn buf() -> Result<Command> {
    let tools = root().join("tools");
    let program = tools.join("node_modules/.bin/buf");
    if !program.is_file() {
        output(
            Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund"])
                .current_dir(&tools),
        )?;
    }
    ensure!(program.is_file(), "buf is missing: run `npm ci` in tools/");
    Ok(command(&program.display().to_string()))
}
