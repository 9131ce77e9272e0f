//! Updates that were asked for and are not stored yet.
//!
//! They are confirmed by the next call after they are stored, and by no other: after a week of silence Telegram begins anew with ids
//! that may be lower. While a file is fetched for one of them, the chats of all others go on: then only what came before it is confirmed,
//! and what came after it is told again and known.

use std::collections::BTreeSet;
use std::time::Duration;

use connector::{Begun, Error, Inbound};
use futures::FutureExt;
use serde_json::Value;
use types::Clock;

use super::Line;
use super::receive::begin;
use crate::domain::update::{Told, id};

/// How long what is asked for next waits for what is under way.
const PATIENCE: Duration = Duration::from_secs(1);

/// Updates that are brought together.
pub(super) struct Batch {
    /// Telegram's ids of them.
    pub ids: BTreeSet<i64>,
    /// What they tell.
    pub told: Vec<Told>,
    /// Ends when they are stored.
    pub stored: Begun,
}

/// The updates of a bot.
#[derive(Default)]
pub(super) struct Desk {
    /// All before this one are stored.
    confirmed: Option<i64>,
    /// After the newest one that was told.
    next: Option<i64>,
    underway: Vec<Batch>,
    /// Stored, behind one that is under way.
    stored: BTreeSet<i64>,
}

impl Desk {
    pub fn confirmed(&self) -> Option<i64> {
        self.confirmed
    }

    /// Is nothing under way?
    pub fn is_empty(&self) -> bool {
        self.underway.is_empty()
    }

    /// Begins to bring those of the updates that are new.
    pub fn begin(&mut self, line: &Line, inbound: &Inbound, mut updates: Vec<Value>) {
        self.next = updates
            .iter()
            .filter_map(id)
            .max()
            .map(|it| it + 1)
            .or(self.next);
        let is_known = |id: i64| {
            self.stored.contains(&id) || self.underway.iter().any(|batch| batch.ids.contains(&id))
        };
        updates.retain(|update| !id(update).is_some_and(is_known));
        self.underway.extend(begin(line, inbound, &updates));
    }

    /// Waits until everything is stored, or for a moment.
    ///
    /// # Errors
    /// When the hub refuses the connector itself.
    pub async fn rest(&mut self, line: &Line) -> Result<(), Error> {
        let clock = Clock::system();
        let mut patience = std::pin::pin!(clock.sleep(PATIENCE));
        let mut is_over = false;
        for mut batch in std::mem::take(&mut self.underway) {
            let stored = if is_over {
                (&mut batch.stored).now_or_never()
            } else {
                tokio::select! {
                    biased;
                    stored = &mut batch.stored => Some(stored),
                    () = &mut patience => None,
                }
            };
            let Some(stored) = stored else {
                is_over = true;
                self.underway.push(batch);
                continue;
            };
            stored?;
            batch.told.iter().for_each(|told| line.pictures.wrote(told));
            self.stored.extend(batch.ids);
        }
        self.confirm();
        Ok(())
    }

    fn confirm(&mut self) {
        let first = self
            .underway
            .iter()
            .filter_map(|batch| batch.ids.first())
            .min();
        self.confirmed = first.copied().or(self.next);
        let confirmed = self.confirmed;
        self.stored
            .retain(|id| first.is_some() && Some(*id) > confirmed);
    }
}
