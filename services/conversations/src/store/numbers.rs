//! Domain values as the small numbers of the tables; they are those of the contract.

use pg::Error;
use uuid::Uuid;

use crate::domain::attachment;
use crate::domain::card::Kind;
use crate::domain::client::ClientAddress;
use crate::domain::connection::{Mode, State};
use crate::domain::conversation::{Answer, ClosedBy};
use crate::domain::message::{AuthorKind, Status};
use crate::domain::notification;
use crate::domain::template::Category;

/// Life: open.
pub const OPEN: i16 = 1;
/// Life: closed.
pub const CLOSED: i16 = 2;

pub fn of_answer(answer: Answer) -> i16 {
    match answer {
        Answer::Required => 1,
        Answer::NotNeeded => 2,
    }
}

pub fn to_answer(number: i16) -> Option<Answer> {
    Some(match number {
        1 => Answer::Required,
        2 => Answer::NotNeeded,
        _ => return None,
    })
}

pub fn of_notification(kind: notification::Kind) -> i16 {
    match kind {
        notification::Kind::NewConversation => 1,
        notification::Kind::ClientMessage => 2,
        notification::Kind::Assigned => 3,
        notification::Kind::Rated => 4,
    }
}

pub fn to_notification(number: i16) -> Option<notification::Kind> {
    Some(match number {
        1 => notification::Kind::NewConversation,
        2 => notification::Kind::ClientMessage,
        3 => notification::Kind::Assigned,
        4 => notification::Kind::Rated,
        _ => return None,
    })
}

pub fn of_file_kind(kind: attachment::Kind) -> i16 {
    match kind {
        attachment::Kind::Image => 1,
        attachment::Kind::Video => 2,
        attachment::Kind::Voice => 3,
        attachment::Kind::Document => 4,
        attachment::Kind::Sticker => 5,
        attachment::Kind::Audio => 6,
    }
}

pub fn to_file_kind(number: i16) -> Option<attachment::Kind> {
    Some(match number {
        1 => attachment::Kind::Image,
        2 => attachment::Kind::Video,
        3 => attachment::Kind::Voice,
        4 => attachment::Kind::Document,
        5 => attachment::Kind::Sticker,
        6 => attachment::Kind::Audio,
        _ => return None,
    })
}

/// State and failure of a file.
pub fn of_file_state(state: attachment::State) -> (i16, i16) {
    use attachment::Failure;
    match state {
        attachment::State::Pending => (1, 0),
        attachment::State::Ready => (2, 0),
        attachment::State::Failed(failure) => {
            let number = match failure {
                Failure::TooLarge => 1,
                Failure::TypeNotAllowed => 2,
                Failure::Gone => 3,
                Failure::AddressNotAllowed => 4,
                Failure::Unreachable => 5,
                Failure::Erased => 6,
            };
            (3, number)
        }
    }
}

pub fn to_file_state(state: i16, failure: i16) -> Option<attachment::State> {
    use attachment::{Failure, State};
    Some(match (state, failure) {
        (1, 0) => State::Pending,
        (2, 0) => State::Ready,
        (3, 1) => State::Failed(Failure::TooLarge),
        (3, 2) => State::Failed(Failure::TypeNotAllowed),
        (3, 3) => State::Failed(Failure::Gone),
        (3, 4) => State::Failed(Failure::AddressNotAllowed),
        (3, 5) => State::Failed(Failure::Unreachable),
        (3, 6) => State::Failed(Failure::Erased),
        _ => return None,
    })
}

pub fn of_author(kind: AuthorKind) -> i16 {
    match kind {
        AuthorKind::Client => 1,
        AuthorKind::Employee => 2,
        AuthorKind::Bot => 3,
        AuthorKind::System => 4,
    }
}

pub fn to_author(number: i16) -> Option<AuthorKind> {
    Some(match number {
        1 => AuthorKind::Client,
        2 => AuthorKind::Employee,
        3 => AuthorKind::Bot,
        4 => AuthorKind::System,
        _ => return None,
    })
}

pub fn of_status(status: Option<Status>) -> i16 {
    match status {
        None => 0,
        Some(Status::Queued) => 1,
        Some(Status::Sent) => 2,
        Some(Status::Delivered) => 3,
        Some(Status::Read) => 4,
        Some(Status::Failed) => 5,
        Some(Status::Unknown) => 6,
    }
}

pub fn to_status(number: i16) -> Option<Option<Status>> {
    Some(match number {
        0 => None,
        1 => Some(Status::Queued),
        2 => Some(Status::Sent),
        3 => Some(Status::Delivered),
        4 => Some(Status::Read),
        5 => Some(Status::Failed),
        6 => Some(Status::Unknown),
        _ => return None,
    })
}

pub fn of_address(address: Option<ClientAddress>) -> i16 {
    match address {
        None => 0,
        Some(ClientAddress::Phone) => 1,
        Some(ClientAddress::MessengerId) => 2,
    }
}

/// `None` for 0, when the client has to write first.
pub fn to_address(number: i16) -> Option<ClientAddress> {
    Some(match number {
        1 => ClientAddress::Phone,
        2 => ClientAddress::MessengerId,
        _ => return None,
    })
}

pub fn of_health(state: State) -> i16 {
    match state {
        State::Working => 1,
        State::Disturbed => 2,
        State::Broken => 3,
    }
}

/// `None` for 0, when nothing was said.
pub fn to_health(number: i16) -> Option<State> {
    Some(match number {
        1 => State::Working,
        2 => State::Disturbed,
        3 => State::Broken,
        _ => return None,
    })
}

/// As `templates.category` has it; [`Category`] is written by serde under the same names.
pub fn to_category(name: &str) -> Option<Category> {
    Some(match name {
        "unknown" => Category::Unknown,
        "marketing" => Category::Marketing,
        "utility" => Category::Utility,
        "authentication" => Category::Authentication,
        _ => return None,
    })
}

pub fn of_mode(mode: Mode) -> i16 {
    match mode {
        Mode::NewAfterClose => 1,
        Mode::OneActive => 2,
        Mode::Multiple => 3,
    }
}

pub fn to_mode(number: i16) -> Option<Mode> {
    Some(match number {
        1 => Mode::NewAfterClose,
        2 => Mode::OneActive,
        3 => Mode::Multiple,
        _ => return None,
    })
}

pub fn of_closed_by(by: ClosedBy) -> (i16, Option<Uuid>) {
    match by {
        ClosedBy::Employee(user) => (1, Some(user.uuid())),
        ClosedBy::Client => (2, None),
        ClosedBy::Program => (3, None),
    }
}

pub fn to_closed_by(number: i16, user: Option<Uuid>) -> Option<ClosedBy> {
    Some(match (number, user) {
        (1, Some(user)) => ClosedBy::Employee(user.into()),
        (2, None) => ClosedBy::Client,
        (3, None) => ClosedBy::Program,
        _ => return None,
    })
}

pub fn of_card_kind(kind: Kind) -> i16 {
    match kind {
        Kind::Contact => 1,
        Kind::Company => 2,
        Kind::Deal => 3,
        Kind::Customer => 4,
    }
}

pub fn to_card_kind(number: i16) -> Option<Kind> {
    Some(match number {
        1 => Kind::Contact,
        2 => Kind::Company,
        3 => Kind::Deal,
        4 => Kind::Customer,
        _ => return None,
    })
}

/// A value that no version of this program wrote.
pub fn corrupt(table: &'static str, column: &'static str, row: impl std::fmt::Display) -> Error {
    Error::Corrupt {
        table,
        column,
        row: row.to_string(),
    }
}
