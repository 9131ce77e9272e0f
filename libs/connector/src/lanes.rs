//! Work that takes long, such as fetching files: one after the other within a chat, side by side between chats.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::hub::Error;

/// Ids of events that are remembered as stored: what a channel brings again while the first try is under way is not fetched twice.
const REMEMBERED: usize = 1_000;

/// The lanes of a connection. A clone shares them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lanes(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// Ends of the newest turn of each chat.
    chats: HashMap<String, oneshot::Receiver<()>>,
    stored: VecDeque<String>,
}

/// A turn in some chats: their next ones begin when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    before: Vec<oneshot::Receiver<()>>,
    _ends: Vec<oneshot::Sender<()>>,
}

impl Lanes {
    fn with<T>(&self, action: impl FnOnce(&mut Inner) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Is something under way in the chat?
    pub fn is_busy(&self, chat: &str) -> bool {
        self.with(|inner| inner.chats.get_mut(chat).is_some_and(is_under_way))
    }

    /// The next turn in each of the chats.
    pub fn enter<'c>(&self, chats: impl IntoIterator<Item = &'c str>) -> Turn {
        let chats: HashSet<&str> = chats.into_iter().collect();
        self.with(|inner| {
            inner.chats.retain(|_, turn| is_under_way(turn));
            let (mut before, mut ends) = (Vec::new(), Vec::new());
            for chat in chats {
                let (end, ended) = oneshot::channel();
                before.extend(inner.chats.insert(chat.to_owned(), ended));
                ends.push(end);
            }
            Turn {
                before,
                _ends: ends,
            }
        })
    }

    /// Were all of these stored a moment ago?
    pub fn are_stored(&self, ids: &[String]) -> bool {
        self.with(|inner| ids.iter().all(|id| inner.stored.contains(id)))
    }

    /// These are stored.
    pub fn note_stored(&self, ids: Vec<String>) {
        self.with(|inner| {
            inner.stored.extend(ids);
            let over = inner.stored.len().saturating_sub(REMEMBERED);
            inner.stored.drain(..over);
        });
    }
}

fn is_under_way(turn: &mut oneshot::Receiver<()>) -> bool {
    turn.try_recv() == Err(TryRecvError::Empty)
}

impl Turn {
    /// Waits until it is this one's turn.
    pub async fn come(&mut self) {
        for before in self.before.drain(..) {
            // It ends by being dropped.
            let _ = before.await;
        }
    }
}

/// Events that are being brought, whether somebody waits for it or not. As a future it ends when they are stored.
#[derive(Debug)]
pub struct Begun(pub(crate) oneshot::Receiver<Result<(), Error>>);

impl Future for Begun {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let stored = ready!(Pin::new(&mut self.0).poll(context));
        Poll::Ready(stored.unwrap_or_else(|_| Err(Error::unavailable("the connector stops"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_chat_waits_for_its_own_turns_alone() {
        let lanes = Lanes::default();
        let first = lanes.enter(["anna", "boris"]);
        let mut second = lanes.enter(["anna"]);
        let mut other = lanes.enter(["clara"]);
        other.come().await;
        assert!(lanes.is_busy("anna") && lanes.is_busy("boris"));
        assert!(futures::FutureExt::now_or_never(second.come()).is_none());
        drop(first);
        let mut second = lanes.enter(["boris"]);
        second.come().await;
        drop((second, other));
        assert!(!lanes.is_busy("boris") && !lanes.is_busy("clara"));
    }

    #[test]
    fn what_was_stored_a_moment_ago_is_known() {
        let lanes = Lanes::default();
        let ids = |number: usize| vec![number.to_string()];
        for number in 0..=REMEMBERED {
            lanes.note_stored(ids(number));
        }
        assert!(lanes.are_stored(&ids(REMEMBERED)) && lanes.are_stored(&ids(1)));
        assert!(!lanes.are_stored(&ids(0)));
    }
}
