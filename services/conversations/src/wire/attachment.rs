//! Files and baskets as the contracts show them.

use api::conversations::v1 as proto;

use crate::domain::attachment::{Attachment, Failure, Kind, State};
use crate::domain::cart::{Cart, Money};

/// A file.
#[must_use]
pub fn attachment(file: &Attachment) -> proto::Attachment {
    let (state, failure) = match file.state {
        State::Pending => (proto::AttachmentState::Pending, None),
        State::Ready => (proto::AttachmentState::Ready, None),
        State::Failed(failure) => (proto::AttachmentState::Failed, Some(failure)),
    };
    let path = match file.state {
        State::Ready => format!("/files/{}", file.id),
        State::Pending | State::Failed(_) => String::new(),
    };
    proto::Attachment {
        id: file.id.to_string(),
        kind: kind(file.kind).into(),
        file_name: file.file_name.clone(),
        media_type: file.media_type.clone(),
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
        duration_ms: file.duration_ms,
        width: i32::try_from(file.width).unwrap_or(i32::MAX),
        height: i32::try_from(file.height).unwrap_or(i32::MAX),
        state: state.into(),
        failure: failure
            .map_or(proto::AttachmentFailure::Unspecified, self::failure)
            .into(),
        has_preview: file.has_preview,
        path,
    }
}

fn kind(kind: Kind) -> proto::AttachmentKind {
    match kind {
        Kind::Image => proto::AttachmentKind::Image,
        Kind::Video => proto::AttachmentKind::Video,
        Kind::Voice => proto::AttachmentKind::Voice,
        Kind::Document => proto::AttachmentKind::Document,
        Kind::Sticker => proto::AttachmentKind::Sticker,
        Kind::Audio => proto::AttachmentKind::Audio,
    }
}

/// What a caller says a file is; `None` leaves it to its contents.
#[must_use]
pub fn to_kind(said: proto::AttachmentKind) -> Option<Kind> {
    Some(match said {
        proto::AttachmentKind::Unspecified => return None,
        proto::AttachmentKind::Image => Kind::Image,
        proto::AttachmentKind::Video => Kind::Video,
        proto::AttachmentKind::Voice => Kind::Voice,
        proto::AttachmentKind::Document => Kind::Document,
        proto::AttachmentKind::Sticker => Kind::Sticker,
        proto::AttachmentKind::Audio => Kind::Audio,
    })
}

fn failure(failure: Failure) -> proto::AttachmentFailure {
    match failure {
        Failure::TooLarge => proto::AttachmentFailure::TooLarge,
        Failure::TypeNotAllowed => proto::AttachmentFailure::TypeNotAllowed,
        Failure::Gone => proto::AttachmentFailure::Gone,
        Failure::AddressNotAllowed => proto::AttachmentFailure::AddressNotAllowed,
        Failure::Unreachable => proto::AttachmentFailure::Unreachable,
        Failure::Erased => proto::AttachmentFailure::Erased,
    }
}

/// A basket, with its sum.
#[must_use]
pub fn cart(cart: &Cart) -> proto::Cart {
    proto::Cart {
        items: cart
            .items
            .iter()
            .map(|item| proto::CartItem {
                product_id: item.product_id.clone(),
                title: item.title.clone(),
                quantity: item.quantity,
                price: Some(money(&item.price)),
            })
            .collect(),
        note: cart.note.clone(),
        total: cart.total().as_ref().map(money),
    }
}

fn money(money: &Money) -> proto::Money {
    proto::Money {
        currency_code: money.currency.clone(),
        units: money.units,
        nanos: money.nanos,
    }
}
