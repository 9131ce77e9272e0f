//! Steps that other programs do.

use std::{path::Path, process::Command};

use anyhow::Result;

use super::Found;
use crate::run::{cargo, command, is_installed, output, root};

pub fn fmt() -> Result<Found> {
    done(cargo().args(["fmt", "--all", "--check", "--", "--files-with-diff"]))
}

/// All targets at once: the libraries are checked once for clippy, and their dependencies are the
/// same check artefacts that rustdoc takes.
pub fn clippy() -> Result<Found> {
    done(cargo().args([
        "clippy",
        "--quiet",
        "--keep-going",
        "--workspace",
        "--features=cabinet/smpp",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

/// With private items, which is what who works here reads; so links to them are right.
pub fn rustdoc() -> Result<Found> {
    let mut doc = cargo();
    doc.args([
        "doc",
        "--quiet",
        "--keep-going",
        "--workspace",
        "--document-private-items",
        "--no-deps",
    ])
    .env(
        "RUSTDOCFLAGS",
        "-D warnings -A rustdoc::private_intra_doc_links",
    );
    done(&mut doc)
}

/// The advisory database is not asked: a check must not depend on the network.
pub fn deny() -> Result<Found> {
    if !is_installed("cargo-deny") {
        return Ok(missing("cargo-deny"));
    }
    done(cargo().args([
        "deny",
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}

pub fn machete() -> Result<Found> {
    if !is_installed("cargo-machete") {
        return Ok(missing("cargo-machete"));
    }
    done(cargo().args(["machete", "--skip-target-dir"]))
}

pub fn scripts() -> Result<Found> {
    for file in crate::tree::files(&[".sh", ".ci/run"])? {
        output(command("bash").args(["-n", &file.path]))?;
        if is_installed("shellcheck") {
            output(command("shellcheck").args(["--shell", "bash", &file.path]))?;
        }
    }
    Ok(Found::Nothing)
}

/// The types and the style of the web folder, by its own `check` script.
pub fn web() -> Result<Found> {
    for file in crate::tree::files(&["package.json"])? {
        if !file.text.contains("\"check\":") {
            continue;
        }
        let folder = root().join(Path::new(&file.path).parent().unwrap_or(Path::new("")));
        if !folder.join("node_modules").is_dir() {
            output(
                Command::new("npm")
                    .args(["ci", "--no-audit", "--no-fund"])
                    .current_dir(&folder),
            )?;
        }
        output(
            Command::new("npm")
                .args(["run", "--silent", "check"])
                .current_dir(&folder),
        )?;
    }
    Ok(Found::Nothing)
}

fn missing(tool: &str) -> Found {
    Found::Skipped(format!("{tool} is not installed (cargo install {tool})"))
}

fn done(command: &mut Command) -> Result<Found> {
    output(command).map(|_| Found::Nothing)
}
