//! From a message of an employee to calls of the Cloud API. None of them knows a message that it is given twice: so a message is sent
//! once, and when the answer is lost its statuses say what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::connector::v1::TemplateToSend;
use api::conversations::v1::{Attachment, AttachmentKind};
use connector::{Outcome, Outgoing};
use futures::TryStreamExt;
use reqwest::Body;
use serde_json::{Value, json};
use types::Clock;

use super::{Line, trouble};
use crate::domain::errors::Class;
use crate::domain::outgoing::{MediaKind, Part, data, message as to_whom, parts};
use crate::domain::templates::body;
use crate::graph::{Fault, OnTheWay, Refused, Taken};

/// How long to wait when WhatsApp cannot be reached.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest pause within a message of several parts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often the second part of a message, and every later one, is tried: the first is in the chat already.
const TRIES: usize = 5;

/// How often a message is tried that fails inside WhatsApp.
const MOST_ATTEMPTS: i32 = 12;

/// Why a part was not sent.
enum Failed {
    /// WhatsApp says so.
    Fault(Fault),
    /// It cannot have been sent: a file of it did not get to WhatsApp.
    File(Fault),
    /// The hub does not give a file out.
    Hub(connector::Error),
}

/// Sends a message.
pub async fn send(line: &Line, message: &Outgoing) -> Outcome {
    if let Some(template) = message.template() {
        let data = data(message.delivery_id(), 0, 1);
        let content = to_whom(message.chat(), &data, "template", &template_body(template));
        let sent = line.graph.send(&content).await;
        return match sent {
            Ok(taken) => Outcome::Sent(known(message, taken).await),
            Err(fault) => outcome(line, message, &Failed::Fault(fault)),
        };
    }
    let kinds = message.files().iter().map(kind_of);
    let parts = parts(message.text(), &kinds.collect::<Vec<_>>());
    let mut last = None;
    for (place, part) in parts.iter().enumerate() {
        let data = data(message.delivery_id(), place, parts.len());
        let sent = match place {
            0 => send_part(line, message, part, &data).await,
            _ => further_part(line, message, part, &data).await,
        };
        match sent {
            Ok(id) => last = Some(id),
            Err(failed) if place == 0 => return outcome(line, message, &failed),
            Err(Failed::Fault(Fault::Lost(_))) if place + 1 == parts.len() => {
                return Outcome::Unknown;
            }
            Err(failed) => {
                let why = failed.text();
                return Outcome::Failed(format!("Only the beginning was sent. {why}"));
            }
        }
    }
    match last {
        Some(id) => Outcome::Sent(id),
        None => Outcome::Failed("There is nothing to send.".to_owned()),
    }
}

fn template_body(template: &TemplateToSend) -> Value {
    let values = template.parameters.iter();
    let values: Vec<_> = values
        .map(|it| (it.name.clone(), it.value.clone()))
        .collect();
    body(&template.name, &template.language, &values)
}

/// As what a file of this kind is sent.
fn kind_of(file: &Attachment) -> MediaKind {
    match file.kind() {
        AttachmentKind::Image => MediaKind::Image,
        AttachmentKind::Video => MediaKind::Video,
        AttachmentKind::Audio | AttachmentKind::Voice => MediaKind::Audio,
        AttachmentKind::Sticker => MediaKind::Sticker,
        AttachmentKind::Document | AttachmentKind::Unspecified => MediaKind::Document,
    }
}

async fn further_part(
    line: &Line,
    message: &Outgoing,
    part: &Part,
    data: &str,
) -> Result<String, Failed> {
    let mut left = TRIES;
    loop {
        left -= 1;
        let failed = match send_part(line, message, part, data).await {
            Ok(id) => return Ok(id),
            Err(failed) => failed,
        };
        match failed
            .pause()
            .filter(|pause| left > 0 && *pause <= LONGEST_PAUSE)
        {
            Some(pause) => Clock::system().sleep(pause).await,
            None => return Err(failed),
        }
    }
}

async fn send_part(
    line: &Line,
    message: &Outgoing,
    part: &Part,
    data: &str,
) -> Result<String, Failed> {
    let content = match part {
        Part::Text(text) => {
            let text = json!({"body": text, "preview_url": true});
            to_whom(message.chat(), data, "text", &text)
        }
        Part::File {
            place,
            kind,
            caption,
        } => {
            let file = &message.files()[*place];
            let file = media(line, message, file, *kind, caption).await?;
            to_whom(message.chat(), data, kind.name(), &file)
        }
    };
    let taken = line.graph.send(&content).await.map_err(Failed::Fault)?;
    Ok(known(message, taken).await)
}

/// The id of a message. Whoever WhatsApp knows by other digits answers under those: it is the same chat.
async fn known(message: &Outgoing, taken: Taken) -> String {
    let is_other = !taken.client.is_empty() && taken.client != message.chat();
    if is_other && let Err(error) = message.is_known_as(&taken.client).await {
        tracing::warn!(%error, "the hub did not hear under which other number a client is known");
    }
    taken.id
}

/// A file as a message names it, after bringing it to WhatsApp. Doing that twice harms nobody.
async fn media(
    line: &Line,
    message: &Outgoing,
    file: &Attachment,
    kind: MediaKind,
    caption: &str,
) -> Result<Value, Failed> {
    let download = message.download(file).await.map_err(Failed::Hub)?;
    let is_broken = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&is_broken);
    let contents = download
        .contents
        .inspect_err(move |_| noted.store(true, Ordering::Relaxed));
    let uploaded = line.graph.upload(OnTheWay {
        name: file.file_name.clone(),
        media_type: download.header.media_type,
        size: u64::try_from(download.header.total_size).unwrap_or_default(),
        contents: Body::wrap_stream(contents),
    });
    let id = uploaded
        .await
        .map_err(|fault| match is_broken.load(Ordering::Relaxed) {
            true => Failed::Hub(connector::Error::unavailable(
                "the hub broke off giving a file out",
            )),
            false => Failed::File(fault),
        })?;
    let mut media = json!({"id": id});
    if !caption.is_empty() {
        media["caption"] = json!(caption);
    }
    if kind == MediaKind::Document {
        media["filename"] = json!(file.file_name);
    }
    Ok(media)
}

impl Failed {
    fn text(&self) -> String {
        match self {
            Self::Fault(Fault::Refused(refused)) | Self::File(Fault::Refused(refused)) => {
                refused.text()
            }
            Self::Fault(fault) | Self::File(fault) => fault.to_string(),
            Self::Hub(error) => error.message().to_owned(),
        }
    }

    /// After which it may be tried again; nothing when that helps nobody, or might send it twice.
    fn pause(&self) -> Option<Duration> {
        match self {
            Self::Fault(Fault::Refused(refused)) | Self::File(Fault::Refused(refused)) => {
                pause(refused)
            }
            Self::Fault(Fault::Lost(_)) => None,
            Self::Fault(Fault::Unreached(_)) | Self::File(_) | Self::Hub(_) => Some(PAUSE),
        }
    }
}

fn pause(refused: &Refused) -> Option<Duration> {
    match refused.class() {
        Class::Throttled(usual) => Some(refused.retry_after.unwrap_or(usual)),
        Class::Passing => Some(refused.retry_after.unwrap_or(PAUSE)),
        _ => None,
    }
}

/// What became of a message of which nothing was sent.
fn outcome(line: &Line, message: &Outgoing, failed: &Failed) -> Outcome {
    let refused = match failed {
        Failed::Fault(Fault::Lost(_)) => return Outcome::Unknown,
        Failed::Fault(Fault::Refused(refused)) | Failed::File(Fault::Refused(refused)) => refused,
        Failed::Fault(Fault::Unreached(_)) | Failed::File(_) | Failed::Hub(_) => {
            tracing::warn!(
                why = failed.text(),
                "a message cannot be sent now; trying again"
            );
            return Outcome::Retry(PAUSE);
        }
    };
    match refused.class() {
        Class::Auth | Class::Account => {
            // Looking closes the number, so that nothing else is tried meanwhile.
            line.changed();
            Outcome::Halted(trouble(&Fault::Refused(refused.clone())))
        }
        Class::Passing if message.attempt() >= MOST_ATTEMPTS => Outcome::Failed(refused.text()),
        Class::Throttled(_) | Class::Passing => Outcome::Retry(pause(refused).unwrap_or(PAUSE)),
        Class::Unpaid => {
            line.refused_for_payment();
            Outcome::Failed(refused.text())
        }
        Class::Template => {
            line.changed();
            Outcome::Failed(refused.text())
        }
        Class::Window | Class::Unreachable | Class::Withheld | Class::Content => {
            Outcome::Failed(refused.text())
        }
    }
}
