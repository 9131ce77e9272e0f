//! The files of the project: what git knows or would add.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::run;

/// A text file, by its path from the root.
#[derive(Debug)]
pub struct File {
    pub path: String,
    pub text: String,
}

/// All files whose name has one of these endings.
pub fn files(endings: &[&str]) -> Result<Vec<File>> {
    let root = run::root();
    let mut list = run::command("git");
    list.args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]);
    let names = run::output(&mut list).context("list the files; is this a git checkout?")?;
    let wanted = names
        .split('\0')
        .filter(|name| endings.iter().any(|ending| name.ends_with(ending)));
    wanted
        .filter(|name| root.join(name).is_file())
        .map(|name| read(&root, name))
        .collect()
}

fn read(root: &Path, name: &str) -> Result<File> {
    let path: PathBuf = root.join(name);
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    Ok(File {
        path: name.to_owned(),
        text,
    })
}

impl File {
    /// Whether a program wrote it.
    pub fn is_generated(&self) -> bool {
        let in_folder = self.path.contains("/gen/") || self.path.contains("/generated/");
        in_folder || self.path.ends_with("-lock.json") || self.path.ends_with("Cargo.lock")
    }
}
