//! From a message of an employee to calls of the Bot API.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::conversations::v1::{Attachment, AttachmentKind};
use connector::{Backoff, Outcome, Outgoing};
use futures::TryStreamExt;
use reqwest::Body;
use types::Clock;

use super::trouble;
use crate::bot::{Bot, Fault, OnTheWay, SentMessage};
use crate::domain::parts::{Form, Part, cut};

/// How long to wait when Telegram cannot be reached.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest pause within a message of several parts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often the second part of a message, and every later one, is tried: the first is in the chat already.
const TRIES: usize = 5;

/// Why a part was not sent.
enum Failed {
    /// Telegram says so.
    Fault(Fault),
    /// The hub does not give a file out.
    Hub(connector::Error),
}

/// Sends a message.
pub async fn send(bot: &Bot, message: &Outgoing) -> Outcome {
    if let Some(pause) = bot.pause() {
        return Outcome::Retry(pause);
    }
    let forms: Vec<Form> = message.files().iter().map(form).collect();
    let mut parts = cut(message.text(), &forms).into_iter();
    let Some(first) = parts.next() else {
        return Outcome::Failed("There is nothing to send.".to_owned());
    };
    let (chat, sent) = match first_part(bot, message, &first).await {
        Ok(sent) => sent,
        Err(failed) => return outcome(failed),
    };
    for part in parts {
        if let Err(failed) = further_part(bot, message, &chat, &part).await {
            let why = match failed {
                Failed::Fault(fault) => fault.to_string(),
                Failed::Hub(error) => error.message().to_owned(),
            };
            return Outcome::Failed(format!("Only the beginning was sent. {why}"));
        }
    }
    Outcome::Sent(format!("{chat}:{}", sent.message_id))
}

/// Sends the first part; a group that goes on under another id gets it there.
async fn first_part(
    bot: &Bot,
    message: &Outgoing,
    part: &Part,
) -> Result<(String, SentMessage), Failed> {
    let chat = message.chat().to_owned();
    match send_part(bot, message, &chat, part).await {
        Err(Failed::Fault(Fault::Refused {
            migrate_to: Some(to),
            ..
        })) => {
            let chat = to.to_string();
            let sent = send_part(bot, message, &chat, part).await?;
            Ok((chat, sent))
        }
        sent => sent.map(|sent| (chat, sent)),
    }
}

async fn further_part(
    bot: &Bot,
    message: &Outgoing,
    chat: &str,
    part: &Part,
) -> Result<(), Failed> {
    let mut backoff = Backoff::default();
    let mut left = TRIES;
    loop {
        left -= 1;
        let failed = match send_part(bot, message, chat, part).await {
            Ok(_) => return Ok(()),
            Err(failed) => failed,
        };
        let pause = match &failed {
            Failed::Fault(Fault::Refused { code: 500.., .. }) => Some(backoff.wait()),
            Failed::Fault(fault @ Fault::Refused { .. }) => fault.pause(),
            Failed::Fault(Fault::Unreached(_)) | Failed::Hub(_) => Some(backoff.wait()),
            Failed::Fault(Fault::Lost(_)) => None,
        };
        match pause.filter(|pause| left > 0 && *pause <= LONGEST_PAUSE) {
            Some(pause) => Clock::system().sleep(pause).await,
            None => return Err(failed),
        }
    }
}

async fn send_part(
    bot: &Bot,
    message: &Outgoing,
    chat: &str,
    part: &Part,
) -> Result<SentMessage, Failed> {
    let sent = match part {
        Part::Text(text) => bot.send_text(chat, text).await,
        Part::Files { places, caption } => {
            let is_broken = Arc::new(AtomicBool::new(false));
            let mut files = Vec::with_capacity(places.len());
            for place in places {
                files.push(file(message, &message.files()[*place], &is_broken).await?);
            }
            let sent = match files.pop() {
                Some(only) if files.is_empty() => bot.send_file(chat, caption, only).await,
                last => {
                    files.extend(last);
                    bot.send_album(chat, caption, files).await
                }
            };
            // Telegram takes no half files.
            if sent.is_err() && is_broken.load(Ordering::Relaxed) {
                let error = connector::Error::unavailable("the hub broke off giving a file out");
                return Err(Failed::Hub(error));
            }
            sent
        }
    };
    sent.map_err(Failed::Fault)
}

/// A file as it comes from the hub; `is_broken` is set when it does not come whole.
async fn file(
    message: &Outgoing,
    file: &Attachment,
    is_broken: &Arc<AtomicBool>,
) -> Result<OnTheWay, Failed> {
    let download = message.download(file).await.map_err(Failed::Hub)?;
    let is_broken = Arc::clone(is_broken);
    let contents = download
        .contents
        .inspect_err(move |_| is_broken.store(true, Ordering::Relaxed));
    Ok(OnTheWay {
        form: form(file),
        name: file.file_name.clone(),
        media_type: download.header.media_type,
        size: u64::try_from(download.header.total_size).unwrap_or_default(),
        contents: Body::wrap_stream(contents),
    })
}

fn form(file: &Attachment) -> Form {
    match file.kind() {
        AttachmentKind::Image => Form::Photo,
        AttachmentKind::Video => Form::Video,
        AttachmentKind::Audio => Form::Audio,
        AttachmentKind::Voice => Form::Voice,
        AttachmentKind::Sticker => Form::Sticker,
        AttachmentKind::Document | AttachmentKind::Unspecified => Form::Document,
    }
}

/// What became of a message whose first part was not sent.
fn outcome(failed: Failed) -> Outcome {
    let fault = match failed {
        Failed::Hub(error) => {
            tracing::warn!(%error, "a file to send cannot be had from the hub; trying again");
            return Outcome::Retry(PAUSE);
        }
        Failed::Fault(fault) => fault,
    };
    if let Some(pause) = fault.pause() {
        return Outcome::Retry(pause);
    }
    match &fault {
        Fault::Unreached(_) => Outcome::Retry(PAUSE),
        Fault::Lost(_) => Outcome::Unknown,
        fault if fault.is_of_token() => Outcome::Halted(trouble(fault)),
        Fault::Refused { code: 500.., .. } => Outcome::Retry(PAUSE),
        Fault::Refused {
            code: 403,
            description,
            ..
        } => Outcome::Unreachable(unreachable(description)),
        Fault::Refused { description, .. } => {
            Outcome::Failed(format!("Telegram refuses the message: {description}"))
        }
    }
}

/// For the employee: nobody but the client can change it.
fn unreachable(description: &str) -> String {
    let why = if description.contains("blocked") {
        "The client has blocked the bot."
    } else if description.contains("deactivated") {
        "The client has deleted their Telegram account."
    } else if description.contains("initiate") {
        "The client has to write to the bot first."
    } else {
        "The bot is not in this chat any more."
    };
    why.to_owned()
}
