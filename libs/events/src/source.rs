//! Where events can be read whatever happens to the carrier: the owner's outbox, in this process or over gRPC.

use api::events::internal::v1::event_log_service_client::EventLogServiceClient;
use api::events::internal::v1::{GetPositionsRequest, ReadEventsRequest};
use futures::future::BoxFuture;
use pg::Db;
use tonic::transport::Channel;

use crate::outbox;
use crate::{Event, Place, Positions, SHARDS};

/// How many events are read at once.
pub(crate) const PAGE: u32 = 500;

/// An owner's outbox.
pub trait Source: Send + Sync + 'static {
    /// The newest position of each shard.
    fn positions(&self) -> BoxFuture<'_, anyhow::Result<Positions>>;
    /// Events of one shard after a position, in order, without holes, unless the oldest were dropped by age.
    fn read(&self, after: Place) -> BoxFuture<'_, anyhow::Result<Vec<Event>>>;
}

/// The outbox of this service itself.
#[derive(Debug, Clone)]
pub struct LocalSource(pub Db);

impl Source for LocalSource {
    fn positions(&self) -> BoxFuture<'_, anyhow::Result<Positions>> {
        Box::pin(async { Ok(outbox::positions(&self.0).await?) })
    }

    fn read(&self, after: Place) -> BoxFuture<'_, anyhow::Result<Vec<Event>>> {
        Box::pin(async move { Ok(outbox::read(&self.0, &[after], i64::from(PAGE)).await?) })
    }
}

/// Another service's outbox.
#[derive(Debug, Clone)]
pub struct RemoteSource {
    client: EventLogServiceClient<auth::ServiceChannel>,
}

impl RemoteSource {
    /// Over a channel to the owner; `tokens` say who asks.
    #[must_use]
    pub fn new(channel: Channel, tokens: &auth::ServiceTokens) -> Self {
        Self {
            client: EventLogServiceClient::new(tokens.channel(channel))
                .max_decoding_message_size(64 << 20),
        }
    }
}

impl Source for RemoteSource {
    fn positions(&self) -> BoxFuture<'_, anyhow::Result<Positions>> {
        Box::pin(async {
            let reply = self
                .client
                .clone()
                .get_positions(GetPositionsRequest {})
                .await?
                .into_inner();
            let count = reply.positions.len();
            reply
                .positions
                .try_into()
                .map_err(|_| anyhow::anyhow!("the owner has {count} shards, not {SHARDS}"))
        })
    }

    fn read(&self, after: Place) -> BoxFuture<'_, anyhow::Result<Vec<Event>>> {
        Box::pin(async move {
            let request = ReadEventsRequest {
                shard: u32::from(after.shard),
                after_position: after.position,
                limit: PAGE,
            };
            Ok(self
                .client
                .clone()
                .read_events(request)
                .await?
                .into_inner()
                .events)
        })
    }
}
