//! From what a webhook tells to events and reports of the hub.

use std::sync::Arc;

use api::connector::v1::channel_event::Event;
use api::connector::v1::{
    ChannelEvent, DeliveryOutcome, DeliveryReport, IncomingMessage, MessageDeleted, MessageEdited,
};
use api::conversations::v1::{AttachmentKind, Cart, CartItem, Money};
use connector::{Arrival, Brought, Error, File, Inbound, Open, Trouble, Unfetched, Upload};

use super::Line;
use crate::domain::errors::{Class, class, text};
use crate::domain::message::{self, Change, FileKind, Told};
use crate::domain::outgoing::delivery;
use crate::domain::payload::{Stage, Status, What};
use crate::graph::Fault;

/// The longest text of a client, in characters, and the longest name.
const LONGEST_TEXT: usize = 16_384;
const LONGEST_NAME: usize = 200;

/// Chats in one question to the hub, and reports in one call.
const MOST_CHATS: usize = 100;
const MOST_REPORTS: usize = 500;

/// Brings what was told of one number; returns when it is stored. What takes longer than the caller waits goes on.
///
/// # Errors
/// When something is not stored.
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
    let brought = begin(line, inbound, told).await?;
    for some in reports.chunks(MOST_REPORTS) {
        inbound.report(some.to_vec()).await?;
    }
    for mut it in brought {
        it.stored().await?;
    }
    Ok(())
}

/// Begins to bring what clients wrote, in its order.
async fn begin(line: &Line, inbound: &Inbound, told: Vec<Told>) -> Result<Vec<Brought>, Error> {
    let mut chats = Vec::with_capacity(told.len());
    for some in told.chunks(MOST_CHATS) {
        let ids = some.iter().map(|it| it.chat_ids.clone()).collect();
        chats.extend(inbound.resolve(ids).await?);
    }
    let told = told.iter().zip(chats);
    let arrivals = told.map(|(told, chat)| arrival(line, told, chat)).collect();
    Ok(inbound.bring(arrivals))
}

fn arrival(line: &Line, told: &Told, chat: String) -> Arrival {
    let file = told.content.file.as_ref();
    let file = file.map(|file| of_message(line, &chat, file));
    let event = match &told.change {
        Some(Change::Edited { of, text }) => Event::Edited(MessageEdited {
            message_event_id: of.clone(),
            text: text.chars().take(LONGEST_TEXT).collect(),
            sender_name: told.sender.chars().take(LONGEST_NAME).collect(),
        }),
        Some(Change::Deleted { of }) => Event::Deleted(MessageDeleted {
            message_event_id: of.clone(),
        }),
        None => Event::Message(message(told)),
    };
    let event = ChannelEvent {
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
    };
    Arrival { event, file }
}

fn message(told: &Told) -> IncomingMessage {
    let content = &told.content;
    let facts = told.facts.iter();
    IncomingMessage {
        text: content.text.chars().take(LONGEST_TEXT).collect(),
        sender_name: told.sender.chars().take(LONGEST_NAME).collect(),
        unsupported_kind: content.unknown.clone(),
        facts: facts
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
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

/// The file of a message, and how it is fetched.
fn of_message(line: &Line, chat: &str, file: &message::File) -> File {
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
    let (graph, hosts) = (Arc::clone(&line.graph), Arc::clone(&line.media_hosts));
    let id = file.id.clone();
    File::new(upload, move || {
        let (graph, hosts, id) = (Arc::clone(&graph), Arc::clone(&hosts), id.clone());
        async move { graph.download(&id, &hosts).await }
    })
}

impl From<Fault> for Unfetched {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refused) => match refused.class() {
                Class::Throttled(_) | Class::Passing => Self::Passing,
                _ => Self::Never(refused.details),
            },
            Fault::Unreached(_) | Fault::Lost(_) => Self::Passing,
        }
    }
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
