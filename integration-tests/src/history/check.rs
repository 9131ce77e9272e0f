//! The rules of the main path, as one pure function over a history.
//!
//! Nothing acknowledged is lost, nothing visible is doubled, a chat keeps its order and its conversation, numbers run
//! without gap, and each answer goes out with its own text, once as far as ids can tell.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Conversation, History, Seen, Submission, Wire};

/// A broken promise. The texts and ids are those of the history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// A call that was right was refused for a reason that no fault explains.
    Refused(String),
    /// It was acknowledged and is not in the lists.
    AckedLost(String),
    /// It was acknowledged twice, as two different messages.
    AckChanged(String),
    /// It was submitted once and stands in the lists more often.
    VisibleTwice(String),
    /// It stands in the lists and nobody wrote it.
    Invented(String),
    /// A watcher was told twice that it was added.
    WatchedTwice(String),
    /// It stands in the lists and a watcher was never told.
    WatchedNever(String),
    /// A watcher was told of it after a later message of the same conversation.
    WatchedOutOfOrder(String),
    /// Watchers were told so often that changes were lost to them.
    WatchReset(usize),
    /// Two messages that one submitter wrote after one another stand the other way round.
    OrderBroken(String),
    /// Two messages of a chat stand at the same place.
    PlaceTaken(String),
    /// A place of the chat is empty.
    PlaceEmpty(String),
    /// A chat went on in another conversation although nobody had closed the one before.
    Split(String),
    /// A conversation is closed that nobody asked to close.
    ClosedByNobody(String),
    /// A chat has two open conversations.
    OpenTwice(String),
    /// A number that no conversation has.
    NumberMissing(i64),
    /// A number that two conversations have.
    NumberTaken(i64),
    /// An answer was accepted and never given to its connector.
    AnswerNeverGiven(String),
    /// An answer went out with another text, or under two ids that a connector cannot match.
    AnswerChanged(String),
    /// An answer was given again after the hub had taken the report that it was sent.
    AnswerGivenAgain(String),
    /// An answer was given before the one before it in the chat was reported.
    AnswerOutOfOrder(String),
    /// A visitor never saw an answer.
    VisitorMissed(String),
    /// A visitor saw an answer twice.
    VisitorSawTwice(String),
}

/// Everything in the history that must not be. Empty: every promise was kept.
#[must_use]
pub fn check(history: &History) -> Vec<Violation> {
    let mut found = BTreeSet::new();
    let chats = chats_of(&history.conversations);
    found.extend(history.refusals.iter().cloned().map(Violation::Refused));
    acks(history, &mut found);
    listed(history, &mut found);
    order(history, &mut found);
    places(history, &chats, &mut found);
    conversations(history, &chats, &mut found);
    numbers(&history.conversations, &mut found);
    for watched in &history.watched {
        watcher(watched, &history.listed, &mut found);
    }
    if history.resets > 0 {
        found.insert(Violation::WatchReset(history.resets));
    }
    answers(history, &mut found);
    wire_order(&history.wire, &mut found);
    visitors(history, &mut found);
    found.into_iter().collect()
}

type Found = BTreeSet<Violation>;

/// The chat of each conversation.
fn chats_of(conversations: &[Conversation]) -> HashMap<&str, &str> {
    conversations
        .iter()
        .map(|it| (&it.id[..], &it.chat[..]))
        .collect()
}

/// The first value of each text, and the texts that come with a different one later.
fn acks(history: &History, found: &mut Found) {
    let listed: HashMap<&str, &Seen> = history
        .listed
        .iter()
        .map(|seen| (&seen.message[..], seen))
        .collect();
    let mut first: HashMap<&str, &Seen> = HashMap::new();
    for ack in &history.acks {
        let same = |other: &Seen| is_same(other, ack);
        if !same(first.entry(&ack.text).or_insert(ack)) {
            found.insert(Violation::AckChanged(ack.text.clone()));
        }
        if !listed
            .get(&ack.message[..])
            .is_some_and(|seen| seen.text == ack.text && same(seen))
        {
            found.insert(Violation::AckedLost(ack.text.clone()));
        }
    }
    for answer in &history.answers {
        if listed
            .get(&answer.message[..])
            .is_none_or(|seen| seen.text != answer.text)
        {
            found.insert(Violation::AckedLost(answer.text.clone()));
        }
    }
}

/// Visitors are not told the id of their conversation.
fn is_same(one: &Seen, other: &Seen) -> bool {
    let same_conversation = one.conversation == other.conversation
        || one.conversation.is_empty()
        || other.conversation.is_empty();
    one.message == other.message && one.seq == other.seq && same_conversation
}

fn listed(history: &History, found: &mut Found) {
    let submitted: HashSet<&str> = history.submissions.iter().map(|it| &it.text[..]).collect();
    let answered: HashSet<&str> = history.answers.iter().map(|it| &it.text[..]).collect();
    let mut seen = HashSet::new();
    for message in &history.listed {
        let known = if message.from_client {
            &submitted
        } else {
            &answered
        };
        if !known.contains(&message.text[..]) {
            found.insert(Violation::Invented(message.text.clone()));
        }
        if !seen.insert(&message.text) {
            found.insert(Violation::VisibleTwice(message.text.clone()));
        }
    }
}

fn order(history: &History, found: &mut Found) {
    let place: HashMap<&str, i64> = history
        .listed
        .iter()
        .map(|seen| (&seen.text[..], seen.seq))
        .collect();
    let mut before: HashMap<&str, &Submission> = HashMap::new();
    for next in &history.submissions {
        if let Some(previous) = before
            .insert(&next.chat, next)
            .filter(|previous| previous.waited)
            && let (Some(one), Some(other)) =
                (place.get(&previous.text[..]), place.get(&next.text[..]))
            && one >= other
        {
            found.insert(Violation::OrderBroken(next.text.clone()));
        }
    }
}

fn places(history: &History, chats: &HashMap<&str, &str>, found: &mut Found) {
    let mut taken: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for message in &history.listed {
        let chat = chats
            .get(&message.conversation[..])
            .copied()
            .unwrap_or_default();
        if !taken.entry(chat).or_default().insert(message.seq) {
            found.insert(Violation::PlaceTaken(message.text.clone()));
        }
    }
    for (chat, places) in taken {
        let whole = (1..).zip(&places).all(|(wanted, place)| wanted == *place);
        if !whole {
            found.insert(Violation::PlaceEmpty(chat.to_owned()));
        }
    }
}

/// A chat goes on in its conversation until somebody closes it, and never returns to one it has left. (A conversation that
/// is opened again keeps its messages together, so it is never left.)
fn conversations(history: &History, chats: &HashMap<&str, &str>, found: &mut Found) {
    let mut written: BTreeMap<&str, BTreeMap<i64, &str>> = BTreeMap::new();
    for seen in &history.listed {
        if let Some(chat) = chats.get(&seen.conversation[..]) {
            written
                .entry(chat)
                .or_default()
                .insert(seen.seq, &seen.conversation);
        }
    }
    for (chat, places) in written {
        let mut left = HashSet::new();
        let way: Vec<&str> = places.into_values().collect();
        for step in way.windows(2).filter(|step| step[0] != step[1]) {
            left.insert(step[0]);
            if !history.closes.contains(step[0]) || left.contains(step[1]) {
                found.insert(Violation::Split(chat.to_owned()));
            }
        }
    }
    let mut open = HashSet::new();
    for conversation in &history.conversations {
        if conversation.open && !open.insert(&conversation.chat) {
            found.insert(Violation::OpenTwice(conversation.chat.clone()));
        }
        if !conversation.open && !history.closes.contains(&conversation.id) {
            found.insert(Violation::ClosedByNobody(conversation.id.clone()));
        }
    }
}

fn numbers(conversations: &[Conversation], found: &mut Found) {
    let mut taken = BTreeSet::new();
    for conversation in conversations {
        if !taken.insert(conversation.number) {
            found.insert(Violation::NumberTaken(conversation.number));
        }
    }
    let last = taken.last().copied().unwrap_or_default();
    found.extend(
        (1..=last)
            .filter(|number| !taken.contains(number))
            .map(Violation::NumberMissing),
    );
    // Numbers begin with 1.
    found.extend(
        taken
            .range(..1)
            .map(|number| Violation::NumberTaken(*number)),
    );
}

fn watcher(watched: &[Seen], listed: &[Seen], found: &mut Found) {
    let mut told = HashSet::new();
    let mut newest: HashMap<&str, i64> = HashMap::new();
    for seen in watched {
        if !told.insert(&seen.message) {
            found.insert(Violation::WatchedTwice(seen.text.clone()));
        }
        let newest = newest.entry(&seen.conversation).or_insert(seen.seq);
        if seen.seq < *newest {
            found.insert(Violation::WatchedOutOfOrder(seen.text.clone()));
        }
        *newest = seen.seq.max(*newest);
    }
    let missed = listed.iter().filter(|seen| !told.contains(&seen.message));
    found.extend(missed.map(|seen| Violation::WatchedNever(seen.text.clone())));
}

fn answers(history: &History, found: &mut Found) {
    let mut given: HashMap<&str, (&str, &str)> = HashMap::new();
    for step in &history.wire {
        if let Wire::Given {
            delivery,
            message,
            text,
            ..
        } = step
            && *given.entry(message).or_insert((delivery, text)) != (&delivery[..], &text[..])
        {
            found.insert(Violation::AnswerChanged(text.clone()));
        }
    }
    let accepted: HashMap<&str, &str> = history
        .answers
        .iter()
        .map(|it| (&it.message[..], &it.text[..]))
        .collect();
    for (message, (_, text)) in &given {
        match accepted.get(message) {
            Some(accepted) if accepted == text => {}
            Some(accepted) => drop(found.insert(Violation::AnswerChanged((*accepted).to_owned()))),
            None => drop(found.insert(Violation::Invented((*text).to_owned()))),
        }
    }
    let silent = history
        .answers
        .iter()
        .filter(|it| it.to_connector && !given.contains_key(&it.message[..]));
    found.extend(silent.map(|it| Violation::AnswerNeverGiven(it.text.clone())));
}

/// The next message of a chat comes after the one before it was reported, and what was reported does not come again.
fn wire_order(wire: &[Wire], found: &mut Found) {
    let mut open: HashMap<&str, (&str, i64)> = HashMap::new();
    let mut newest: HashMap<&str, i64> = HashMap::new();
    let mut reported = HashSet::new();
    for step in wire {
        match step {
            Wire::Given {
                delivery,
                chat,
                seq,
                text,
                ..
            } => {
                if reported.contains(delivery) {
                    found.insert(Violation::AnswerGivenAgain(text.clone()));
                }
                let waits = open
                    .get(&chat[..])
                    .is_some_and(|(other, _)| other != delivery);
                let late = newest.get(&chat[..]).is_some_and(|newest| seq < newest);
                if waits || late {
                    found.insert(Violation::AnswerOutOfOrder(text.clone()));
                }
                open.insert(chat, (delivery, *seq));
                newest.insert(chat, *seq);
            }
            Wire::Reporting { delivery } => open.retain(|_, (given, _)| given != delivery),
            Wire::Reported { delivery } => drop(reported.insert(delivery)),
        }
    }
}

fn visitors(history: &History, found: &mut Found) {
    for (visitor, seen) in &history.visitors {
        let mut once = HashSet::new();
        let twice = seen.iter().filter(|seen| !once.insert(&seen.message));
        found.extend(twice.map(|seen| Violation::VisitorSawTwice(seen.text.clone())));
        let theirs = history
            .answers
            .iter()
            .filter(|it| it.to_visitor.as_ref() == Some(visitor));
        let missed = theirs.filter(|it| {
            !seen
                .iter()
                .any(|seen| seen.message == it.message && seen.text == it.text)
        });
        found.extend(missed.map(|it| Violation::VisitorMissed(it.text.clone())));
    }
}
