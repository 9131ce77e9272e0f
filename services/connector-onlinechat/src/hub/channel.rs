//! The online chat as a channel of the hub.
//!
//! A browser reads the hub's own history, so an answer is "sent" as soon as it is stored there. Deliveries are taken all
//! the same: they carry the status that employees see, and they wake streams whose hint of the hub was lost.

use api::connector::v1::{ConnectorManifest, SendRate};
use connector::{Channel, Connection, Outcome, Outgoing, Trouble};

use super::known::Known;
use super::receipts::{Receipts, Sent};
use super::{CONNECTOR_KEY, Chat};
use crate::domain::online_chat::MAX_TEXT;

/// The windows of visitors, in which employees answer.
pub struct Windows {
    /// Where deliveries wait for their visitors.
    pub receipts: Receipts,
    /// The connections.
    pub known: Known,
}

impl Channel for Windows {
    /// What is noted twice is noted once.
    const KNOWS_REPEATED: bool = true;

    type Line = ();

    fn manifest(&self) -> ConnectorManifest {
        ConnectorManifest {
            key: CONNECTOR_KEY.to_owned(),
            title: "Online chat".to_owned(),
            max_text_length: MAX_TEXT,
            reports_read: true,
            media: connector::any_media(),
            // Nothing is sent anywhere: visitors read it here.
            send_rate: Some(SendRate {
                per_minute: 600_000,
                burst: 0,
            }),
            ..ConnectorManifest::default()
        }
    }

    fn told(&self, connection: &Connection) {
        self.known.note(connection);
    }

    async fn open(&self, _: &Connection) -> Result<(), Trouble> {
        Ok(())
    }

    /// A chat that no visitor can be is failed: it would come again for ever.
    async fn send(&self, (): &(), message: &Outgoing) -> Outcome {
        let connection = message.connection_id().parse().ok();
        let Some((connection, visitor)) = connection.zip(message.chat().parse().ok()) else {
            return Outcome::Failed("The chat belongs to no visitor of an online chat.".to_owned());
        };
        let sent = Sent {
            chat: Chat {
                connection,
                visitor,
            },
            seq: message.seq(),
            delivery: message.delivery_id().to_owned(),
        };
        self.receipts.note(&sent).await;
        Outcome::Sent(message.message_id().to_owned())
    }
}
