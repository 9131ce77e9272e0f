//! The other side of a channel: what clients write, and what they see.

mod folder;
mod program;

use std::io;

pub use folder::Folder;
pub use program::Program;

/// What the channel's side can do besides texts. What it cannot is not checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct Abilities {
    /// Clients can send files, and see those they are sent.
    pub files: bool,
    /// Clients can send what the connector does not know.
    pub unsupported: bool,
    /// A chat can be held: what is sent to it is refused for now, until it is let go.
    pub hold: bool,
    /// It can take a message and lose its answer.
    pub lose_answer: bool,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// What a client writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// In which chat; a number as text. It begins with its first message.
    pub chat: String,
    /// The text, on one line.
    pub text: String,
    /// A file with it.
    pub file: Option<File>,
    /// Something that the connector does not know, instead of a text.
    pub unsupported: bool,
}

/// What a client sees of a message that was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Its text.
    pub text: String,
    /// Contents of its files.
    pub files: Vec<Vec<u8>>,
}

/// The other side of a channel.
#[tonic::async_trait]
pub trait Channel: Send + Sync {
    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// A client writes.
    ///
    /// # Errors
    /// When the channel's side fails.
    async fn write(&mut self, message: Written) -> io::Result<()>;

    /// All that a client was sent in a chat, in order.
    ///
    /// # Errors
    /// When the channel's side fails.
    async fn received(&mut self, chat: &str) -> io::Result<Vec<Received>>;

    /// Holds a chat, in which nothing was sent yet, or lets it go.
    ///
    /// # Errors
    /// When the channel's side fails.
    async fn hold(&mut self, chat: &str, is_held: bool) -> io::Result<()>;

    /// Takes the next message and loses the answer.
    ///
    /// # Errors
    /// When the channel's side fails.
    async fn lose_answer(&mut self) -> io::Result<()>;
}

/// The channel's side was asked for what it cannot do.
fn unable() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "the channel cannot do this")
}
