//! Making the data folder the first time.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    account::Account,
    error::{Doing, Error},
    guard,
    place::Place,
    program::PostgresPrograms,
};

/// Names of a locale that knows the case of Cyrillic letters, best first. Sorting is always by
/// byte (`C`): stable between machines, and the order users see is made by language-aware code.
const CTYPES: [&str; 4] = ["C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"];

/// Makes the cluster when there is none.
pub(crate) fn make(
    place: &Place,
    account: Account,
    programs: &PostgresPrograms,
) -> Result<(), Error> {
    let data = super::data_folder(&place.folder);
    if data.join("PG_VERSION").is_file() {
        return Ok(());
    }
    let log = place.write_private(account, "log", "")?;
    // Made beside and moved when complete: an interrupted first start leaves nothing half-made.
    let unfinished = place.folder.join("unfinished");
    for ctype in CTYPES {
        remove(&unfinished)?;
        if initdb(place, account, programs, ctype, &unfinished, &log)? {
            check_case(account, programs, &unfinished, &log)?;
            return fs::rename(&unfinished, &data).doing(|| format!("make {}", data.display()));
        }
    }
    Err(guard::failed("initdb could not make a database", &log))
}

fn initdb(
    place: &Place,
    account: Account,
    programs: &PostgresPrograms,
    ctype: &str,
    data: &Path,
    log: &Path,
) -> Result<bool, Error> {
    let output = fs::OpenOptions::new()
        .append(true)
        .open(log)
        .doing(|| format!("open {}", log.display()))?;
    let mut command = Command::new(programs.program("initdb"));
    account.apply(&mut command);
    command
        .args([
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--auth=scram-sha-256",
        ])
        .args(["--no-instructions", &format!("--lc-ctype={ctype}")])
        .arg(format!(
            "--pwfile={}",
            place.folder.join("password").display()
        ))
        .arg(format!("--pgdata={}", data.display()));
    if place.temporary {
        command.arg("--no-sync");
    }
    let errors = output
        .try_clone()
        .doing(|| format!("open {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let status = command.status().doing(|| "run initdb".into())?;
    Ok(status.success())
}

/// Search and names need the case of Cyrillic letters; a server built without it is refused here
/// rather than found out by wrong results.
fn check_case(
    account: Account,
    programs: &PostgresPrograms,
    data: &Path,
    log: &Path,
) -> Result<(), Error> {
    let what = || "ask PostgreSQL for the case of a Cyrillic letter".to_owned();
    let mut command = Command::new(programs.program("postgres"));
    account.apply(&mut command);
    command
        .args(["--single", "-j", "-F", "-D"])
        .arg(data)
        .arg("template1");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().doing(what)?;
    if let Some(mut input) = child.stdin.take() {
        input
            .write_all("SELECT lower('Ж') AS letter;\n\n".as_bytes())
            .doing(what)?;
    }
    let output = child.wait_with_output().doing(what)?;
    if String::from_utf8_lossy(&output.stdout).contains("letter = \"ж\"") {
        return Ok(());
    }
    Err(guard::failed(
        "this PostgreSQL does not know the case of Cyrillic letters: install the locale C.UTF-8 (Debian: apt-get install locales)",
        log,
    ))
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
