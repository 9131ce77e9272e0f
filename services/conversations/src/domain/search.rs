//! What is looked for in messages, and where it stands in a text.
//!
//! Texts and questions are folded alike ([`fold()`]): small letters, no accents, "ё" is "е". Words are compared by their stems
//! ([`words`]), so that any form of a word finds every other.

mod chats;
mod fold;
mod query;
mod words;

pub use chats::ChatQuery;
pub use fold::fold;
pub use query::{MAX_CHARACTERS, Problem, Query};
pub use words::vector;
