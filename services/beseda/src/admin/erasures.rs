//! Erasures of clients' data: receipts, checks, and tombstones for restored backups.

use std::io::BufRead;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use cabinet::admin::{self, Places, Stage};
use cabinet::domain::erasure::Erasure;
use clap::Subcommand;
use pg::Db;
use serde::{Deserialize, Serialize};
use types::{AccountId, Clock, ContactId, ErasureId};

use crate::database::Database;

/// How long a check may take before the command says that the cabinet seems not to run.
const PATIENCE: Duration = Duration::from_secs(600);

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// List all erasures
    List,
    /// Show the receipt of an erasure: what was removed from which store
    Receipt {
        /// The erasure: ers_…
        erasure: ErasureId,
    },
    /// Have all stores looked through once more for the values of an erasure
    Verify {
        /// The erasure: ers_…
        erasure: ErasureId,
    },
    /// Print what has to be erased again after a backup was restored; keep it apart from the backups
    Tombstones,
    /// Erase again what `tombstones` named and a restored backup brought back
    Reapply {
        /// The file with the output of `tombstones`
        file: PathBuf,
    },
}

/// What has to be erased again: ids, nothing personal.
#[derive(Debug, Serialize, Deserialize)]
struct Tombstone {
    account: AccountId,
    erasure: ErasureId,
    contacts: Vec<ContactId>,
}

/// Does it.
pub async fn main(database: &Database, clock: &Clock, task: Task) -> anyhow::Result<()> {
    let db = database.cabinet().await?;
    match task {
        Task::List => list(&db).await,
        Task::Receipt { erasure } => {
            show(&find(&db, erasure).await?);
            Ok(())
        }
        Task::Verify { erasure } => verify(&db, clock, erasure).await,
        Task::Tombstones => tombstones(&db).await,
        Task::Reapply { file } => reapply(&db, database, clock, &file).await,
    }
}

async fn find(db: &Db, id: ErasureId) -> anyhow::Result<Erasure> {
    let all = admin::erasures(db).await?;
    let found = all.into_iter().find(|erasure| erasure.id == id);
    found.with_context(|| format!("there is no erasure {id}"))
}

async fn list(db: &Db) -> anyhow::Result<()> {
    for erasure in admin::erasures(db).await? {
        println!("{}  {}  {}", erasure.id, erasure.account, state(&erasure));
    }
    Ok(())
}

fn state(erasure: &Erasure) -> String {
    let of = match erasure.stage {
        Stage::Finding => "finding who it is".to_owned(),
        Stage::Erasing(at) => format!("erasing, store {}", at + 1),
        Stage::Checking(at) => format!("checking, store {}", at + 1),
        Stage::Done if erasure.receipt.found.is_empty() => "done, nothing is left".to_owned(),
        Stage::Done => "done, but values were found later".to_owned(),
    };
    match &erasure.error[..] {
        "" => of,
        error => format!("{of}; the last try failed: {error}"),
    }
}

fn show(erasure: &Erasure) {
    let receipt = &erasure.receipt;
    println!(
        "Erasure {} of {}: {}",
        erasure.id,
        erasure.account,
        state(erasure)
    );
    let times = [
        ("confirmed", receipt.create_time),
        ("done", receipt.done_time),
        ("checked", receipt.check_time),
    ];
    for (what, time) in times {
        let time = time.map_or_else(|| "-".to_owned(), |time| time.to_string());
        println!("{what:>10}  {time}");
    }
    println!("\nRemoved:");
    print_places(&receipt.removed);
    println!(
        "\nFound by the last check, of {} rows, entries and files:",
        receipt.looked_at
    );
    print_places(&receipt.found);
    println!("\nSalted digests of the removed values (HMAC-SHA256):");
    for (at, digest) in receipt.digests.iter().enumerate() {
        let hex: String = digest
            .digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        println!("{at:>4}  {:<14} {hex}", format!("{:?}", digest.kind));
    }
}

fn print_places(places: &Places) {
    if places.is_empty() {
        println!("  nothing");
    }
    for (place, removed) in places.values().flatten() {
        let values: Vec<String> = removed.values.iter().map(ToString::to_string).collect();
        println!(
            "  {place:<34} {:>7}  values {}",
            removed.count,
            values.join(", ")
        );
    }
}

async fn verify(db: &Db, clock: &Clock, id: ErasureId) -> anyhow::Result<()> {
    let before = find(db, id).await?;
    if !admin::check(db, clock, before.account, id).await? {
        bail!("{id} still runs: {}", state(&before));
    }
    let until = clock.now() + PATIENCE;
    loop {
        clock.sleep(Duration::from_millis(500)).await;
        let erasure = admin::erasure(db, before.account, id).await?;
        let erasure = erasure.with_context(|| format!("{id} is gone"))?;
        if erasure.stage == Stage::Done {
            show(&erasure);
            if erasure.receipt.found.is_empty() {
                return Ok(());
            }
            bail!("values of {id} are there again");
        }
        if clock.now() > until {
            bail!(
                "{id} is not checked yet: does the service `cabinet` run? {}",
                state(&erasure)
            );
        }
    }
}

async fn tombstones(db: &Db) -> anyhow::Result<()> {
    for erasure in admin::erasures(db).await? {
        let contacts = erasure.receipt.contacts.iter().copied();
        let tombstone = Tombstone {
            account: erasure.account,
            erasure: erasure.id,
            contacts: contacts.map(ContactId::from).collect(),
        };
        println!("{}", serde_json::to_string(&tombstone)?);
    }
    Ok(())
}

async fn reapply(
    db: &Db,
    database: &Database,
    clock: &Clock,
    file: &PathBuf,
) -> anyhow::Result<()> {
    let open =
        std::fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?;
    for line in std::io::BufReader::new(open).lines() {
        let line = line?;
        let tombstone: Tombstone = serde_json::from_str(&line)
            .with_context(|| format!("{} is no output of `tombstones`", file.display()))?;
        if tombstone.contacts.is_empty() {
            continue;
        }
        let begun = admin::erase_again(
            db,
            &database.key,
            clock,
            tombstone.account,
            tombstone.contacts,
        );
        println!("{} is erased again as {}", tombstone.erasure, begun.await?);
    }
    Ok(())
}
