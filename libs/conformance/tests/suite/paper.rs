//! A channel in memory that can do everything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use conformance::{Abilities, Channel, Received, Written};

/// The channel. A clone is the same one.
#[derive(Clone, Default)]
pub struct Paper(Arc<Mutex<Sheet>>);

#[derive(Default)]
pub struct Sheet {
    /// What clients wrote and nobody has confirmed, each with its number.
    pub written: VecDeque<(u64, Written)>,
    count: u64,
    received: BTreeMap<String, Vec<Received>>,
    held: BTreeSet<String>,
    loses_answer: bool,
}

/// Why a message was not taken.
pub enum Refused {
    Now,
    /// It may have been taken.
    Lost,
}

impl Paper {
    pub fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().expect("no panic")
    }

    pub fn send(&self, chat: &str, message: Received) -> Result<(), Refused> {
        let mut sheet = self.sheet();
        if sheet.held.contains(chat) {
            return Err(Refused::Now);
        }
        sheet
            .received
            .entry(chat.to_owned())
            .or_default()
            .push(message);
        match std::mem::take(&mut sheet.loses_answer) {
            true => Err(Refused::Lost),
            false => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl Channel for Paper {
    fn abilities(&self) -> Abilities {
        Abilities {
            files: true,
            unsupported: true,
            hold: true,
            lose_answer: true,
        }
    }

    async fn write(&mut self, message: Written) -> io::Result<()> {
        let mut sheet = self.sheet();
        sheet.count += 1;
        let number = sheet.count;
        sheet.written.push_back((number, message));
        Ok(())
    }

    async fn received(&mut self, chat: &str) -> io::Result<Vec<Received>> {
        Ok(self.sheet().received.get(chat).cloned().unwrap_or_default())
    }

    async fn hold(&mut self, chat: &str, is_held: bool) -> io::Result<()> {
        let mut sheet = self.sheet();
        match is_held {
            true => sheet.held.insert(chat.to_owned()),
            false => sheet.held.remove(chat),
        };
        Ok(())
    }

    async fn lose_answer(&mut self) -> io::Result<()> {
        self.sheet().loses_answer = true;
        Ok(())
    }
}
