//! Updates that were asked for and are not confirmed yet.
//!
//! They are confirmed by the next call after they are stored, and by no other: after a week of silence Telegram begins anew with ids
//! that may be lower. Behind one whose file is on its way nothing can be confirmed: Telegram tells it again at every call, up to 100
//! updates from there on, and what is known of them is not begun again. So chats go on while one waits, and whatever kills the
//! connector, Telegram still has what is not stored.

use std::collections::BTreeMap;
use std::time::Duration;

use connector::{Error, Inbound};
use serde_json::Value;

use super::Line;
use super::receive::{Underway, begin, told};
use crate::domain::update::id;

/// How long the next call waits for what is on its way: as long as something is, Telegram answers at once.
const REST: Duration = Duration::from_millis(500);

/// The updates by Telegram's ids; nothing for those that are stored or tell nothing.
#[derive(Default)]
pub(super) struct Window(BTreeMap<i64, Option<Underway>>);

impl Window {
    /// From where on to ask: the first that is not stored, else what comes after the last.
    pub fn offset(&self) -> Option<i64> {
        let first = self.0.iter().find(|(_, underway)| underway.is_some());
        let after = self.0.last_key_value().map(|(id, _)| id + 1);
        first.map(|(id, _)| *id).or(after)
    }

    /// Telegram has forgotten what is before an offset.
    pub fn confirmed(&mut self, offset: Option<i64>) {
        if let Some(offset) = offset {
            self.0 = self.0.split_off(&offset);
        }
    }

    /// Begins to bring what is new among the updates.
    pub fn begin(&mut self, line: &Line, inbound: &Inbound, updates: &[Value]) {
        let (mut ids, mut news) = (Vec::new(), Vec::new());
        for update in updates {
            let Some(id) = id(update).filter(|id| !self.0.contains_key(id)) else {
                continue;
            };
            match told(inbound, update) {
                None => drop(self.0.insert(id, None)),
                Some(told) => {
                    ids.push(id);
                    news.push(told);
                }
            }
        }
        let underway = begin(line, inbound, news).into_iter().map(Some);
        self.0.extend(ids.into_iter().zip(underway));
    }

    /// Waits until everything is stored, or for a moment.
    ///
    /// # Errors
    /// When something is not stored.
    pub async fn rest(&mut self, line: &Line) -> Result<(), Error> {
        let all = async {
            for underway in self.0.values_mut().flatten() {
                underway.stored().await?;
            }
            Ok::<_, Error>(())
        };
        // What takes longer is looked at after the next call.
        tokio::time::timeout(REST, all).await.unwrap_or(Ok(()))?;
        for underway in self.0.values_mut() {
            if let Some(stored) = underway.take_if(|it| it.is_stored()) {
                stored.note(line);
            }
        }
        Ok(())
    }
}
