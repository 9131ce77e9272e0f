//! Redis as the carrier of events: a stream per shard, an entry's id is the event's position.

use std::time::Duration;

use prost::Message;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::streams::{StreamRangeReply, StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, AsyncConnectionConfig, RedisResult};

use crate::{Event, Positions, SHARDS};

/// How many entries a stream keeps, about. What is older is read from the owner.
const KEPT: usize = 10_000;

/// How long a command may take. A blocking read has its own connection and time.
const RESPONSE: Duration = Duration::from_secs(1);

/// How long a read waits for the next event.
const BLOCK: Duration = Duration::from_millis(1_000);

const FIELD: &str = "e";

/// The streams of one service's events.
#[derive(Clone)]
pub struct Carrier {
    client: redis::Client,
    connection: ConnectionManager,
    service: &'static str,
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Carrier({})", self.service)
    }
}

impl Carrier {
    /// The streams of `service`. It connects when first used.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn new(redis_url: &str, service: &'static str) -> RedisResult<Self> {
        let client = kit::redis::client(redis_url)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE))
            .set_connection_timeout(Some(RESPONSE))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        Ok(Self {
            client,
            connection,
            service,
        })
    }

    fn stream(&self, shard: u16) -> String {
        format!("ev:{}:{shard}", self.service)
    }

    fn wake_channel(&self) -> String {
        format!("wake:{}", self.service)
    }

    /// The newest position that each stream holds; 0 where it is empty.
    pub(crate) async fn positions(&self) -> RedisResult<Positions> {
        let mut ask = redis::pipe();
        for shard in 0..SHARDS {
            ask.cmd("XREVRANGE")
                .arg(self.stream(shard))
                .arg("+")
                .arg("-")
                .arg("COUNT")
                .arg(1);
        }
        let newest: Vec<Vec<(String, redis::Value)>> =
            ask.query_async(&mut self.connection.clone()).await?;
        let mut positions = [0; SHARDS as usize];
        for (slot, entries) in positions.iter_mut().zip(newest) {
            *slot = entries.first().map_or(0, |(id, _)| position(id));
        }
        Ok(positions)
    }

    /// Adds events, in order. Those that a stream already holds are passed over.
    pub(crate) async fn add(&self, events: &[Event]) -> RedisResult<()> {
        // The client refuses an empty pipeline.
        if events.is_empty() {
            return Ok(());
        }
        let mut batch = redis::pipe();
        batch.ignore_errors();
        for event in events {
            let stream = format!("ev:{}:{}", self.service, event.shard);
            batch
                .cmd("XADD")
                .arg(stream)
                .arg("MAXLEN")
                .arg("~")
                .arg(KEPT)
                .arg(format!("{}-1", event.position))
                .arg(FIELD)
                .arg(event.encode_to_vec());
        }
        let replies: Vec<RedisResult<redis::Value>> =
            batch.query_async(&mut self.connection.clone()).await?;
        // "ID is equal or smaller": another replica was faster. Anything else is a failure.
        let failure = replies
            .into_iter()
            .filter_map(Result::err)
            .find(|error| !error.to_string().contains("equal or smaller"));
        failure.map_or(Ok(()), Err)
    }

    /// Is this process the one that copies now? The answer holds for two seconds; two at once would do no harm.
    pub(crate) async fn lead(&self, replica: &str) -> RedisResult<bool> {
        const CLAIM: &str = "local holder = redis.call('GET', KEYS[1])
            if holder and holder ~= ARGV[1] then return 0 end
            redis.call('SET', KEYS[1], ARGV[1], 'PX', 2000)
            return 1";
        let script = redis::Script::new(CLAIM);
        let key = format!("relay:{}", self.service);
        script
            .key(key)
            .arg(replica)
            .invoke_async(&mut self.connection.clone())
            .await
    }

    /// Tells the copying replica that something was committed.
    pub(crate) async fn wake(&self) -> RedisResult<()> {
        self.connection
            .clone()
            .publish::<_, _, ()>(self.wake_channel(), "")
            .await
    }

    /// A connection that hears [`Carrier::wake`].
    pub(crate) async fn wakes(&self) -> RedisResult<redis::aio::PubSub> {
        let mut subscription = self.client.get_async_pubsub().await?;
        subscription.subscribe(self.wake_channel()).await?;
        Ok(subscription)
    }

    /// A connection for blocking reads.
    pub(crate) async fn blocking(&self) -> RedisResult<redis::aio::MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(RESPONSE))
            .set_response_timeout(Some(BLOCK + RESPONSE));
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    /// Events after the given positions, in order within each shard; nothing when none came for a second.
    pub(crate) async fn next(
        &self,
        connection: &mut redis::aio::MultiplexedConnection,
        after: &Positions,
    ) -> RedisResult<Vec<Event>> {
        let streams: Vec<String> = (0..SHARDS).map(|shard| self.stream(shard)).collect();
        let ids: Vec<String> = after
            .iter()
            .map(|position| format!("{position}-1"))
            .collect();
        let block = usize::try_from(BLOCK.as_millis()).unwrap_or(usize::MAX);
        let options = StreamReadOptions::default().block(block).count(500);
        let reply: Option<StreamReadReply> =
            connection.xread_options(&streams, &ids, &options).await?;
        let entries = reply
            .into_iter()
            .flat_map(|reply| reply.keys)
            .flat_map(|key| key.ids);
        // An entry that does not decode is left out: its position is a hole, and holes are read from the owner.
        Ok(entries
            .filter_map(|entry| Event::decode(&entry.get::<Vec<u8>>(FIELD)?[..]).ok())
            .collect())
    }
}

impl Carrier {
    /// What a stream still holds after a position, oldest first, at most 500 entries: for who looks through the past. Readers take
    /// [`Carrier::next`].
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn kept(&self, shard: u16, after: i64) -> RedisResult<Vec<Event>> {
        let reply: StreamRangeReply = self
            .connection
            .clone()
            .xrange_count(self.stream(shard), format!("({after}-1"), "+", 500)
            .await?;
        let entries = reply.ids.into_iter();
        Ok(entries
            .filter_map(|entry| Event::decode(&entry.get::<Vec<u8>>(FIELD)?[..]).ok())
            .collect())
    }

    /// Takes entries out of a stream. Their positions become holes: readers read those from the owner, as the events are there.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn forget(&self, shard: u16, positions: &[i64]) -> RedisResult<()> {
        if positions.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = positions.iter().map(|at| format!("{at}-1")).collect();
        self.connection
            .clone()
            .xdel::<_, _, ()>(self.stream(shard), &ids)
            .await
    }
}

/// The position in an entry's id, "position-1".
fn position(id: &str) -> i64 {
    id.split('-')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}
