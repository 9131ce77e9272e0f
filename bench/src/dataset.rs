//! A data set to measure on: conversations and messages of many accounts, one of them large, with employees of every scope in the
//! large one. The same size gives the same rows. It is made once and used again while neither the size nor a table changes.

mod fill;
mod people;
mod tables;
pub mod words;
mod world;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use types::{AccountId, Clock, ConnectionId, StageId, TagId};

pub use people::{Person, Scope, set_rights};

use crate::dice::Dice;
use crate::stand::Stand;

/// Changes with every change of what the rows say.
const VERSION: u32 = 3;

/// How much of the whole the largest accounts have, in hundredths; the rest is spread over small ones.
const LARGE: [u64; 4] = [30, 20, 10, 5];

/// Conversations of a small account.
const SMALL: u64 = 1_000;

/// How large a data set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Conversations of all accounts.
    pub conversations: u64,
    /// Messages of all accounts; each conversation has at least one.
    pub messages: u64,
}

/// What was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DataSet {
    /// How large it is.
    pub size: Size,
    /// The accounts, the largest first. Only that one is known to identity.
    pub accounts: Vec<Account>,
    /// Who works in the largest account, the administrator first.
    pub people: Vec<Person>,
    /// The stages of every account's deals.
    pub stages: Vec<StageId>,
    /// The tags of every account's cards, the most frequent first.
    pub tags: Vec<TagId>,
    /// The newest change is not later than that, in seconds since 1970.
    end: i64,
}

/// An account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// How many conversations it has.
    pub conversations: u64,
    /// How many messages.
    pub messages: u64,
    /// Its connections.
    pub connections: Vec<ConnectionId>,
}

impl DataSet {
    /// Somebody of this scope in the largest account.
    pub fn person(&self, scope: Scope) -> Result<&Person> {
        let found = self.people.iter().find(|person| person.scope == scope);
        found.with_context(|| format!("nobody has the scope {scope:?}"))
    }
}

/// What stands beside the data.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    /// The migrations that the rows were made for.
    migrations: Vec<i64>,
    data: DataSet,
}

/// A running stand with a data set of this size: the one that lies in `folder`, or a new one there.
pub async fn ensure(folder: &Path, size: Size) -> Result<(Stand, DataSet)> {
    let folder = folder.join(format!("{}-{}", size.conversations, size.messages));
    std::fs::create_dir_all(&folder)?;
    if let Some(data) = kept(&folder, size) {
        eprintln!("using the data set in {} …", folder.display());
        return Ok((Stand::kept(&folder, false).await?, data));
    }
    eprintln!("making a data set in {} …", folder.display());
    let begin = Instant::now();
    let _ = std::fs::remove_file(manifest(&folder));
    let stand = Stand::kept(&folder, true).await?;
    let data = make(&stand, size).await?;
    let manifest_of = Manifest {
        version: VERSION,
        migrations: migrations(),
        data,
    };
    std::fs::write(manifest(&folder), serde_json::to_string(&manifest_of)?)?;
    eprintln!("made in {:.0} s", begin.elapsed().as_secs_f64());
    Ok((stand, manifest_of.data))
}

fn manifest(folder: &Path) -> PathBuf {
    folder.join("dataset.json")
}

/// What lies there, if it can be used.
fn kept(folder: &Path, size: Size) -> Option<DataSet> {
    let text = std::fs::read_to_string(manifest(folder)).ok()?;
    let found: Manifest = serde_json::from_str(&text).ok()?;
    let fits =
        found.version == VERSION && found.migrations == migrations() && found.data.size == size;
    fits.then_some(found.data)
}

fn migrations() -> Vec<i64> {
    let migrations = conversations::MIGRATIONS.migrator.iter();
    migrations.map(|migration| migration.version).collect()
}

async fn make(stand: &Stand, size: Size) -> Result<DataSet> {
    let stages: Vec<StageId> = (0..world::STAGES).map(world::stage).collect();
    fill::stages(stand, &stages).await?;
    let data = DataSet {
        size,
        accounts: accounts(stand.account, size),
        people: people::make(stand, &stages).await?,
        stages,
        tags: (0..world::TAGS).map(world::tag).collect(),
        end: Clock::system().now().unix_timestamp(),
    };
    fill::fill(stand, &data).await?;
    index(stand, &data).await?;
    Ok(data)
}

/// Makes the search index of every account, as an operator does.
async fn index(stand: &Stand, data: &DataSet) -> Result<()> {
    let db = stand.database(&conversations::MIGRATIONS).await?;
    let clock = Clock::system();
    let (mut done, mut told) = (0, clock.now());
    for account in &data.accounts {
        done += conversations::admin::rebuild_search(&db, account.id, |_, _| {}).await?;
        if (clock.now() - told).whole_seconds() >= 2 {
            told = clock.now();
            eprintln!("  search: {} %", done as u64 * 100 / data.size.messages);
        }
    }
    Ok(())
}

/// The sizes of the accounts: they add up to the whole.
fn accounts(largest: AccountId, size: Size) -> Vec<Account> {
    let mut dice = Dice::new(0xACC0);
    let mut left = size.conversations;
    let large = LARGE.iter().map(|share| size.conversations * share / 100);
    let mut accounts: Vec<Account> = Vec::new();
    for wanted in large.chain(std::iter::repeat(SMALL)) {
        let conversations = wanted.clamp(1, left.max(1)).min(left);
        if conversations == 0 {
            break;
        }
        left -= conversations;
        let id = match accounts.is_empty() {
            true => largest,
            false => dice.uuid().into(),
        };
        accounts.push(Account {
            id,
            conversations,
            messages: size.messages.max(size.conversations) * conversations / size.conversations,
            connections: (0..5).map(|_| dice.uuid().into()).collect(),
        });
    }
    accounts
}
