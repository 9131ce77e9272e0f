//! What a lane remembers of the chats it wrote to last, so that the next message of a lively chat needs no reading.
//!
//! Nothing here is trusted: a row that has changed since is noticed by the write, which then does nothing (see [`super::write`]).
//! A batch takes out what it works on; only what it has written comes back.

use std::sync::{Mutex, PoisonError};

use super::Item;
use super::known::{Known, chat_key};
use crate::domain::routing::thread;

/// Chats of a lane at most; then it begins anew. A chat takes about a kilobyte.
const CHATS: usize = 4_096;

/// What a lane remembers.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Known>);

impl Memory {
    /// What is remembered of the items, and the items of which it is not enough.
    pub fn take<'i>(&self, items: &'i [Item]) -> (Known, Vec<&'i Item>) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = Known::default();
        // Whether a file was used before is decided on what its event became, which only reading tells.
        let missing = items
            .iter()
            .filter(|item| !memory.give(item, &mut known) || item.has_files());
        let missing = missing.collect();
        (known, missing)
    }

    /// Remembers what was written.
    pub fn keep(&self, written: Known) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.chats.len() + written.chats.len() > CHATS {
            *memory = Known::default();
        }
        memory.chats.extend(written.chats);
        memory.conversations.extend(written.conversations);
        memory.numbers.extend(written.numbers);
    }
}

impl Known {
    /// Moves what is known of an item; false when something is missing. A chat without a conversation counts as missing.
    fn give(&mut self, item: &Item, to: &mut Known) -> bool {
        let account = item.connection.account;
        if let Some(number) = self.numbers.remove(&account) {
            to.numbers.insert(account, number);
        }
        let key = chat_key(item);
        if let Some(chat) = self.chats.remove(&key) {
            to.chats.insert(key.clone(), chat);
        }
        let Some((chat, _)) = to.chats.get(&key) else {
            return false;
        };
        let place = (
            chat.id,
            thread(item.connection.mode, &item.thread).to_owned(),
        );
        if let Some(conversation) = self.conversations.remove(&place) {
            to.conversations.insert(place.clone(), conversation);
        }
        to.conversations.contains_key(&place) && to.numbers.contains_key(&account)
    }
}
