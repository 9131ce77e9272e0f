//! Finding the programs of PostgreSQL and Redis.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::Error;

const OLDEST_POSTGRES: u32 = 15;

/// An installed PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct PostgresPrograms {
    pub(crate) major: u32,
    bin: PathBuf,
}

impl PostgresPrograms {
    /// The newest version, or the one that made the data.
    pub(crate) fn find(data: &Path) -> Result<Self, Error> {
        let folders = postgres_folders();
        let mut found: Vec<Self> = folders.iter().filter_map(|bin| Self::at(bin)).collect();
        // Of equal versions the first found is taken last.
        found.reverse();
        found.sort_by_key(|it| it.major);
        let Ok(made_by) = fs::read_to_string(data.join("PG_VERSION")) else {
            return found
                .pop()
                .filter(|it| it.major >= OLDEST_POSTGRES)
                .ok_or_else(|| missing(&folders));
        };
        let made_by = made_by.trim().to_owned();
        let majors: Vec<String> = found.iter().map(|it| it.major.to_string()).collect();
        found
            .into_iter()
            .find(|it| it.major.to_string() == made_by)
            .ok_or_else(|| Error::OtherVersion {
                folder: data.to_owned(),
                made_by,
                found: none_or(&majors),
            })
    }

    fn at(bin: &Path) -> Option<Self> {
        if !bin.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(bin.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        Some(Self {
            major: major_version(&String::from_utf8_lossy(&output.stdout))?,
            bin: bin.to_owned(),
        })
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` → 15.
fn major_version(text: &str) -> Option<u32> {
    let number = text
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

fn postgres_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),                          // Debian, Ubuntu
        ("/usr", "pgsql-"),                                   // PostgreSQL's own RPMs
        ("/opt/homebrew/opt", "postgresql"),                  // Homebrew on ARM
        ("/usr/local/opt", "postgresql"),                     // Homebrew on Intel
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql"),     // Homebrew on Linux
        ("/Applications/Postgres.app/Contents/Versions", ""), // Postgres.app
    ] {
        let Ok(entries) = fs::read_dir(parent) else {
            continue;
        };
        let named = entries
            .flatten()
            .filter(|e| e.file_name().to_string_lossy().starts_with(prefix));
        folders.extend(named.map(|entry| entry.path().join("bin")));
    }
    folders.extend(path_folders());
    folders
}

fn path_folders() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

/// `redis-server`, or `valkey-server`, which some distributions carry in its place.
pub(crate) fn redis_server() -> Result<PathBuf, Error> {
    let mut folders = path_folders();
    folders.extend(
        [
            "/usr/bin",
            "/usr/local/bin",
            "/opt/homebrew/bin",
            "/usr/sbin",
        ]
        .map(PathBuf::from),
    );
    let candidates = ["redis-server", "valkey-server"]
        .into_iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = candidates.into_iter().find(|program| program.is_file());
    found.ok_or_else(|| Error::ProgramMissing {
        program: "redis-server".into(),
        looked_in: "PATH".into(),
        install: install_command("redis-server", "redis", "redis"),
        instead: "BESEDA_REDIS_URL",
    })
}

fn missing(folders: &[PathBuf]) -> Error {
    let looked_in: Vec<String> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    Error::ProgramMissing {
        program: format!("PostgreSQL {OLDEST_POSTGRES} or newer"),
        looked_in: none_or(&looked_in),
        install: install_command("postgresql", "postgresql-server", "postgresql@17"),
        instead: "BESEDA_DATABASE_URL",
    }
}

fn none_or(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

/// The command for the package manager this machine has.
fn install_command(debian: &str, fedora: &str, homebrew: &str) -> String {
    let has = |program: &str| {
        path_folders()
            .iter()
            .any(|folder| folder.join(program).is_file())
    };
    if has("apt-get") {
        format!("apt-get install {debian}")
    } else if has("dnf") {
        format!("dnf install {fedora}")
    } else {
        format!("brew install {homebrew}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_version_is_read_from_every_distributions_text() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 17.2"), Some(17));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("nothing"), None);
    }
}
