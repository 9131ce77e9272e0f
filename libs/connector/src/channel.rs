//! What a connector has to say of its channel.

use std::sync::Arc;
use std::time::Duration;

use api::connector::v1::{ConnectorConnection, ConnectorManifest, Delivery, TemplateToSend};
use api::conversations::v1::Attachment;
use futures::Stream;
use serde::de::DeserializeOwned;

use crate::hub::{Error, Hub};
use crate::lines::Inbound;
use crate::media::Download;

/// A channel: the part of a connector that differs from one to another.
///
/// Everything may be called for many connections at once. What a function waits for is cut short only when its connection is
/// changed or the connector stops; [`Channel::send`] is always let finish.
pub trait Channel: Send + Sync + 'static {
    /// Does the channel know a message that it is given twice, by the id of the delivery or of the message? Then a message of
    /// which nobody knows whether it was sent is sent again; otherwise it is reported as unknown.
    const KNOWS_REPEATED: bool = false;

    /// An open connection: its settings, a client, limits.
    type Line: Send + Sync + 'static;

    /// Who the connector is and what it can do.
    fn manifest(&self) -> ConnectorManifest;

    /// A connection was added or changed, before it is opened or closed. Few channels need to know.
    fn told(&self, connection: &Connection) {
        let _ = connection;
    }

    /// Opens a connection that was switched on or changed. When it fails with [`Trouble::Disturbed`] it is tried again.
    fn open(
        &self,
        connection: &Connection,
    ) -> impl Future<Output = Result<Self::Line, Trouble>> + Send;

    /// Is a connection that was opened said to work at once? One that brings and cannot send for now is not.
    fn works(&self, line: &Self::Line) -> bool {
        let _ = line;
        true
    }

    /// Listens to the channel and brings what it tells; ends only when it cannot go on. After [`Trouble::Disturbed`] the connection is
    /// opened and listened to again after a pause; say [`Inbound::working`] as soon as the channel answers. A channel that calls us, by webhooks, need not listen: it finds its connections in [`Lines`](crate::Lines).
    fn listen(&self, line: &Self::Line, inbound: &Inbound) -> impl Future<Output = Trouble> + Send {
        let _ = (line, inbound);
        std::future::pending()
    }

    /// Sends one message. The next one of its chat waits until this has ended.
    fn send(&self, line: &Self::Line, message: &Outgoing) -> impl Future<Output = Outcome> + Send;
}

/// A connection as administrators have set it up.
#[derive(Clone, PartialEq)]
pub struct Connection(Arc<ConnectorConnection>);

impl std::fmt::Debug for Connection {
    /// Without the settings, in which there are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connection").field(&self.0.id).finish()
    }
}

impl Connection {
    pub(crate) fn new(connection: ConnectorConnection) -> Self {
        Self(Arc::new(connection))
    }

    /// "cxn_…".
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The connector's own id for it.
    #[must_use]
    pub fn external_id(&self) -> &str {
        &self.0.external_id
    }

    /// Switched on?
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.enabled
    }

    /// The settings, which the hub has checked against the manifest's schema, with the secrets: keep those in types that do
    /// not print.
    ///
    /// # Errors
    /// [`Trouble::Broken`] when they do not fit `T`: they were made for another version of the connector, or a secret is missing.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, Trouble> {
        let settings = self.0.settings.clone().map(kit::json::from_struct);
        let settings = serde_json::Value::Object(settings.unwrap_or_default());
        // The error of serde may repeat a value: it is not told.
        serde_json::from_value(settings).map_err(|_| {
            Trouble::Broken("The settings do not fit this connector: enter them again.".to_owned())
        })
    }
}

/// Why a connection does not work. The text is for an administrator: what is wrong and what to do; never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The channel cannot be reached or refuses for now: it is tried again.
    Disturbed(String),
    /// Nothing helps until somebody changes something: it rests until the connection is changed, or for ten minutes.
    Broken(String),
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel has it, under this id of its own; empty when it gives none.
    Sent(String),
    /// The channel does not have it and may take it after a pause.
    Retry(Duration),
    /// It will never have it; the text is for the employee who wrote.
    Failed(String),
    /// It will never have it, because the client has blocked the line or left: nothing more is written until they write.
    Unreachable(String),
    /// Nobody knows whether it has it, for example after an answer that was lost.
    Unknown,
    /// The connection does not work; the message waits until it does.
    Halted(Trouble),
}

/// A message to send.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub(crate) hub: Hub,
    pub(crate) delivery: Delivery,
}

impl Outgoing {
    /// The id of the message, the same at every try: "msg_…".
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.delivery.message_id
    }

    /// The id of the delivery, the same at every try: "dlv_…". What the channel says later of the message is reported under it.
    #[must_use]
    pub fn delivery_id(&self) -> &str {
        &self.delivery.id
    }

    /// The connection that it goes out by: "cxn_…".
    #[must_use]
    pub fn connection_id(&self) -> &str {
        &self.delivery.connection_id
    }

    /// Its place in the chat.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.delivery.seq
    }

    /// Which try it is, 1 for the first.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.delivery.attempt
    }

    /// The template to send instead of the text, which is how it reads.
    #[must_use]
    pub fn template(&self) -> Option<&TemplateToSend> {
        self.delivery.template.as_ref()
    }

    /// The channel's id of the chat.
    #[must_use]
    pub fn chat(&self) -> &str {
        &self.delivery.external_chat_id
    }

    /// The channel's id of the thread; empty without threads.
    #[must_use]
    pub fn thread(&self) -> &str {
        &self.delivery.external_thread_id
    }

    /// What to write; may be empty with files.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.delivery.text
    }

    /// Name of the employee who wrote.
    #[must_use]
    pub fn author(&self) -> &str {
        &self.delivery.author_name
    }

    /// Files to send with it, in their order.
    #[must_use]
    pub fn files(&self) -> &[Attachment] {
        &self.delivery.attachments
    }

    /// The channel knows the chat under another id as well: what comes under either of them is the same chat.
    ///
    /// # Errors
    /// When the hub cannot be reached, or refuses the id.
    pub async fn is_known_as(&self, other: &str) -> Result<(), Error> {
        let ids = vec![self.chat().to_owned(), other.to_owned()];
        let resolved = self.hub.resolve(self.connection_id(), vec![ids]);
        resolved.await.map(drop)
    }

    /// The contents of one of the files.
    ///
    /// # Errors
    /// When the hub cannot be reached or does not have it.
    pub async fn download(
        &self,
        file: &Attachment,
    ) -> Result<Download<impl Stream<Item = Result<bytes::Bytes, Error>> + Send + use<>>, Error>
    {
        let delivery = &self.delivery;
        let chat = &delivery.external_chat_id;
        self.hub
            .download(&delivery.connection_id, chat, &file.id)
            .await
    }
}
