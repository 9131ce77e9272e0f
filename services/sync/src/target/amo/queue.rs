//! Questions that go together in one call.
//!
//! Whoever asks leaves the question here and waits. One of those who wait is the first: they get the portal's next turn, and take along what
//! has come until then. The fewer turns there are, the more goes with each.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turn, MutexGuard as HeldTurn, oneshot};

use super::Failure;

/// A question that waits, and who wants to hear the answer.
pub(super) struct Waiting<Q, A> {
    pub question: Q,
    told: oneshot::Sender<Result<A, Failure>>,
}

impl<Q, A> Waiting<Q, A> {
    /// Answers it. Nobody listens any more where the one who asked was cut off.
    pub fn tell(self, answer: Result<A, Failure>) {
        let _ = self.told.send(answer);
    }
}

/// Those who wait, by their numbers.
struct Line<Q, A> {
    waiting: BTreeMap<u64, Waiting<Q, A>>,
    last: u64,
}

/// Questions of one kind to one portal.
pub(super) struct Queue<Q, A> {
    line: Mutex<Line<Q, A>>,
    turn: Turn<()>,
}

impl<Q, A> Default for Queue<Q, A> {
    fn default() -> Self {
        let line = Line {
            waiting: BTreeMap::new(),
            last: 0,
        };
        Self {
            line: Mutex::new(line),
            turn: Turn::new(()),
        }
    }
}

/// Somebody's place in the line; who drops it asks no more.
pub(super) struct Ticket<A> {
    number: u64,
    answer: oneshot::Receiver<Result<A, Failure>>,
}

/// What becomes of somebody who waits.
pub(super) enum Step<'q, Q, A> {
    /// They are answered.
    Told(Result<A, Failure>),
    /// They are the first.
    First(First<'q, Q, A>),
}

/// Whoever gets the next turn for all.
pub(super) struct First<'q, Q, A> {
    queue: &'q Queue<Q, A>,
    _turn: HeldTurn<'q, ()>,
}

impl<Q, A> Queue<Q, A> {
    fn line(&self) -> MutexGuard<'_, Line<Q, A>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a question.
    pub fn join(&self, question: Q) -> Ticket<A> {
        let (told, answer) = oneshot::channel();
        let mut line = self.line();
        line.last += 1;
        let number = line.last;
        line.waiting.insert(number, Waiting { question, told });
        Ticket { number, answer }
    }

    /// Waits for the answer, or to be the first. [`Failure::Unknown`]: whoever asked for all was cut off.
    pub async fn wait(&self, ticket: &mut Ticket<A>) -> Step<'_, Q, A> {
        let turn = tokio::select! {
            biased;
            answer = &mut ticket.answer => return told(answer),
            turn = self.turn.lock() => turn,
        };
        if self.line().waiting.contains_key(&ticket.number) {
            return Step::First(First {
                queue: self,
                _turn: turn,
            });
        }
        // Somebody has taken the question along meanwhile.
        drop(turn);
        told((&mut ticket.answer).await)
    }
}

fn told<'q, Q, A>(answer: Result<Result<A, Failure>, oneshot::error::RecvError>) -> Step<'q, Q, A> {
    let cut_off = |_| Failure::Unknown("whoever asked for several was cut off".to_owned());
    Step::Told(answer.map_err(cut_off).and_then(|answer| answer))
}

impl<Q, A> First<'_, Q, A> {
    /// Those who wait longest, as many as fit, without those who are gone. From now on somebody else can be the first.
    pub fn take(self, fits: impl Fn(&[Waiting<Q, A>], &Q) -> bool) -> Vec<Waiting<Q, A>> {
        let (mut line, mut taken) = (self.queue.line(), Vec::new());
        while let Some((number, next)) = line.waiting.pop_first() {
            if next.told.is_closed() {
                continue;
            }
            if !taken.is_empty() && !fits(&taken, &next.question) {
                line.waiting.insert(number, next);
                break;
            }
            taken.push(next);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(answer: Step<'_, u32, u32>) -> Result<u32, Failure> {
        match answer {
            Step::Told(answer) => answer,
            Step::First(_) => panic!("there is nobody to be the first of"),
        }
    }

    #[tokio::test]
    async fn the_first_takes_along_as_many_as_fit() {
        let queue = Queue::<u32, u32>::default();
        let mut tickets: Vec<_> = (0..5).map(|question| queue.join(question)).collect();
        // One has gone meanwhile.
        drop(tickets.remove(1));
        let Step::First(first) = queue.wait(&mut tickets[3]).await else {
            panic!("nobody has been the first");
        };
        for it in first.take(|taken, _| taken.len() < 3) {
            let question = it.question;
            it.tell(Ok(question * 2));
        }
        let answers = [0, 4, 6].map(Ok);
        for (ticket, answer) in tickets.iter_mut().zip(answers) {
            assert_eq!(number(queue.wait(ticket).await), answer);
        }
        // The last one is still there, and is the first now.
        assert!(matches!(queue.wait(&mut tickets[3]).await, Step::First(_)));
    }

    #[tokio::test]
    async fn who_is_taken_along_and_cut_off_does_not_know() {
        let queue = Queue::<u32, u32>::default();
        let (mut one, mut other) = (queue.join(1), queue.join(2));
        let Step::First(first) = queue.wait(&mut one).await else {
            panic!("nobody has been the first");
        };
        drop(first.take(|_, _| true));
        let answer = number(queue.wait(&mut other).await);
        assert!(matches!(answer, Err(Failure::Unknown(_))), "{answer:?}");
    }
}
