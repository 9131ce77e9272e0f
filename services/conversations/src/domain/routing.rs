//! To which conversation a client's message goes.

use super::connection::Mode;

/// What is known of the conversation that the message could go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Current {
    /// There is none.
    None,
    /// It is open.
    Open,
    /// The newest one is closed.
    Closed,
}

/// Where a client's message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Into the open conversation.
    Append,
    /// Into the closed conversation, which is opened again and keeps its number.
    Reopen,
    /// Into a new conversation with a new number.
    Create,
}

/// Where a client's message goes.
#[must_use]
pub fn route(mode: Mode, current: Current) -> Route {
    match (current, mode) {
        (Current::Open, _) => Route::Append,
        (Current::Closed, Mode::OneActive) => Route::Reopen,
        (Current::Closed, Mode::NewAfterClose | Mode::Multiple) | (Current::None, _) => {
            Route::Create
        }
    }
}

/// The thread that conversations of a mode are kept apart by: only MULTIPLE has several in one chat (ONL-07).
#[must_use]
pub fn thread(mode: Mode, given: &str) -> &str {
    match mode {
        Mode::Multiple => given,
        Mode::NewAfterClose | Mode::OneActive => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_after_closing_reopens_only_the_one_active_conversation() {
        assert_eq!(route(Mode::OneActive, Current::Closed), Route::Reopen);
        assert_eq!(route(Mode::NewAfterClose, Current::Closed), Route::Create);
        assert_eq!(route(Mode::Multiple, Current::Closed), Route::Create);
    }

    #[test]
    fn an_open_conversation_takes_every_message() {
        for mode in [Mode::OneActive, Mode::NewAfterClose, Mode::Multiple] {
            assert_eq!(route(mode, Current::Open), Route::Append);
            assert_eq!(route(mode, Current::None), Route::Create);
        }
    }
}
