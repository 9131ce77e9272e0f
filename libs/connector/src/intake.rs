//! What a channel tells, on its way to the hub: in order within a chat, side by side between chats.
//!
//! What needs nothing is stored at once and together. A message with a file waits for the file, and what comes after it in its chat
//! waits behind it; no other chat does. All of it goes on when nobody waits for it any more, so a channel that brings an event again
//! while it is on its way waits with it, and nothing is fetched twice. It is kept in memory alone: until it is stored the channel has
//! it, because the channel is not told that it has arrived (docs/decisions/0013).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::connector::v1::ChannelEvent;
use api::connector::v1::channel_event::Event;
use kit::lifecycle::Lifecycle;
use tokio::sync::{Semaphore, watch};
use types::Clock;

use crate::file::File;
use crate::hub::Error;
use crate::lines::Inbound;

/// Events of a connection that may be on their way at once, and of one of its chats that may wait behind a file.
const MOST: usize = 5_000;
const MOST_OF_CHAT: usize = 200;

/// Files of a connection that are fetched at once.
const FILES: usize = 32;

/// Stored messages with files that are remembered: what the channel brings once more is not fetched once more.
const REMEMBERED: usize = 1_000;

/// How long what is being stored may take when the connector stops.
const GRACE: Duration = Duration::from_secs(5);

/// What a channel tells.
#[derive(Debug)]
pub struct Arrival {
    /// The event, as it is to be stored.
    pub event: ChannelEvent,
    /// A file that has to be fetched for its message first. When it cannot be had, the message says so as something unsupported.
    pub file: Option<File>,
}

/// Nothing as long as it is on its way.
type Outcome = Option<Result<(), Error>>;
type Receiver = watch::Receiver<Outcome>;

/// It finds no room.
fn turned_away() -> Receiver {
    let full = Error::resource_exhausted("too much waits to be stored");
    watch::channel(Some(Err(full))).1
}

/// An event on its way.
#[derive(Debug)]
pub struct Brought(Receiver);

impl Brought {
    /// Is it stored?
    #[must_use]
    pub fn is_stored(&self) -> bool {
        matches!(*self.0.borrow(), Some(Ok(())))
    }

    /// Waits until it is stored for good, or refused for good. Not to wait any longer changes nothing about it.
    ///
    /// # Errors
    /// When it is not stored: the hub refuses the connector itself, too much waits already, or the connector stops. The channel has
    /// to bring it again.
    pub async fn stored(&mut self) -> Result<(), Error> {
        let outcome = self.0.wait_for(Option::is_some).await;
        let outcome = outcome.map_err(|_| Error::cancelled("the connector stops"))?;
        outcome.clone().unwrap_or(Ok(()))
    }
}

#[derive(Debug)]
struct Job {
    arrival: Arrival,
    outcome: watch::Sender<Outcome>,
}

/// Events that are stored together.
struct Together {
    events: Vec<ChannelEvent>,
    chats: HashSet<String>,
    outcome: watch::Sender<Outcome>,
}

#[derive(Debug, Default)]
struct Book {
    /// Chats of which something is on its way, with what waits behind it.
    chats: HashMap<String, VecDeque<Job>>,
    /// Events on their way, and those that are remembered, by their ids.
    known: HashMap<String, Receiver>,
    /// Ids of those that are remembered, the oldest first.
    remembered: VecDeque<String>,
    /// Events on their way.
    underway: usize,
}

/// What is on its way of a connection. A clone shares it.
#[derive(Debug, Clone)]
pub(crate) struct Intake(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    book: Mutex<Book>,
    files: Semaphore,
    life: Lifecycle,
}

impl Book {
    /// Notes what arrives: what can be stored at once, in which chats work begins, and the outcomes in the order of the arrivals.
    fn admit(&mut self, arrivals: Vec<Arrival>) -> (Together, Vec<String>, Vec<Brought>) {
        let (outcome, of_all) = watch::channel(None);
        let mut together = Together {
            events: Vec::new(),
            chats: HashSet::new(),
            outcome,
        };
        let (mut begun, mut brought) = (Vec::new(), Vec::with_capacity(arrivals.len()));
        for arrival in arrivals {
            let id = arrival.event.external_event_id.clone();
            let chat = arrival.event.external_chat_id.clone();
            let waits = if let Some(known) = self.known.get(&id) {
                known.clone()
            } else if self.underway >= MOST {
                turned_away()
            } else if arrival.file.is_none() && self.is_free(&chat, &together.chats) {
                self.chats.entry(chat.clone()).or_default();
                together.chats.insert(chat);
                together.events.push(arrival.event);
                self.note(id, of_all.clone())
            } else if self.chats.get(&chat).map_or(0, VecDeque::len) < MOST_OF_CHAT {
                if !self.chats.contains_key(&chat) {
                    begun.push(chat.clone());
                }
                let (outcome, of_one) = watch::channel(None);
                let behind = self.chats.entry(chat).or_default();
                behind.push_back(Job { arrival, outcome });
                self.note(id, of_one)
            } else {
                turned_away()
            };
            brought.push(Brought(waits));
        }
        (together, begun, brought)
    }

    fn note(&mut self, id: String, outcome: Receiver) -> Receiver {
        self.underway += 1;
        self.known.insert(id, outcome.clone());
        outcome
    }

    fn forget(&mut self, id: &str) {
        self.underway -= 1;
        self.known.remove(id);
    }

    /// Is nothing of the chat on its way, or only what is stored together with what comes now?
    fn is_free(&self, chat: &str, together: &HashSet<String>) -> bool {
        let behind = self.chats.get(chat);
        behind.is_none_or(|behind| behind.is_empty() && together.contains(chat))
    }

    /// What comes next in the chat: a message with a file, or all up to the next one. Nothing is on its way in the chat when nothing
    /// comes.
    fn next(&mut self, chat: &str) -> Vec<Job> {
        let Some(behind) = self.chats.get_mut(chat) else {
            return Vec::new();
        };
        let with_file = behind.iter().position(|job| job.arrival.file.is_some());
        let count = with_file.unwrap_or(behind.len()).max(1);
        let jobs: Vec<Job> = behind.drain(..count.min(behind.len())).collect();
        if jobs.is_empty() {
            self.chats.remove(chat);
        }
        jobs
    }

    fn remember(&mut self, id: String) {
        self.underway -= 1;
        self.remembered.push_back(id);
        if self.remembered.len() > REMEMBERED
            && let Some(oldest) = self.remembered.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// What waits in the chat is not stored either: it would stand before what it came after.
    fn give_up(&mut self, chat: &str) -> VecDeque<Job> {
        let jobs = self.chats.remove(chat).unwrap_or_default();
        for job in &jobs {
            self.forget(&job.arrival.event.external_event_id);
        }
        jobs
    }
}

impl Intake {
    pub fn new(life: Lifecycle) -> Self {
        Self(Arc::new(Shared {
            book: Mutex::default(),
            files: Semaphore::new(FILES),
            life,
        }))
    }

    fn book<T>(&self, action: impl FnOnce(&mut Book) -> T) -> T {
        action(&mut self.0.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn give_up(&self, chat: &str, error: &Error) {
        for job in self.book(|book| book.give_up(chat)) {
            job.outcome.send_replace(Some(Err(error.clone())));
        }
    }

    /// Goes on whoever waits for it, until the connector stops.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.0.life.stopping();
        self.0.life.spawn("events of a channel", async move {
            let over = async {
                stopping.cancelled().await;
                Clock::system().sleep(GRACE).await;
            };
            tokio::select! { () = work => {}, () = over => {} }
        });
    }
}

impl Inbound {
    /// Brings what the channel tells: in order within a chat, side by side between chats, so that a slow or failing file holds up its
    /// own chat alone. It begins at once and goes on whether somebody waits for it or not; what it gives says, in the order of the
    /// arrivals, when each is stored. Only then confirm it to the channel. An event that is on its way already is not begun again.
    ///
    /// A file is asked for at most four times and may take two minutes. What finds no room, behind 200 events of its chat or beside
    /// 5,000 of the connection, is not stored.
    pub fn bring(&self, arrivals: Vec<Arrival>) -> Vec<Brought> {
        let (together, begun, brought) = self.intake.book(|book| book.admit(arrivals));
        if !together.events.is_empty() {
            self.intake.spawn(self.clone().store_together(together));
        }
        for chat in begun {
            self.intake.spawn(self.clone().work_on(chat));
        }
        brought
    }

    async fn store_together(self, together: Together) {
        let ids: Vec<String> = together
            .events
            .iter()
            .map(|it| it.external_event_id.clone())
            .collect();
        let stored = self.publish(together.events).await.map(drop);
        self.intake
            .book(|book| ids.iter().for_each(|id| book.forget(id)));
        for chat in together.chats {
            match &stored {
                Ok(()) => self.go_on(chat),
                Err(error) => self.intake.give_up(&chat, error),
            }
        }
        together.outcome.send_replace(Some(stored));
    }

    /// What came to the chat meanwhile.
    fn go_on(&self, chat: String) {
        let is_idle = self.intake.book(|book| {
            let is_idle = book.chats.get(&chat).is_none_or(VecDeque::is_empty);
            if is_idle {
                book.chats.remove(&chat);
            }
            is_idle
        });
        if !is_idle {
            self.intake.spawn(self.clone().work_on(chat));
        }
    }

    async fn work_on(self, chat: String) {
        loop {
            let jobs = self.intake.book(|book| book.next(&chat));
            if jobs.is_empty() {
                return;
            }
            let (mut arrivals, mut noted) = (Vec::new(), Vec::new());
            for Job { arrival, outcome } in jobs {
                let id = arrival.event.external_event_id.clone();
                noted.push((id, arrival.file.is_some(), outcome));
                arrivals.push(arrival);
            }
            let stored = self.store(arrivals).await;
            self.intake.book(|book| {
                for (id, has_file, _) in &noted {
                    match *has_file && stored.is_ok() {
                        true => book.remember(id.clone()),
                        false => book.forget(id),
                    }
                }
            });
            for (.., outcome) in noted {
                outcome.send_replace(Some(stored.clone()));
            }
            if let Err(error) = stored {
                return self.intake.give_up(&chat, &error);
            }
        }
    }

    async fn store(&self, arrivals: Vec<Arrival>) -> Result<(), Error> {
        let mut events = Vec::with_capacity(arrivals.len());
        for Arrival { mut event, file } in arrivals {
            if let Some(file) = file {
                self.attach(&mut event, &file).await?;
            }
            events.push(event);
        }
        self.publish(events).await.map(drop)
    }

    async fn attach(&self, event: &mut ChannelEvent, file: &File) -> Result<(), Error> {
        let stopping = self.intake.0.life.stopping();
        let fetched = async {
            // It is never closed.
            let _turn = self.intake.0.files.acquire().await;
            file.bring(self.hub(), self.connection().id()).await
        };
        let fetched = tokio::select! {
            fetched = fetched => fetched,
            () = stopping.cancelled() => return Err(Error::cancelled("the connector stops")),
        };
        if let Some(Event::Message(message)) = &mut event.event {
            match fetched {
                Ok(media) => message.media.push(media),
                Err(why) => message.unsupported_kind = why,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;
    use crate::file::Unfetched;
    use crate::media::Upload;

    fn text(chat: &str, id: &str) -> Arrival {
        Arrival {
            event: ChannelEvent {
                external_chat_id: chat.to_owned(),
                external_event_id: id.to_owned(),
                ..ChannelEvent::default()
            },
            file: None,
        }
    }

    fn file(chat: &str, id: &str) -> Arrival {
        let never = || async { Ok::<_, Unfetched>(stream::pending::<Result<_, Unfetched>>()) };
        Arrival {
            file: Some(File::new(Upload::default(), never)),
            ..text(chat, id)
        }
    }

    fn ids(together: &Together) -> Vec<&str> {
        let events = together.events.iter();
        events.map(|it| &it.external_event_id[..]).collect()
    }

    #[test]
    fn what_comes_after_a_file_waits_and_nothing_else_does() {
        let mut book = Book::default();
        let arrivals = vec![
            text("anna", "1"),
            text("anna", "2"),
            file("anna", "3"),
            text("anna", "4"),
            file("boris", "5"),
            text("clara", "6"),
        ];
        let (together, begun, brought) = book.admit(arrivals);
        assert_eq!(ids(&together), ["1", "2", "6"]);
        assert_eq!(begun, ["boris"], "anna's begins when hers are stored");
        assert_eq!((brought.len(), book.underway), (6, 6));
        let (again, begun, _) = book.admit(vec![text("anna", "1"), file("boris", "5")]);
        assert!(again.events.is_empty() && begun.is_empty() && book.underway == 6);
        let later = vec![text("clara", "7"), text("dora", "8"), text("anna", "9")];
        let (later, ..) = book.admit(later);
        assert_eq!(ids(&later), ["8"], "clara's first is on its way");
        let mut turns = Vec::new();
        while book.chats.contains_key("anna") {
            let jobs = book.next("anna").into_iter();
            let ids = jobs.map(|job| job.arrival.event.external_event_id);
            turns.push(ids.collect::<Vec<_>>());
        }
        assert_eq!(turns, [vec!["3"], vec!["4", "9"], vec![]]);
    }

    #[tokio::test]
    async fn what_finds_no_room_has_to_be_brought_again() {
        let mut book = Book::default();
        let flood = (0..=MOST_OF_CHAT).map(|id| file("anna", &id.to_string()));
        let (.., mut brought) = book.admit(flood.collect());
        let mut last = brought.pop().expect("one for each");
        assert!(last.stored().await.is_err() && !last.is_stored());
        let (.., others) = book.admit(vec![file("boris", "b")]);
        assert_eq!((others.len(), book.underway), (1, MOST_OF_CHAT + 1));
        for job in book.give_up("anna") {
            job.outcome
                .send_replace(Some(Err(Error::cancelled("refused"))));
        }
        assert!(brought[0].stored().await.is_err());
        assert_eq!((book.underway, book.known.len()), (1, 1));
    }

    #[test]
    fn a_bounded_number_of_messages_with_files_is_remembered() {
        let mut book = Book::default();
        for id in 0..=REMEMBERED {
            book.note(id.to_string(), watch::channel(Some(Ok(()))).1);
            book.remember(id.to_string());
        }
        assert_eq!(book.known.len(), REMEMBERED);
        let (together, .., brought) = book.admit(vec![text("anna", "1"), text("anna", "0")]);
        assert_eq!((ids(&together), brought[0].is_stored()), (vec!["0"], true));
    }
}
