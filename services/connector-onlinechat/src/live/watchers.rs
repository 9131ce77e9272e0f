//! Which visitors are watched here, and what is known to have happened to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

/// Streams of one visitor on one replica. Nobody has so many tabs; a program that opens more is refused.
const STREAMS_PER_VISITOR: usize = 20;

/// What is known to have happened to a chat since it is watched. Counters only grow, so a hint that comes while a stream
/// reads is not lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// Do hints arrive? If not, look without them.
    pub subscribed: bool,
    /// Changes of any kind.
    pub changes: u64,
    /// Deliveries that were noted.
    pub noted: u64,
    /// Place of the newest delivery.
    pub newest: i64,
}

type Channels = HashMap<Arc<str>, watch::Sender<Hints>>;

/// The watched channels of this replica. Clones share them.
#[derive(Clone, Default)]
pub struct Watchers(Arc<Inner>);

#[derive(Default)]
struct Inner {
    channels: Mutex<Channels>,
    touched: Mutex<Vec<Arc<str>>>,
    wake: Notify,
    online: AtomicBool,
}

/// One stream's view of a channel; dropping it ends the subscription when it was the last.
pub struct Watch {
    /// What happened.
    pub hints: watch::Receiver<Hints>,
    channel: Arc<str>,
    inner: Arc<Inner>,
}

impl Watchers {
    /// Begins to watch a channel; `None` when this visitor has too many streams.
    #[must_use]
    pub fn watch(&self, channel: &str) -> Option<Watch> {
        let mut channels = self.0.channels();
        let (channel, hints) = match channels.get_key_value(channel) {
            Some((_, sender)) if sender.receiver_count() >= STREAMS_PER_VISITOR => return None,
            Some((channel, sender)) => (Arc::clone(channel), sender.subscribe()),
            None => {
                let channel: Arc<str> = channel.into();
                let (sender, receiver) = watch::channel(Hints::default());
                channels.insert(Arc::clone(&channel), sender);
                self.0.touch(Arc::clone(&channel));
                (channel, receiver)
            }
        };
        let inner = Arc::clone(&self.0);
        Some(Watch {
            hints,
            channel,
            inner,
        })
    }

    /// Is there a subscribing connection?
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.0.online.load(Ordering::Relaxed)
    }

    /// A hint came: an empty one says that anything changed, a number is the place of a delivery that was noted.
    pub(super) fn hint(&self, channel: &str, payload: &[u8]) {
        let place = std::str::from_utf8(payload)
            .ok()
            .and_then(|text| text.parse::<i64>().ok());
        self.modify(channel, |hints| match place {
            Some(place) => {
                hints.noted += 1;
                hints.newest = hints.newest.max(place);
            }
            None => hints.changes += 1,
        });
    }

    /// Hints of these channels arrive from now on. What happened before may have been missed.
    pub(super) fn subscribed(&self, channels: &[Arc<str>]) {
        for channel in channels {
            self.modify(channel, |hints| {
                hints.subscribed = true;
                hints.changes += 1;
            });
        }
    }

    fn modify(&self, channel: &str, change: impl FnOnce(&mut Hints)) {
        if let Some(sender) = self.0.channels().get(channel) {
            sender.send_modify(change);
        }
    }

    /// The subscribing connection stands: every channel has to be subscribed.
    pub(super) fn connected(&self) {
        self.0.online.store(true, Ordering::Relaxed);
        let all = self.0.channels().keys().cloned().collect();
        *self.0.touched() = all;
        self.0.wake.notify_one();
    }

    /// The subscribing connection broke.
    pub(super) fn disconnected(&self) {
        self.0.online.store(false, Ordering::Relaxed);
        for sender in self.0.channels().values() {
            sender.send_if_modified(|hints| std::mem::take(&mut hints.subscribed));
        }
    }

    /// Waits until channels came or went.
    pub(super) async fn touched(&self) -> Vec<Arc<str>> {
        loop {
            let touched = std::mem::take(&mut *self.0.touched());
            if !touched.is_empty() {
                return touched;
            }
            self.0.wake.notified().await;
        }
    }

    /// Is the channel watched?
    pub(super) fn is_watched(&self, channel: &str) -> bool {
        self.0.channels().contains_key(channel)
    }
}

impl Inner {
    // What is behind the locks is whole after every statement: a panic elsewhere cannot have broken it.
    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touched(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self, channel: Arc<str>) {
        self.touched().push(channel);
        self.wake.notify_one();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut channels = self.inner.channels();
        // This stream's own receiver still counts.
        let last = channels
            .get(&self.channel)
            .is_some_and(|sender| sender.receiver_count() == 1);
        if last {
            channels.remove(&self.channel);
            self.inner.touch(Arc::clone(&self.channel));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hint_reaches_every_stream_of_the_channel_and_no_other() {
        let watchers = Watchers::default();
        let (one, two, other) = (
            watchers.watch("a"),
            watchers.watch("a"),
            watchers.watch("b"),
        );
        watchers.hint("a", b"");
        watchers.hint("a", b"7");
        watchers.hint("nobody", b"");
        for watch in [one, two].into_iter().flatten() {
            let hints = *watch.hints.borrow();
            assert_eq!((hints.changes, hints.noted, hints.newest), (1, 1, 7));
        }
        assert_eq!(*other.expect("a watch").hints.borrow(), Hints::default());
    }

    #[tokio::test]
    async fn a_channel_goes_with_its_last_stream() {
        let watchers = Watchers::default();
        let (one, two) = (watchers.watch("a"), watchers.watch("a"));
        drop(one);
        assert!(watchers.is_watched("a"));
        drop(two);
        assert!(!watchers.is_watched("a"));
        assert_eq!(watchers.touched().await.len(), 2, "once come, once gone");
    }

    #[tokio::test]
    async fn one_visitor_cannot_open_streams_without_end() {
        let watchers = Watchers::default();
        let open: Vec<_> = (0..STREAMS_PER_VISITOR)
            .map(|_| watchers.watch("a"))
            .collect();
        assert!(open.iter().all(Option::is_some));
        assert!(watchers.watch("a").is_none());
        assert!(watchers.watch("b").is_some());
    }
}
