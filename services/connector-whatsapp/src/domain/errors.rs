//! What the codes of WhatsApp's errors mean: what to do with the message, and what an employee reads.

use std::time::Duration;

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The token is no good (any more), or may not do this: nothing works until somebody changes something.
    Auth,
    /// The business account is locked or restricted: the same.
    Account,
    /// Too much at once: again after a pause.
    Throttled(Duration),
    /// It failed inside WhatsApp: again, and not for ever.
    Passing,
    /// The dialogue is over (WA-03).
    Window,
    /// The client cannot be reached.
    Unreachable,
    /// WhatsApp keeps this message from this client for now.
    Withheld,
    /// Templates are not paid (CHW-55).
    Unpaid,
    /// The template cannot be sent as it is.
    Template,
    /// The message itself is wrong.
    Content,
}

/// The class of a code.
#[must_use]
pub fn class(code: i64) -> Class {
    match code {
        0 | 3 | 10 | 190 | 200..=299 => Class::Auth,
        368 | 130_497 | 131_031 | 131_037 | 131_045 | 131_064 => Class::Account,
        4 | 80_007 | 130_429 => Class::Throttled(Duration::from_secs(2)),
        // The same pair may talk once in six seconds.
        131_056 => Class::Throttled(Duration::from_secs(6)),
        // Marked as spam: it takes hours.
        131_048 => Class::Throttled(Duration::from_secs(3_600)),
        1 | 2 | 131_000 | 131_016 | 131_057 | 133_004 | 133_016 => Class::Passing,
        131_047 => Class::Window,
        131_026 | 131_030 | 131_050 | 131_062 => Class::Unreachable,
        130_472 | 131_049 => Class::Withheld,
        131_042 => Class::Unpaid,
        132_000..=132_999 => Class::Template,
        _ => Class::Content,
    }
}

/// What an employee reads; `details` is what WhatsApp says of it.
#[must_use]
pub fn text(code: i64, details: &str) -> String {
    match class(code) {
        Class::Window => {
            "The 24-hour dialogue is over: send a template, or wait for the client.".to_owned()
        }
        Class::Unreachable if code == 131_050 => {
            "The client wants no advertising from this number.".to_owned()
        }
        Class::Unreachable => {
            "The client cannot be reached in WhatsApp: the number is not registered there, or cannot get this message."
                .to_owned()
        }
        Class::Withheld => {
            "WhatsApp did not deliver the message to this client, so that they get fewer of its kind. Try again in a day."
                .to_owned()
        }
        Class::Unpaid => "Templates are not paid: see the billing of the business account.".to_owned(),
        Class::Template => format!("WhatsApp does not send the template: {details} ({code})"),
        Class::Throttled(_) | Class::Passing => {
            format!("WhatsApp did not take the message: {details} ({code})")
        }
        Class::Auth | Class::Account => format!("The number may not send: {details} ({code})"),
        Class::Content => format!("WhatsApp refuses the message: {details} ({code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_classes() {
        let table = [
            (190, Class::Auth),
            (131_031, Class::Account),
            (130_429, Class::Throttled(Duration::from_secs(2))),
            (131_056, Class::Throttled(Duration::from_secs(6))),
            (131_000, Class::Passing),
            (131_047, Class::Window),
            (131_026, Class::Unreachable),
            (131_049, Class::Withheld),
            (131_042, Class::Unpaid),
            (132_001, Class::Template),
            (131_051, Class::Content),
            (999_999, Class::Content),
        ];
        for (code, expected) in table {
            assert_eq!(class(code), expected, "{code}");
            assert!(!text(code, "why").is_empty());
        }
    }
}
