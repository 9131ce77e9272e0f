//! What every call needs.

use std::sync::Arc;

use api::conversations::v1::connection_service_client::ConnectionServiceClient;
use pg::Db;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use types::Clock;

use crate::crm::Crm;
use crate::domain::origin::Origin;
use crate::hub::Hub;
use crate::hub::known::Known;
use crate::hub::receipts::Receipts;
use crate::limits::Limiter;
use crate::live::watchers::Watchers;
use crate::memory::{OnlineChats, Sessions};

/// What every call needs. One for the whole service, behind an [`Arc`].
pub struct Parts {
    /// The schema `onlinechat`.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Where browsers reach the gateway.
    pub public_url: String,
    /// Its origin: our own chat window calls from there.
    pub own_origin: Origin,
    /// The hub of conversations, with this service's own tokens.
    pub hub: Hub,
    /// Our connections, as the hub tells them.
    pub known: Known,
    /// Conversations' connections, with the caller's own token.
    pub connections: ConnectionServiceClient<Channel>,
    /// Fields and cards.
    pub crm: Crm,
    /// Online chats by their key.
    pub online_chats: OnlineChats,
    /// Visitors' sessions.
    pub sessions: Sessions,
    /// How often visitors call.
    pub limiter: Limiter,
    /// Whom streams watch.
    pub watchers: Watchers,
    /// Deliveries that wait for their visitor.
    pub receipts: Receipts,
    /// Cancelled when the service stops.
    pub stopping: CancellationToken,
}

/// See [`Parts`].
pub type State = Arc<Parts>;
