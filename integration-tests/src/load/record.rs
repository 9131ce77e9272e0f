//! The history as it grows, written by everybody at once.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tonic::Status;

use crate::history::{Answered, History, Seen, Submission, Wire};

/// What happened so far.
#[derive(Debug, Default)]
pub struct Record(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    history: History,
    /// Texts that were acknowledged.
    acknowledged: HashSet<String>,
    /// Answers that are being decided on or sent.
    answering: usize,
    /// Nobody writes or breaks anything any more.
    no_more_work: bool,
}

impl Record {
    /// A client is about to write.
    pub fn submitting(&self, chat: &str, text: &str, waited: bool) {
        let submission = Submission {
            chat: chat.to_owned(),
            text: text.to_owned(),
            waited,
        };
        self.lock().history.submissions.push(submission);
    }

    /// A client was told that it is stored.
    pub fn acked(&self, seen: Seen) {
        let mut inner = self.lock();
        inner.acknowledged.insert(seen.text.clone());
        inner.history.acks.push(seen);
    }

    /// A call was refused that should not have been.
    pub fn refused(&self, what: &str, status: &Status) {
        let text = format!("{what}: {:?}: {}", status.code(), status.message());
        self.lock().history.refusals.push(text);
    }

    /// Somebody is about to close a conversation.
    pub fn closing(&self, conversation: &str) {
        self.lock().history.closes.insert(conversation.to_owned());
    }

    /// A watcher was told of a message. In the first watcher's case an employee may now answer it.
    pub fn watched(&self, watcher: usize, seen: Seen, to_be_answered: bool) {
        let mut inner = self.lock();
        if inner.history.watched.len() <= watcher {
            inner.history.watched.resize_with(watcher + 1, Vec::new);
        }
        inner.history.watched[watcher].push(seen);
        inner.answering += usize::from(to_be_answered);
    }

    /// A watcher was told that changes were lost to its stream.
    pub fn reset(&self) {
        self.lock().history.resets += 1;
    }

    /// An employee has dealt with a message: by an answer that was accepted, or otherwise.
    pub fn answered(&self, answer: Option<Answered>) {
        let mut inner = self.lock();
        inner.history.answers.extend(answer);
        inner.answering -= 1;
    }

    /// Something passed between the hub and the connector.
    pub fn wire(&self, step: Wire) {
        self.lock().history.wire.push(step);
    }

    /// A visitor was shown an answer.
    pub fn shown(&self, visitor: &str, seen: Seen) {
        self.lock()
            .history
            .visitors
            .entry(visitor.to_owned())
            .or_default()
            .push(seen);
    }

    /// Different messages that were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.lock().acknowledged.len()
    }

    /// Nobody writes or breaks anything any more.
    pub fn no_more_work(&self) {
        self.lock().no_more_work = true;
    }

    /// Whether everything that was promised has arrived everywhere.
    pub fn is_settled(&self) -> bool {
        self.lock().state().is_settled()
    }

    /// What has not arrived, in figures.
    pub fn missing(&self) -> String {
        format!("{:?}", self.lock().state())
    }

    /// The history.
    pub fn take(&self) -> History {
        std::mem::take(&mut self.lock().history)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much was promised, and how much of it has arrived.
#[derive(Debug)]
struct State {
    no_more_work: bool,
    answering: usize,
    promised: usize,
    watched: Vec<usize>,
    to_connector: usize,
    reported: usize,
    to_visitors: usize,
    shown: usize,
}

impl State {
    fn is_settled(&self) -> bool {
        let told =
            self.watched.len() == 2 && self.watched.iter().all(|watched| *watched >= self.promised);
        let sent = self.reported >= self.to_connector && self.shown >= self.to_visitors;
        self.no_more_work && self.answering == 0 && told && sent
    }
}

impl Inner {
    fn state(&self) -> State {
        let history = &self.history;
        let reported: HashSet<&str> = history
            .wire
            .iter()
            .filter_map(|step| {
                if let Wire::Reporting { delivery } = step {
                    Some(&delivery[..])
                } else {
                    None
                }
            })
            .collect();
        State {
            no_more_work: self.no_more_work,
            answering: self.answering,
            promised: self.acknowledged.len() + history.answers.len(),
            watched: history.watched.iter().map(Vec::len).collect(),
            to_connector: history
                .answers
                .iter()
                .filter(|answer| answer.to_connector)
                .count(),
            reported: reported.len(),
            to_visitors: history
                .answers
                .iter()
                .filter(|answer| answer.to_visitor.is_some())
                .count(),
            shown: history.visitors.values().map(Vec::len).sum(),
        }
    }
}
