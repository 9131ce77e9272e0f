//! Files and baskets of a channel's message, checked.

use std::collections::HashMap;

use api::connector::v1::IncomingMedia;
use api::connector::v1::incoming_media::Source;
use api::conversations::v1 as proto;
use kit::Refusal;
use kit::validate::Fields;
use types::{AccountId, AttachmentId, ConnectionId};

use super::Hub;
use crate::domain::attachment::{Attachment, Kind, MAX_DURATION_MS, MAX_NAME, MOST};
use crate::domain::cart::{Cart, Item, MOST_ITEMS, Money};
use crate::ingest::{Arriving, Item as Event, ItemKind, Origin};
use crate::store::attachments::{self, Kept};
use crate::wire;

/// The longest address of a file, in bytes.
const MAX_URL: usize = 2_000;

/// The files of a message.
pub fn files(fields: &mut Fields, media: Vec<IncomingMedia>) -> Vec<Arriving> {
    if media.len() > MOST {
        fields.reject(
            "message.media",
            format!("must be at most {MOST}, are {}", media.len()),
        );
        return Vec::new();
    }
    let media = media.into_iter();
    media.filter_map(|it| file(fields, it)).collect()
}

fn file(fields: &mut Fields, media: IncomingMedia) -> Option<Arriving> {
    let said: Option<proto::AttachmentKind> = fields.known("message.media.kind", media.kind);
    let kind = said.and_then(wire::to_kind).unwrap_or(Kind::Document);
    if media.file_name.chars().count() > MAX_NAME {
        fields.reject(
            "message.media.file_name",
            format!("must be at most {MAX_NAME} characters"),
        );
    }
    if !(0..=MAX_DURATION_MS).contains(&media.duration_ms) {
        fields.reject("message.media.duration_ms", "must be 0 to one day");
    }
    let mut file = Attachment::pending(kind, &media.file_name, media.duration_ms);
    let origin = match media.source {
        Some(Source::Url(url)) if is_address(&url) => Origin::Address(url),
        Some(Source::Url(_)) => {
            fields.reject(
                "message.media.url",
                format!("must be an https address of at most {MAX_URL} bytes"),
            );
            return None;
        }
        Some(Source::AttachmentId(id)) => {
            file.id = fields.id("message.media.attachment_id", &id)?;
            Origin::Uploaded { is_used: false }
        }
        None => {
            fields.reject("message.media.source", "must be given");
            return None;
        }
    };
    Some(Arriving { file, origin })
}

/// Whether it may be fetched is decided when it is: a message is not lost for that.
fn is_address(text: &str) -> bool {
    text.len() <= MAX_URL
        && url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"))
}

/// The basket of a message.
pub fn cart(fields: &mut Fields, given: proto::Cart) -> Cart {
    if given.items.is_empty() || given.items.len() > MOST_ITEMS {
        fields.reject("message.cart.items", format!("must be 1 to {MOST_ITEMS}"));
    }
    let items = given.items.into_iter().take(MOST_ITEMS);
    Cart {
        note: fields.text("message.cart.note", &given.note, 0..=4_096),
        items: items.map(|it| item(fields, it)).collect(),
    }
}

fn item(fields: &mut Fields, item: proto::CartItem) -> Item {
    if !(1..=1_000_000).contains(&item.quantity) {
        fields.reject("message.cart.items.quantity", "must be 1 to 1,000,000");
    }
    let price = item.price.unwrap_or_default();
    let is_currency = price.currency_code.len() == 3
        && price.currency_code.bytes().all(|c| c.is_ascii_uppercase());
    if !is_currency {
        fields.reject(
            "message.cart.items.price.currency_code",
            "must be three capital letters",
        );
    }
    if !(0..=1_000_000_000_000).contains(&price.units) {
        fields.reject(
            "message.cart.items.price.units",
            "must be 0 to 1,000,000,000,000",
        );
    }
    if !(0..1_000_000_000).contains(&price.nanos) {
        fields.reject("message.cart.items.price.nanos", "must be 0 to 999,999,999");
    }
    Item {
        product_id: fields.key("message.cart.items.product_id", &item.product_id, 0..=200),
        title: fields.line("message.cart.items.title", &item.title, 0..=300),
        quantity: item.quantity,
        price: Money {
            currency: price.currency_code,
            units: price.units,
            nanos: price.nanos,
        },
    }
}

/// Looks up the files that were uploaded before their messages; what names another chat's or none is refused. Events without
/// such files cost nothing.
pub async fn look_up(hub: &Hub, items: &mut [Event]) -> Result<Vec<(usize, Refusal)>, Refusal> {
    let wanted: Vec<(AccountId, AttachmentId)> = items
        .iter()
        .flat_map(|item| uploaded(item).map(|id| (item.connection.account, id)))
        .collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let scope = pg::SystemScope::for_job("look up uploaded files");
    let found = hub.db.tx(scope, move |tx| {
        Box::pin(async move { attachments::find(tx, &wanted).await })
    });
    let found: Vec<Kept> = found
        .await
        .map_err(|error: pg::Error| Refusal::from(error))?;
    let known: HashMap<AttachmentId, Kept> =
        found.into_iter().map(|kept| (kept.file.id, kept)).collect();
    let mut refused = Vec::new();
    for (place, item) in items.iter_mut().enumerate() {
        if let Err(refusal) = fill(item, &known) {
            refused.push((place, refusal));
        }
    }
    Ok(refused)
}

fn uploaded(item: &Event) -> impl Iterator<Item = AttachmentId> {
    let files = match &item.kind {
        ItemKind::Message { files, .. } => &files[..],
        ItemKind::Finished | ItemKind::Read { .. } => &[],
    };
    let uploaded = files
        .iter()
        .filter(|it| matches!(it.origin, Origin::Uploaded { .. }));
    uploaded.map(|it| it.file.id)
}

fn fill(item: &mut Event, known: &HashMap<AttachmentId, Kept>) -> Result<(), Refusal> {
    let place: (ConnectionId, String) = (item.connection.id, item.chat.clone());
    let ItemKind::Message { files, .. } = &mut item.kind else {
        return Ok(());
    };
    for it in files {
        let Origin::Uploaded { is_used } = &mut it.origin else {
            continue;
        };
        let kept = known
            .get(&it.file.id)
            .filter(|kept| kept.chat.as_ref() == Some(&place) && kept.uploader == place.0.uuid());
        let kept = kept.ok_or_else(|| Refusal::attachment_not_found(it.file.id))?;
        *is_used = kept.sent.is_some_and(|(_, is_there)| is_there);
        it.file = kept.file.clone();
    }
    Ok(())
}
