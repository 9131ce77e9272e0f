//! From updates to events of the hub.

use api::connector::v1::channel_event::Event;
use api::connector::v1::incoming_media::Source;
use api::connector::v1::{
    ChannelEvent, ChatMoved, ChatRenamed, IncomingMedia, IncomingMessage, MessageEdited,
    ReachableChanged,
};
use api::conversations::v1::AttachmentKind;
use connector::{Backoff, Error, Inbound, Upload, UploadError};
use futures::{StreamExt, stream};
use serde_json::Value;
use types::Clock;

use super::Line;
use crate::bot::{Bot, Fault};
use crate::domain::message::{FileKind, LARGEST_FILE};
use crate::domain::update::{File, Told, What, read};

/// Files that are fetched at once.
const AT_ONCE: usize = 8;

/// How often a file is tried. The message waits for it meanwhile, and then goes without.
const TRIES: usize = 4;

/// Brings what updates tell; returns when it is stored.
///
/// # Errors
/// When the hub refuses the connector itself.
pub async fn receive(line: &Line, inbound: &Inbound, updates: &[Value]) -> Result<(), Error> {
    let events = updates
        .iter()
        .map(|update| event(&line.bot, inbound, update));
    // Side by side, and in their order.
    let events = stream::iter(events.collect::<Vec<_>>()).buffered(AT_ONCE);
    let events: Vec<Option<ChannelEvent>> = events.collect().await;
    let told: Vec<Told> = updates.iter().filter_map(read).collect();
    // A message makes the group of which the name is told.
    let names = told.iter().filter_map(|told| line.groups.name(told));
    inbound
        .publish(events.into_iter().flatten().chain(names).collect())
        .await?;
    for told in &told {
        line.pictures.wrote(told);
    }
    Ok(())
}

async fn event(bot: &Bot, inbound: &Inbound, update: &Value) -> Option<ChannelEvent> {
    let Some(told) = read(update) else {
        tracing::info!(
            connection = inbound.connection().id(),
            "an update tells of no chat; it is left out"
        );
        return None;
    };
    let event = match &told.what {
        What::Written {
            text,
            unknown,
            file,
        } => {
            let written = (&text[..], &unknown[..], file.as_ref());
            Event::Message(message(bot, inbound, &told, written).await)
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
    Some(ChannelEvent {
        connection_id: inbound.connection().id().to_owned(),
        external_event_id: told.event_id,
        external_chat_id: told.chat.to_string(),
        event_time: (told.time > 0).then_some(prost_types::Timestamp {
            seconds: told.time,
            nanos: 0,
        }),
        event: Some(event),
        group_chat: told.is_group,
        ..ChannelEvent::default()
    })
}

/// A message; what is not known of it, and a file, are told with the text.
async fn message(
    bot: &Bot,
    inbound: &Inbound,
    told: &Told,
    (text, unknown, file): (&str, &str, Option<&File>),
) -> IncomingMessage {
    let facts = told.facts.iter();
    let facts = facts.map(|(name, value)| ((*name).to_owned(), value.clone()));
    let (media, unknown) = match file {
        None => (Vec::new(), unknown.to_owned()),
        Some(file) => match fetch(bot, inbound, told, file).await {
            Ok(media) => (vec![media], String::new()),
            Err(why) => (Vec::new(), why),
        },
    };
    IncomingMessage {
        text: text.to_owned(),
        sender_name: told.sender.chars().take(200).collect(),
        unsupported_kind: unknown,
        facts: facts.collect(),
        media,
        ..IncomingMessage::default()
    }
}

/// Brings a file to the hub; why not, for the employee, when it cannot be had.
async fn fetch(
    bot: &Bot,
    inbound: &Inbound,
    told: &Told,
    file: &File,
) -> Result<IncomingMedia, String> {
    if file.size > LARGEST_FILE {
        return Err("file of more than 20 MB, which Telegram gives to no bot".to_owned());
    }
    let mut backoff = Backoff::default();
    for _ in 0..TRIES {
        match bring(bot, inbound, told, file).await {
            Ok(media) => return Ok(media),
            Err(Some(why)) => return Err(why),
            Err(None) => Clock::system().sleep(backoff.wait()).await,
        }
    }
    Err("file that Telegram did not give".to_owned())
}

/// One try; `None` when another may succeed.
async fn bring(
    bot: &Bot,
    inbound: &Inbound,
    told: &Told,
    file: &File,
) -> Result<IncomingMedia, Option<String>> {
    let contents = bot.download(&file.id).await.map_err(final_fault)?;
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
    let connection = inbound.connection().id();
    let uploaded = inbound.hub().upload(connection, upload, contents).await;
    let taken = uploaded.map_err(|error| match error {
        UploadError::Source(fault) => final_fault(fault),
        UploadError::Hub(status) => match status.code() {
            tonic::Code::InvalidArgument | tonic::Code::ResourceExhausted => {
                Some(format!("file: {}", status.message()))
            }
            _ => None,
        },
    })?;
    Ok(IncomingMedia {
        kind: taken.kind,
        source: Some(Source::AttachmentId(taken.id)),
        file_name: taken.file_name,
        duration_ms: taken.duration_ms,
    })
}

fn final_fault(fault: Fault) -> Option<String> {
    match fault {
        Fault::Refused {
            code: 400,
            description,
            ..
        } => Some(format!("file: {description}").chars().take(100).collect()),
        Fault::Refused { .. } | Fault::Unreached(_) | Fault::Lost(_) => None,
    }
}
