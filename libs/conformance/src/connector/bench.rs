//! What cases are made of: clients who write, employees who answer, and looking at what became of it.

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::Duration;

use api::connector::v1::{ChannelEvent, DeliveryOutcome, DeliveryReport};
use api::conversations::v1::Attachment;
use types::Clock;

use crate::channel::{Abilities, Channel, File, Received, Written};
use crate::hub::Hub;
use crate::hub::book::{Book, Faults};
use crate::hub::events::{message, text};
use crate::report::{Failure, ensure};
use crate::subject::Subject;

/// How often the channel's side is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A chat in which a client has written.
#[derive(Debug, Clone)]
pub struct Chat {
    /// At the channel's side.
    pub name: String,
    /// As the connector calls it.
    pub external: String,
}

/// A line that a client wrote.
#[derive(Debug, Clone)]
pub struct Line {
    chat: String,
    pub text: String,
}

/// The hub, the connector, and the channel's side.
pub struct Bench {
    pub hub: Hub,
    channel: Box<dyn Channel>,
    subject: Box<dyn Subject>,
    counter: u64,
    /// Chats that are held.
    held: Vec<String>,
}

impl Bench {
    pub async fn new(
        hub: Hub,
        channel: Box<dyn Channel>,
        mut subject: Box<dyn Subject>,
    ) -> io::Result<Self> {
        subject.start(&hub.url(), hub.api_key()).await?;
        Ok(Self {
            hub,
            channel,
            subject,
            // Folders of earlier checks do no harm.
            counter: u64::try_from(Clock::system().now().unix_timestamp()).unwrap_or_default()
                * 1_000,
            held: Vec::new(),
        })
    }

    /// Everything is as it should be again; what the connector did that none should do.
    pub async fn calm_down(&mut self, failed: bool) -> Vec<String> {
        for chat in std::mem::take(&mut self.held) {
            // A failing channel is noticed by the next case.
            let _ = self.channel.hold(&chat, false).await;
        }
        let mut offences = self.hub.change(|book| {
            book.faults = Faults::default();
            if !book.connection.enabled {
                book.switch(true);
            }
            // What one case could not have is no burden to the next.
            book.drop_unsent();
            std::mem::take(&mut book.offences)
        });
        offences.extend(self.subject.ended());
        if failed
            && self.subject.is_ours()
            && (self.kill().await.is_err() || self.start().await.is_err())
        {
            offences.push("the connector cannot be started again".to_owned());
        }
        offences
    }

    pub async fn end(&mut self) {
        // Whoever cannot be killed has gone.
        let _ = self.subject.kill().await;
        self.hub.go_down().await;
    }

    pub fn abilities(&self) -> Abilities {
        self.channel.abilities()
    }

    pub async fn kill(&mut self) -> Result<(), Failure> {
        if !self.subject.is_ours() {
            return Err(Failure::NotApplicable(
                "the connector was started by hand".to_owned(),
            ));
        }
        Ok(self.subject.kill().await?)
    }

    pub async fn start(&mut self) -> Result<(), Failure> {
        let (url, key) = (self.hub.url(), self.hub.api_key().to_owned());
        Ok(self.subject.start(&url, &key).await?)
    }

    /// Long enough to believe that nothing more comes.
    pub async fn quiet(&self) {
        Clock::system().sleep(self.hub.options().quiet).await;
    }

    fn unique(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A chat in which nobody has written.
    pub fn new_chat(&mut self) -> String {
        self.unique().to_string()
    }

    /// A text that stands nowhere else.
    pub fn new_text(&mut self, about: &str) -> String {
        format!("{about} {}", self.unique())
    }

    /// A client writes.
    pub async fn write(&mut self, chat: &str, about: &str) -> Result<Line, Failure> {
        let text = self.new_text(about);
        self.write_text(chat, &text).await
    }

    /// A client writes this text.
    pub async fn write_text(&mut self, chat: &str, text: &str) -> Result<Line, Failure> {
        self.put(chat, text, None).await
    }

    /// A client writes with a file.
    pub async fn write_file(&mut self, chat: &str, file: File) -> Result<Line, Failure> {
        let text = self.new_text("with a file");
        self.put(chat, &text, Some(file)).await
    }

    async fn put(&mut self, chat: &str, text: &str, file: Option<File>) -> Result<Line, Failure> {
        let written = Written {
            chat: chat.to_owned(),
            text: text.to_owned(),
            file,
            unsupported: false,
        };
        self.channel.write(written).await?;
        Ok(Line {
            chat: chat.to_owned(),
            text: text.to_owned(),
        })
    }

    /// A client sends what the connector does not know.
    pub async fn write_unsupported(&mut self, chat: &str) -> Result<(), Failure> {
        let written = Written {
            chat: chat.to_owned(),
            unsupported: true,
            ..Written::default()
        };
        Ok(self.channel.write(written).await?)
    }

    /// Many clients write in turns: so many lines in each of so many chats.
    pub async fn write_many(&mut self, chats: usize, lines: usize) -> Result<Vec<Line>, Failure> {
        let chats: Vec<String> = (0..chats).map(|_| self.new_chat()).collect();
        let mut all = Vec::new();
        for number in 0..lines {
            for chat in &chats {
                all.push(self.write(chat, &format!("line {number}")).await?);
            }
        }
        Ok(all)
    }

    /// Every line is stored once, in the order of its chat. The events in order of storing.
    pub async fn brought(&self, lines: &[Line]) -> Result<Vec<ChannelEvent>, Failure> {
        let stored = |book: &Book| events_of(book, lines);
        let texts: HashSet<&str> = lines.iter().map(|it| &it.text[..]).collect();
        let reach = |book: &Book| {
            let there = book.events.iter().map(text);
            let there: HashSet<&str> = there.filter(|it| texts.contains(it)).collect();
            (there.len() == texts.len()).then_some(())
        };
        if let Err(failure) = self.hub.until("", reach).await {
            let there = self.hub.with(|book| stored(book).len());
            return Err(Failure::unmet(format!(
                "{there} of {} messages of clients were brought; {failure}",
                lines.len()
            )));
        }
        let events = self.hub.with(|book| stored(book));
        ensure(events.len() == lines.len(), || {
            format!(
                "{} messages came as {} events: some came twice under different ids",
                lines.len(),
                events.len()
            )
        })?;
        in_order(lines, &events)?;
        Ok(events)
    }

    /// A chat in which a client has written.
    pub async fn known_chat(&mut self) -> Result<Chat, Failure> {
        let name = self.new_chat();
        let line = self.write(&name, "hello").await?;
        let events = self.brought(&[line]).await?;
        let external = events.first().map(|it| it.external_chat_id.clone());
        Ok(Chat {
            name,
            external: external.unwrap_or_default(),
        })
    }

    /// The chats of lines that were brought.
    pub fn chats(&self, lines: &[Line], events: &[ChannelEvent]) -> Vec<Chat> {
        let names: HashMap<&str, &str> = lines
            .iter()
            .map(|it| (&it.text[..], &it.chat[..]))
            .collect();
        let chat = |event: &ChannelEvent| {
            Some(Chat {
                name: (*names.get(text(event))?).to_owned(),
                external: event.external_chat_id.clone(),
            })
        };
        events.iter().filter_map(chat).collect()
    }

    /// Waits until the hub counts so many, as long as their number grows.
    pub async fn counted(
        &self,
        what: &str,
        wanted: usize,
        count: impl Fn(&Book) -> usize,
    ) -> Result<(), Failure> {
        let mut there = self.hub.with(|book| count(book));
        while there < wanted {
            let more = |book: &Book| Some(count(book)).filter(|now| *now > there);
            there = self
                .hub
                .until("another one", more)
                .await
                .map_err(|failure| {
                    Failure::unmet(format!("{there} of {wanted} {what}; {failure}"))
                })?;
        }
        Ok(())
    }

    /// An employee answers; the delivery.
    pub fn answer(&mut self, chat: &Chat, text: &str) -> String {
        self.answer_with(chat, text, Vec::new())
    }

    pub fn answer_with(&mut self, chat: &Chat, text: &str, files: Vec<Attachment>) -> String {
        self.hub
            .change(|book| book.queue(&chat.external, text, files))
    }

    /// How a delivery ended.
    pub async fn ended(&self, delivery: &str) -> Result<DeliveryReport, Failure> {
        let ended = |book: &Book| book.held(delivery)?.ended.clone();
        self.hub
            .until("a report of how the delivery ended", ended)
            .await
    }

    /// A delivery was sent.
    pub async fn sent(&self, delivery: &str) -> Result<(), Failure> {
        let report = self.ended(delivery).await?;
        ensure(report.outcome() == DeliveryOutcome::Sent, || {
            format!(
                "{} was reported: {}",
                report.outcome().as_str_name(),
                report.failure_text
            )
        })
    }

    pub async fn received(&mut self, chat: &Chat) -> Result<Vec<Received>, Failure> {
        Ok(self.channel.received(&chat.name).await?)
    }

    /// Waits until a client has got so many messages; the texts.
    pub async fn arrived(&mut self, chat: &Chat, count: usize) -> Result<Vec<String>, Failure> {
        let looks = self.hub.options().patience.as_millis() / LOOK.as_millis();
        let mut texts = Vec::new();
        for _ in 0..looks {
            texts = self
                .received(chat)
                .await?
                .into_iter()
                .map(|it| it.text)
                .collect();
            if texts.len() >= count {
                return Ok(texts);
            }
            Clock::system().sleep(LOOK).await;
        }
        Err(Failure::unmet(format!(
            "the client got {texts:?}; {count} messages were sent"
        )))
    }

    /// The client got exactly these texts.
    pub async fn got(&mut self, chat: &Chat, texts: &[&str]) -> Result<(), Failure> {
        let got = self.arrived(chat, texts.len()).await?;
        ensure(got == texts, || {
            format!("the client got {got:?}; sent were {texts:?}")
        })
    }

    /// Holds a chat in which nothing was sent yet.
    pub async fn hold(&mut self, chat: &Chat) -> Result<(), Failure> {
        self.channel.hold(&chat.name, true).await?;
        self.held.push(chat.name.clone());
        Ok(())
    }

    pub async fn let_go(&mut self, chat: &Chat) -> Result<(), Failure> {
        self.held.retain(|it| *it != chat.name);
        Ok(self.channel.hold(&chat.name, false).await?)
    }

    pub async fn lose_answer(&mut self) -> Result<(), Failure> {
        Ok(self.channel.lose_answer().await?)
    }
}

/// Events of these lines.
fn events_of(book: &Book, lines: &[Line]) -> Vec<ChannelEvent> {
    let texts: HashSet<&str> = lines.iter().map(|it| &it.text[..]).collect();
    let is_one = |it: &&ChannelEvent| message(it).is_some() && texts.contains(text(it));
    book.events.iter().filter(is_one).cloned().collect()
}

/// Lines of a chat are stored in the order of writing, and all under one chat of the channel.
fn in_order(lines: &[Line], events: &[ChannelEvent]) -> Result<(), Failure> {
    let mut chats: HashMap<&str, &str> = HashMap::new();
    let mut written: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut stored: HashMap<&str, Vec<&str>> = HashMap::new();
    let by_text: HashMap<&str, &str> = lines
        .iter()
        .map(|it| (&it.text[..], &it.chat[..]))
        .collect();
    for line in lines {
        written.entry(&line.chat).or_default().push(&line.text);
    }
    for event in events {
        let chat = by_text.get(text(event)).copied().unwrap_or_default();
        stored.entry(chat).or_default().push(text(event));
        let external = *chats.entry(chat).or_insert(&event.external_chat_id);
        ensure(external == event.external_chat_id, || {
            format!(
                "one chat was called {external:?} and {:?}",
                event.external_chat_id
            )
        })?;
    }
    for (chat, written) in written {
        let stored = stored.remove(chat).unwrap_or_default();
        ensure(stored == written, || {
            format!("a client wrote {written:?}; stored are {stored:?}")
        })?;
    }
    Ok(())
}
