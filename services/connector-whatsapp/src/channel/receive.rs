//! From what a webhook tells to events and reports of the hub.

use api::connector::v1::channel_event::Event;
use api::connector::v1::incoming_media::Source;
use api::connector::v1::{
    ChannelEvent, DeliveryOutcome, DeliveryReport, IncomingMedia, IncomingMessage, MessageDeleted,
    MessageEdited,
};
use api::conversations::v1::{AttachmentKind, Cart, CartItem, Money};
use connector::{Backoff, Error, Inbound, Open, Trouble, Upload, UploadError};
use futures::{StreamExt, stream};
use types::Clock;

use super::Line;
use crate::domain::errors::{Class, class, text};
use crate::domain::message::{self, Change, File, FileKind, Told};
use crate::domain::outgoing::delivery;
use crate::domain::payload::{Stage, Status, What};
use crate::graph::Fault;

/// Files that are fetched at once.
const AT_ONCE: usize = 8;

/// How often a file is tried. WhatsApp blocks who asks for a failing one again and again.
const TRIES: usize = 4;

/// The longest text of a client, in characters, and the longest name.
const LONGEST_TEXT: usize = 16_384;
const LONGEST_NAME: usize = 200;

/// Chats in one question to the hub, and reports in one call.
const MOST_CHATS: usize = 100;
const MOST_REPORTS: usize = 500;

/// Brings what was told of one number, in its order; returns when it is stored.
///
/// # Errors
/// When the hub refuses the connector itself.
pub async fn receive(open: &Open<Line>, news: Vec<What>) -> Result<(), Error> {
    let (line, inbound) = (&open.line, &open.inbound);
    let (mut told, mut reports) = (Vec::new(), Vec::new());
    for what in news {
        match what {
            What::Told(it) => told.push(*it),
            What::Status(status) => reports.extend(report(line, &status)),
            What::Trouble(text) => inbound.trouble(&Trouble::Disturbed(text)),
            What::Changed { .. } => line.changed(),
        }
    }
    publish(line, inbound, told).await?;
    for some in reports.chunks(MOST_REPORTS) {
        inbound.report(some.to_vec()).await?;
    }
    Ok(())
}

async fn publish(line: &Line, inbound: &Inbound, told: Vec<Told>) -> Result<(), Error> {
    if told.is_empty() {
        return Ok(());
    }
    let mut chats = Vec::with_capacity(told.len());
    for some in told.chunks(MOST_CHATS) {
        let ids = some.iter().map(|it| it.chat_ids.clone()).collect();
        chats.extend(inbound.resolve(ids).await?);
    }
    let events = told
        .iter()
        .zip(chats)
        .map(|(told, chat)| event(line, inbound, told, chat));
    // Side by side, and in their order.
    let events = stream::iter(events.collect::<Vec<_>>()).buffered(AT_ONCE);
    inbound.publish(events.collect().await).await?;
    Ok(())
}

async fn event(line: &Line, inbound: &Inbound, told: &Told, chat: String) -> ChannelEvent {
    let event = match &told.change {
        Some(Change::Edited { of, text }) => Event::Edited(MessageEdited {
            message_event_id: of.clone(),
            text: text.chars().take(LONGEST_TEXT).collect(),
            sender_name: told.sender.chars().take(LONGEST_NAME).collect(),
        }),
        Some(Change::Deleted { of }) => Event::Deleted(MessageDeleted {
            message_event_id: of.clone(),
        }),
        None => Event::Message(message(line, inbound, told, &chat).await),
    };
    ChannelEvent {
        connection_id: inbound.connection().id().to_owned(),
        external_event_id: told.event_id.clone(),
        external_chat_id: chat,
        // What lies outside of any calendar is none.
        event_time: (1..=253_402_300_799)
            .contains(&told.time)
            .then_some(prost_types::Timestamp {
                seconds: told.time,
                nanos: 0,
            }),
        event: Some(event),
        group_chat: told.is_group,
        ..ChannelEvent::default()
    }
}

async fn message(line: &Line, inbound: &Inbound, told: &Told, chat: &str) -> IncomingMessage {
    let content = &told.content;
    let (media, unknown) = match &content.file {
        None => (Vec::new(), content.unknown.clone()),
        Some(file) => match fetch(line, inbound, chat, file).await {
            Ok(media) => (vec![media], String::new()),
            Err(why) => (Vec::new(), why),
        },
    };
    let facts = told.facts.iter();
    IncomingMessage {
        text: content.text.chars().take(LONGEST_TEXT).collect(),
        sender_name: told.sender.chars().take(LONGEST_NAME).collect(),
        unsupported_kind: unknown,
        facts: facts
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        media,
        cart: content.cart.as_ref().map(cart),
        ..IncomingMessage::default()
    }
}

fn cart(cart: &message::Cart) -> Cart {
    let items = cart.items.iter().map(|it| CartItem {
        product_id: it.product_id.clone(),
        title: String::new(),
        quantity: it.quantity,
        price: Some(Money {
            currency_code: it.price.currency.clone(),
            units: it.price.units,
            nanos: it.price.nanos,
        }),
    });
    Cart {
        items: items.collect(),
        note: cart.note.clone(),
        total: None,
    }
}

/// Brings a file to the hub; why not, for the employee, when it cannot be had.
async fn fetch(
    line: &Line,
    inbound: &Inbound,
    chat: &str,
    file: &File,
) -> Result<IncomingMedia, String> {
    let mut backoff = Backoff::default();
    for _ in 0..TRIES {
        match bring(line, inbound, chat, file).await {
            Ok(media) => return Ok(media),
            Err(Some(why)) => return Err(why),
            Err(None) => Clock::system().sleep(backoff.wait()).await,
        }
    }
    Err("file that WhatsApp did not give".to_owned())
}

/// One try; `None` when another may succeed.
async fn bring(
    line: &Line,
    inbound: &Inbound,
    chat: &str,
    file: &File,
) -> Result<IncomingMedia, Option<String>> {
    let contents = line.graph.download(&file.id, &line.media_hosts).await;
    let contents = contents.map_err(|fault| final_fault(&fault))?;
    let upload = Upload {
        chat: chat.to_owned(),
        file_name: file.name.chars().take(LONGEST_NAME).collect(),
        kind: match file.kind {
            FileKind::Shown => AttachmentKind::Unspecified,
            FileKind::Voice => AttachmentKind::Voice,
            FileKind::Document => AttachmentKind::Document,
            FileKind::Sticker => AttachmentKind::Sticker,
        },
        duration_ms: 0,
    };
    let connection = inbound.connection().id();
    let uploaded = inbound.hub().upload(connection, upload, contents).await;
    let taken = uploaded.map_err(|error| match error {
        UploadError::Source(fault) => final_fault(&fault),
        UploadError::Hub(status) => match status.code() {
            tonic::Code::InvalidArgument | tonic::Code::ResourceExhausted => {
                Some(shortened(&format!("file: {}", status.message())))
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

fn final_fault(fault: &Fault) -> Option<String> {
    match fault {
        Fault::Refused(refused) => match refused.class() {
            Class::Throttled(_) | Class::Passing => None,
            _ => Some(shortened(&format!("file: {}", refused.details))),
        },
        Fault::Unreached(_) | Fault::Lost(_) => None,
    }
}

fn shortened(text: &str) -> String {
    let text = text.chars().filter(|c| !c.is_control());
    text.take(100).collect()
}

/// What a status tells of a delivery. Of a message in several parts the last one tells; that an earlier one failed counts as well.
fn report(line: &Line, status: &Status) -> Option<DeliveryReport> {
    let (id, is_last) = delivery(&status.data)?;
    let (outcome, failure_text) = match &status.stage {
        Stage::Failed { code, details } => {
            if class(*code) == Class::Unpaid {
                line.refused_for_payment();
            }
            let text: String = text(*code, details).chars().take(500).collect();
            (DeliveryOutcome::Failed, text)
        }
        Stage::Sent if is_last => (DeliveryOutcome::Sent, String::new()),
        Stage::Delivered if is_last => (DeliveryOutcome::Delivered, String::new()),
        Stage::Read if is_last => (DeliveryOutcome::Read, String::new()),
        Stage::Sent | Stage::Delivered | Stage::Read | Stage::Unknown(_) => return None,
    };
    Some(DeliveryReport {
        delivery_id: id.to_owned(),
        lease_token: 0,
        outcome: outcome.into(),
        external_message_id: status.message.chars().take(200).collect(),
        failure_text,
        retry_after_ms: 0,
    })
}
