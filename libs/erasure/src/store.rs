//! What a service has to say of its data.

use auth::AccountScope;
use events::NewEvent;
use kit::Refusal;
use pg::{Error, Tx};
use time::OffsetDateTime;
use types::AccountId;
use uuid::Uuid;

use crate::person::Person;
use crate::sieve::Sieve;
use crate::tally::Tally;

/// Is something done, or only looked for?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What is personal goes.
    Erase,
    /// What is left is counted; nothing changes.
    Look,
}

/// What is to be done.
#[derive(Debug)]
pub struct Job {
    /// In which account.
    pub scope: AccountScope,
    /// The erasure; nil with [`Mode::Look`].
    pub erasure: Uuid,
    /// From 1; 0 with [`Mode::Look`].
    pub attempt: i32,
    /// Whose data.
    pub person: Person,
    /// Their values.
    pub sieve: Sieve,
    /// Erase or look.
    pub mode: Mode,
    /// When.
    pub now: OffsetDateTime,
}

impl Job {
    /// In which account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.scope.account()
    }

    /// Does it change anything?
    #[must_use]
    pub fn erases(&self) -> bool {
        self.mode == Mode::Erase
    }
}

/// A place in the walk through a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct At {
    /// Which kind of data, from 0.
    pub stage: u32,
    /// After which place of it; empty at its beginning.
    pub place: String,
}

impl At {
    /// The place as an id; nil at the beginning.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.place.parse().unwrap_or_default()
    }

    /// The place as a number; 0 at the beginning.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.place.parse().unwrap_or_default()
    }
}

/// A part that was done.
#[derive(Debug, Default)]
pub struct Step {
    /// After which place the stage goes on; `None` when it is over.
    pub next: Option<String>,
    /// What to tell others.
    pub events: Vec<NewEvent>,
}

impl Step {
    /// Goes on after a place, or ends the stage.
    #[must_use]
    pub fn to(next: Option<impl ToString>) -> Self {
        Self {
            next: next.map(|place| place.to_string()),
            events: Vec::new(),
        }
    }
}

/// A service that keeps data of clients.
#[tonic::async_trait]
pub trait Store: Send + Sync + 'static {
    /// How many stages its walk has.
    fn stages(&self) -> u32;

    /// What it knows of a person beyond what is known: further ids, and their values.
    async fn find(
        &self,
        tx: &mut Tx,
        scope: AccountScope,
        phone: &str,
        known: &Person,
    ) -> Result<Person, Error>;

    /// A part that is not in the database: files, Redis. It is done before the ledger says so, so it must change nothing when it is
    /// done again. `None` for a stage of the database.
    async fn apart(&self, job: &Job, at: &At, tally: &mut Tally) -> Result<Option<Step>, Refusal>;

    /// A part of the database, a few hundred rows: in one transaction with the ledger. In [`Mode::Look`] it only counts.
    async fn step(&self, tx: &mut Tx, job: &Job, at: &At, tally: &mut Tally)
    -> Result<Step, Error>;

    /// A part was committed that tells others something.
    fn committed(&self);
}
