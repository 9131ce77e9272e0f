//! The SQL.

pub mod cabinets;
pub mod clients;
pub mod codes;
pub mod counters;
pub mod erasures;
pub mod logos;
pub mod messages;
pub mod providers;

use crate::domain::text::Purpose;
use crate::sms::ErrorClass;

/// A purpose as the database numbers it.
fn purpose_number(purpose: Purpose) -> i16 {
    match purpose {
        Purpose::LogIn => 1,
        Purpose::Erasure => 2,
    }
}

fn purpose(number: i16) -> Option<Purpose> {
    let all = [Purpose::LogIn, Purpose::Erasure];
    all.into_iter().find(|it| purpose_number(*it) == number)
}

/// A kind of error as the database numbers it; 0 is none.
fn error_number(class: ErrorClass) -> i16 {
    let place = ErrorClass::ALL.iter().position(|known| *known == class);
    place.map_or(0, |place| i16::try_from(place + 1).unwrap_or(0))
}

fn error_class(number: i16) -> Option<ErrorClass> {
    let place = usize::try_from(number).ok()?.checked_sub(1)?;
    ErrorClass::ALL.get(place).copied()
}
