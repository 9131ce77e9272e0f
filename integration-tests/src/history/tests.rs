//! The checker is itself checked: histories that keep every promise pass, and each way of breaking one is found.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;

use super::*;

/// One thing that somebody does in a chat.
#[derive(Debug, Clone, Copy)]
enum Step {
    Write { waited: bool },
    Answer { given_again: bool },
    Close,
}

/// A chat with an odd number belongs to a visitor, the others to the connector of the test.
const CHATS: usize = 4;

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        4 => any::<bool>().prop_map(|waited| Step::Write { waited }),
        2 => any::<bool>().prop_map(|given_again| Step::Answer { given_again }),
        1 => Just(Step::Close),
    ];
    prop::collection::vec((0..CHATS, step), 0..60)
}

/// A system that keeps every promise, so simple that it can be seen.
#[derive(Default)]
struct Model {
    history: History,
    places: HashMap<usize, i64>,
    open: BTreeMap<usize, usize>,
    messages: usize,
}

impl Model {
    fn run(steps: &[(usize, Step)]) -> History {
        let mut model = Self::default();
        model.history.watched = vec![Vec::new(); 2];
        for (chat, step) in steps {
            match step {
                Step::Write { waited } => model.write(*chat, *waited),
                Step::Answer { given_again } => model.answer(*chat, *given_again),
                Step::Close => model.close(*chat),
            }
        }
        model.history
    }

    fn write(&mut self, chat: usize, waited: bool) {
        let conversation = self
            .open
            .get(&chat)
            .copied()
            .unwrap_or_else(|| self.make(chat));
        let seen = self.add(chat, conversation, true);
        self.history.submissions.push(Submission {
            chat: name(chat),
            text: seen.text.clone(),
            waited,
        });
        self.history.acks.push(seen.clone());
        self.history.acks.push(seen);
    }

    fn make(&mut self, chat: usize) -> usize {
        let number = self.history.conversations.len() + 1;
        let id = format!("conv_{number}");
        let conversation = Conversation {
            id,
            number: number as i64,
            chat: format!("chat_{chat}"),
            open: true,
        };
        self.history.conversations.push(conversation);
        self.open.insert(chat, number - 1);
        number - 1
    }

    fn add(&mut self, chat: usize, conversation: usize, from_client: bool) -> Seen {
        self.messages += 1;
        let place = self.places.entry(chat).or_default();
        *place += 1;
        let seen = Seen {
            text: format!("text {}", self.messages),
            message: format!("msg_{}", self.messages),
            conversation: self.history.conversations[conversation].id.clone(),
            seq: *place,
            from_client,
        };
        self.history.listed.push(seen.clone());
        for watched in &mut self.history.watched {
            watched.push(seen.clone());
        }
        seen
    }

    fn answer(&mut self, chat: usize, given_again: bool) {
        let Some(conversation) = self.open.get(&chat).copied() else {
            return;
        };
        let seen = self.add(chat, conversation, false);
        let to_visitor = (chat % 2 == 1).then(|| name(chat));
        self.history.answers.push(Answered {
            message: seen.message.clone(),
            text: seen.text.clone(),
            to_connector: to_visitor.is_none(),
            to_visitor: to_visitor.clone(),
        });
        match to_visitor {
            Some(visitor) => self.history.visitors.entry(visitor).or_default().push(seen),
            None => self.give(chat, &seen, given_again),
        }
    }

    fn give(&mut self, chat: usize, seen: &Seen, again: bool) {
        let delivery = seen.message.replace("msg", "dlv");
        let given = Wire::Given {
            delivery: delivery.clone(),
            message: seen.message.clone(),
            chat: name(chat),
            seq: seen.seq,
            text: seen.text.clone(),
        };
        self.history.wire.push(given.clone());
        self.history.wire.push(Wire::Reporting {
            delivery: delivery.clone(),
        });
        if again {
            // The report was lost with its process.
            self.history.wire.push(given);
            self.history.wire.push(Wire::Reporting {
                delivery: delivery.clone(),
            });
        }
        self.history.wire.push(Wire::Reported { delivery });
    }

    fn close(&mut self, chat: usize) {
        if let Some(conversation) = self.open.remove(&chat) {
            self.history.conversations[conversation].open = false;
            let id = self.history.conversations[conversation].id.clone();
            self.history.closes.insert(id);
        }
    }
}

fn name(chat: usize) -> String {
    format!("external {chat}")
}

/// Every way to break a promise that the checker knows.
#[derive(Debug, Clone, Copy)]
enum Defect {
    Refuse,
    LoseAcked,
    LoseAcceptedAnswer,
    StoreTwice,
    AnswerAckDifferently,
    Invent,
    TellTwice,
    TellNever,
    TellOutOfOrder,
    LoseTheThread,
    SwapOrder,
    TakePlace,
    SkipPlace,
    SplitChat,
    CloseUnasked,
    OpenTwice,
    SkipNumber,
    RepeatNumber,
    NeverGive,
    ChangeAnswer,
    SecondDelivery,
    GiveAgainAfterReport,
    GiveBeforeReport,
    HideFromVisitor,
    ShowVisitorTwice,
}

const DEFECTS: [Defect; 25] = [
    Defect::Refuse,
    Defect::LoseAcked,
    Defect::LoseAcceptedAnswer,
    Defect::StoreTwice,
    Defect::AnswerAckDifferently,
    Defect::Invent,
    Defect::TellTwice,
    Defect::TellNever,
    Defect::TellOutOfOrder,
    Defect::LoseTheThread,
    Defect::SwapOrder,
    Defect::TakePlace,
    Defect::SkipPlace,
    Defect::SplitChat,
    Defect::CloseUnasked,
    Defect::OpenTwice,
    Defect::SkipNumber,
    Defect::RepeatNumber,
    Defect::NeverGive,
    Defect::ChangeAnswer,
    Defect::SecondDelivery,
    Defect::GiveAgainAfterReport,
    Defect::GiveBeforeReport,
    Defect::HideFromVisitor,
    Defect::ShowVisitorTwice,
];

/// Plants the defect somewhere; the violation that has to be found, or `None` where the history has no place for it.
fn plant(history: &mut History, defect: Defect, at: Index) -> Option<fn(&Violation) -> bool> {
    macro_rules! finds {
        ($pattern:pat) => {
            Some((|it| matches!(it, $pattern)) as fn(&Violation) -> bool)
        };
    }
    match defect {
        Defect::Refuse => {
            history.refusals.push("INTERNAL".into());
            finds!(Violation::Refused(_))
        }
        Defect::LoseAcked => {
            let lost = pick(&history.acks, at)?.message.clone();
            history.listed.retain(|seen| seen.message != lost);
            finds!(Violation::AckedLost(_))
        }
        Defect::LoseAcceptedAnswer => {
            let lost = pick(&history.answers, at)?.message.clone();
            history.listed.retain(|seen| seen.message != lost);
            finds!(Violation::AckedLost(_))
        }
        Defect::StoreTwice => {
            let twin = Seen {
                message: "msg_twin".into(),
                seq: 1_000,
                ..pick(&history.listed, at)?.clone()
            };
            history.listed.push(twin);
            finds!(Violation::VisibleTwice(_))
        }
        Defect::AnswerAckDifferently => {
            let other = Seen {
                message: "msg_other".into(),
                ..pick(&history.acks, at)?.clone()
            };
            history.acks.push(other);
            finds!(Violation::AckChanged(_))
        }
        Defect::Invent => {
            let invented = Seen {
                text: "nobody's".into(),
                message: "msg_nobody".into(),
                ..pick(&history.listed, at)?.clone()
            };
            history.listed.push(invented);
            finds!(Violation::Invented(_))
        }
        Defect::TellTwice => {
            let again = pick(&history.watched[0], at)?.clone();
            history.watched[0].push(again);
            finds!(Violation::WatchedTwice(_))
        }
        Defect::TellNever => {
            take(&mut history.watched[1], at)?;
            finds!(Violation::WatchedNever(_))
        }
        Defect::TellOutOfOrder => {
            let late = history.watched[0].iter().position(|first| {
                history.watched[0]
                    .iter()
                    .any(|later| later.conversation == first.conversation && later.seq > first.seq)
            })?;
            let late = history.watched[0].remove(late);
            history.watched[0].push(late);
            finds!(Violation::WatchedOutOfOrder(_))
        }
        Defect::LoseTheThread => {
            history.resets = 1;
            finds!(Violation::WatchReset(1))
        }
        Defect::SwapOrder => {
            let (one, other) = neighbours(&history.submissions)?;
            swap_places(&mut history.listed, &one, &other);
            finds!(Violation::OrderBroken(_))
        }
        Defect::TakePlace => {
            let (one, other) = neighbours(&history.submissions)?;
            let seq = history.listed.iter().find(|seen| seen.text == one)?.seq;
            history
                .listed
                .iter_mut()
                .find(|seen| seen.text == other)?
                .seq = seq;
            finds!(Violation::PlaceTaken(_))
        }
        Defect::SkipPlace => {
            let seen = pick(&history.listed, at)?.message.clone();
            history
                .listed
                .iter_mut()
                .filter(|it| it.message == seen)
                .for_each(|it| it.seq += 1_000);
            finds!(Violation::PlaceEmpty(_))
        }
        Defect::SplitChat => {
            split(history, at)?;
            finds!(Violation::Split(_))
        }
        Defect::CloseUnasked => {
            history.conversations.iter_mut().find(|it| it.open)?.open = false;
            finds!(Violation::ClosedByNobody(_))
        }
        Defect::OpenTwice => {
            let one = history.conversations.iter().find(|it| it.open)?.clone();
            let number = history.conversations.len() as i64 + 1;
            history.conversations.push(Conversation {
                id: "conv_second".into(),
                number,
                ..one
            });
            finds!(Violation::OpenTwice(_))
        }
        Defect::SkipNumber => {
            let last = history.conversations.len().checked_sub(1)?;
            history.conversations[last].number += 1;
            finds!(Violation::NumberMissing(_))
        }
        Defect::RepeatNumber => {
            let place = at.index(history.conversations.len().checked_sub(1)?.max(1));
            let number = history.conversations.get(place + 1)?.number;
            history.conversations[place].number = number;
            finds!(Violation::NumberTaken(_))
        }
        Defect::NeverGive => {
            let silent = history
                .answers
                .iter()
                .find(|it| it.to_connector)?
                .message
                .clone();
            history
                .wire
                .retain(|step| !matches!(step, Wire::Given { message, .. } if *message == silent));
            finds!(Violation::AnswerNeverGiven(_))
        }
        Defect::ChangeAnswer => {
            given(&mut history.wire, at, |_, text| text.push('!'))?;
            finds!(Violation::AnswerChanged(_))
        }
        Defect::SecondDelivery => {
            let mut again = history
                .wire
                .iter()
                .find(|step| matches!(step, Wire::Given { .. }))?
                .clone();
            if let Wire::Given { delivery, .. } = &mut again {
                delivery.push_str("_second");
            }
            history.wire.push(again);
            finds!(Violation::AnswerChanged(_))
        }
        Defect::GiveAgainAfterReport => {
            let again = history
                .wire
                .iter()
                .find(|step| matches!(step, Wire::Given { .. }))?
                .clone();
            history.wire.push(again);
            finds!(Violation::AnswerGivenAgain(_))
        }
        Defect::GiveBeforeReport => {
            hold_back_reports(&mut history.wire)?;
            finds!(Violation::AnswerOutOfOrder(_))
        }
        Defect::HideFromVisitor => {
            take(history.visitors.values_mut().next()?, at)?;
            finds!(Violation::VisitorMissed(_))
        }
        Defect::ShowVisitorTwice => {
            let seen = history.visitors.values_mut().next()?;
            let again = pick(seen, at)?.clone();
            seen.push(again);
            finds!(Violation::VisitorSawTwice(_))
        }
    }
}

fn pick<T>(items: &[T], at: Index) -> Option<&T> {
    if items.is_empty() {
        None
    } else {
        Some(at.get(items))
    }
}

fn take<T>(items: &mut Vec<T>, at: Index) -> Option<T> {
    if items.is_empty() {
        None
    } else {
        Some(items.remove(at.index(items.len())))
    }
}

/// Two messages that one submitter wrote after one another into one chat.
fn neighbours(submissions: &[Submission]) -> Option<(String, String)> {
    submissions.iter().enumerate().find_map(|(place, one)| {
        let next = submissions[place + 1..]
            .iter()
            .find(|it| it.chat == one.chat)?;
        one.waited.then(|| (one.text.clone(), next.text.clone()))
    })
}

fn swap_places(listed: &mut [Seen], one: &str, other: &str) {
    let place = |text: &str| {
        listed
            .iter()
            .position(|seen| seen.text == text)
            .expect("it is listed")
    };
    let (one, other) = (place(one), place(other));
    let seq = listed[one].seq;
    listed[one].seq = listed[other].seq;
    listed[other].seq = seq;
}

/// A message of a conversation that goes on stands in a conversation of its own.
fn split(history: &mut History, at: Index) -> Option<()> {
    let listed = history.listed.clone();
    let of_same = |it: &Seen, is_there: fn(i64, i64) -> bool| {
        listed
            .iter()
            .any(|other| other.conversation == it.conversation && is_there(other.seq, it.seq))
    };
    let inner: Vec<&Seen> = listed
        .iter()
        .filter(|it| of_same(it, |other, own| other < own) && of_same(it, |other, own| other > own))
        .collect();
    let seen = pick(&inner, at)?;
    let moved = seen.message.clone();
    let chat = history
        .conversations
        .iter()
        .find(|it| it.id == seen.conversation)?
        .chat
        .clone();
    let number = history.conversations.len() as i64 + 1;
    history.conversations.push(Conversation {
        id: "conv_split".into(),
        number,
        chat,
        open: false,
    });
    history.closes.insert("conv_split".into());
    for message in history.listed.iter_mut().filter(|it| it.message == moved) {
        message.conversation = "conv_split".into();
    }
    Some(())
}

fn given(
    wire: &mut [Wire],
    at: Index,
    change: impl FnOnce(&mut String, &mut String),
) -> Option<()> {
    let mut given: Vec<&mut Wire> = wire
        .iter_mut()
        .filter(|step| matches!(step, Wire::Given { .. }))
        .collect();
    if given.is_empty() {
        return None;
    }
    let place = at.index(given.len());
    if let Wire::Given { message, text, .. } = &mut given[place] {
        change(message, text);
    }
    Some(())
}

/// Every report comes only after everything was given: wrong as soon as one chat got two messages.
fn hold_back_reports(wire: &mut [Wire]) -> Option<()> {
    let mut chats = HashMap::new();
    let two = wire.iter().any(|step| match step {
        Wire::Given { chat, delivery, .. } => chats
            .insert(chat.clone(), delivery.clone())
            .is_some_and(|other| other != *delivery),
        Wire::Reporting { .. } | Wire::Reported { .. } => false,
    });
    wire.sort_by_key(|step| !matches!(step, Wire::Given { .. }));
    two.then_some(())
}

proptest! {
    #[test]
    fn a_history_that_keeps_every_promise_passes(steps in steps()) {
        prop_assert_eq!(check(&Model::run(&steps)), Vec::new());
    }

    #[test]
    fn each_broken_promise_is_found(steps in steps(), defect in prop::sample::select(&DEFECTS[..]), at: Index) {
        let mut history = Model::run(&steps);
        if let Some(wanted) = plant(&mut history, defect, at) {
            let found = check(&history);
            prop_assert!(found.iter().any(wanted), "{defect:?} was planted, found {found:?}");
        }
    }
}

/// The property above may skip a defect for which a random history has no place: here each one has.
#[test]
fn each_kind_of_defect_can_be_planted_and_is_found() {
    let chats = [0, 1].map(|chat| {
        let write = (chat, Step::Write { waited: true });
        let answer = (chat, Step::Answer { given_again: true });
        [
            write,
            write,
            answer,
            answer,
            (chat, Step::Close),
            write,
            answer,
        ]
    });
    let steps = chats.concat();
    assert_eq!(check(&Model::run(&steps)), []);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for defect in DEFECTS {
        let at = any::<Index>()
            .new_tree(&mut runner)
            .expect("an index")
            .current();
        let mut history = Model::run(&steps);
        let wanted =
            plant(&mut history, defect, at).unwrap_or_else(|| panic!("no place for {defect:?}"));
        let found = check(&history);
        assert!(
            found.iter().any(wanted),
            "{defect:?} was planted, found {found:?}"
        );
    }
}
