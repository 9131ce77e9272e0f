//! From updates to events of the hub.

use std::sync::Arc;

use api::connector::v1::channel_event::Event;
use api::connector::v1::{
    ChannelEvent, ChatMoved, ChatRenamed, IncomingMessage, MessageEdited, ReachableChanged,
};
use api::conversations::v1::AttachmentKind;
use connector::{Arrival, Brought, Error, File, Inbound, Unfetched, Upload};
use serde_json::Value;

use super::Line;
use crate::bot::{Bot, Fault};
use crate::domain::message::{FileKind, LARGEST_FILE};
use crate::domain::update::{self, Told, What, read};

/// An update on its way to the hub.
pub(super) struct Underway {
    told: Told,
    brought: Vec<Brought>,
}

impl Underway {
    /// Is it stored?
    pub fn is_stored(&self) -> bool {
        self.brought.iter().all(Brought::is_stored)
    }

    /// Waits until it is stored.
    pub async fn stored(&mut self) -> Result<(), Error> {
        for brought in &mut self.brought {
            brought.stored().await?;
        }
        Ok(())
    }

    /// Whoever wrote is looked at, once it is stored.
    pub fn note(&self, line: &Line) {
        line.pictures.wrote(&self.told);
    }
}

/// Brings what an update tells; returns when it is stored. What takes longer than the caller waits goes on.
///
/// # Errors
/// When it is not stored.
pub async fn receive(line: &Line, inbound: &Inbound, update: &Value) -> Result<(), Error> {
    let told = told(inbound, update).into_iter().collect();
    for underway in &mut begin(line, inbound, told) {
        underway.stored().await?;
        underway.note(line);
    }
    Ok(())
}

/// What an update tells; nothing when it tells of no chat.
pub(super) fn told(inbound: &Inbound, update: &Value) -> Option<Told> {
    let told = read(update);
    if told.is_none() {
        tracing::info!(
            connection = inbound.connection().id(),
            "an update tells of no chat; it is left out"
        );
    }
    told
}

/// Begins to bring what updates tell, in their order.
pub(super) fn begin(line: &Line, inbound: &Inbound, told: Vec<Told>) -> Vec<Underway> {
    let of_each: Vec<Vec<Arrival>> = told.iter().map(|told| arrivals(line, told)).collect();
    let counts: Vec<usize> = of_each.iter().map(Vec::len).collect();
    let mut brought = inbound
        .bring(of_each.into_iter().flatten().collect())
        .into_iter();
    let underway = told.into_iter().zip(counts);
    underway
        .map(|(told, count)| Underway {
            told,
            brought: brought.by_ref().take(count).collect(),
        })
        .collect()
}

/// What an update brings: a message makes the group of which the name is told after it.
fn arrivals(line: &Line, told: &Told) -> Vec<Arrival> {
    let name = line.groups.name(told);
    let name = name.map(|event| Arrival { event, file: None });
    arrival(&line.bot, told).into_iter().chain(name).collect()
}

fn arrival(bot: &Arc<Bot>, told: &Told) -> Option<Arrival> {
    let mut to_fetch = None;
    let event = match &told.what {
        What::Written {
            text,
            unknown,
            file,
        } => {
            let mut unsupported = unknown.clone();
            match file {
                None => {}
                Some(file) if file.size > LARGEST_FILE => {
                    "file of more than 20 MB, which Telegram gives to no bot"
                        .clone_into(&mut unsupported);
                }
                Some(file) => to_fetch = Some(of_message(bot, told, file)),
            }
            Event::Message(message(told, text, unsupported))
        }
        What::Edited { of, text } => Event::Edited(MessageEdited {
            message_event_id: of.clone(),
            text: text.clone(),
            sender_name: told.sender.chars().take(200).collect(),
        }),
        What::Joined => return None,
        What::Reachable(reachable) => Event::Reachable(ReachableChanged {
            reachable: *reachable,
        }),
        What::Renamed { title } => Event::Renamed(ChatRenamed {
            title: title.chars().take(200).collect(),
        }),
        What::Moved { to } => Event::Moved(ChatMoved {
            new_external_chat_id: to.to_string(),
        }),
    };
    let event = ChannelEvent {
        external_event_id: told.event_id.clone(),
        external_chat_id: told.chat.to_string(),
        event_time: (told.time > 0).then_some(prost_types::Timestamp {
            seconds: told.time,
            nanos: 0,
        }),
        event: Some(event),
        group_chat: told.is_group,
        ..ChannelEvent::default()
    };
    Some(Arrival {
        event,
        file: to_fetch,
    })
}

fn message(told: &Told, text: &str, unsupported: String) -> IncomingMessage {
    let facts = told.facts.iter();
    let facts = facts.map(|(name, value)| ((*name).to_owned(), value.clone()));
    IncomingMessage {
        text: text.to_owned(),
        sender_name: told.sender.chars().take(200).collect(),
        unsupported_kind: unsupported,
        facts: facts.collect(),
        ..IncomingMessage::default()
    }
}

/// The file of a message, and how it is fetched.
fn of_message(bot: &Arc<Bot>, told: &Told, file: &update::File) -> File {
    let upload = Upload {
        chat: told.chat.to_string(),
        file_name: file.name.chars().take(200).collect(),
        kind: match file.kind {
            FileKind::Shown => AttachmentKind::Unspecified,
            FileKind::Voice => AttachmentKind::Voice,
            FileKind::Document => AttachmentKind::Document,
            FileKind::Sticker => AttachmentKind::Sticker,
        },
        duration_ms: file.duration_ms,
    };
    let (bot, id) = (Arc::clone(bot), file.id.clone());
    File::new(upload, move || {
        let (bot, id) = (Arc::clone(&bot), id.clone());
        async move { bot.download(&id).await }
    })
}

impl From<Fault> for Unfetched {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused {
                code: 400,
                description,
                ..
            } => Self::Never(description),
            Fault::Refused { .. } | Fault::Unreached(_) | Fault::Lost(_) => Self::Passing,
        }
    }
}
