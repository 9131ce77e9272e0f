//! The buckets: in Redis, or in this process while Redis is away.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{RedisError, Script};

use super::{Class, Subject};
use crate::config::{Rate, Rates};
use crate::sampled;

/// Takes up to `ARGV[3]` tokens from a bucket of `ARGV[2]` that gains one each `ARGV[1]` microseconds. The key holds the time at
/// which the bucket is full again, which says everything about it. Gives the tokens taken, or the milliseconds to wait.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local taken = math.min(math.floor((now + burst * interval - full) / interval), tonumber(ARGV[3]))
if taken < 1 then
  return {0, math.ceil((full + interval - now - burst * interval) / 1000)}
end
full = full + taken * interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return {taken, 0}
";

/// A slow Redis must not make every call slow.
const TIMEOUT: Duration = Duration::from_millis(100);
/// How long Redis is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Callers counted locally at once before those who have been quiet are forgotten.
const LOCAL_CAPACITY: usize = 100_000;

/// See the module.
pub(super) struct Buckets {
    redis: RedisState,
    local: HashMap<Class, DefaultKeyedRateLimiter<Subject>>,
    rates: Rates,
    prefix: String,
}

struct RedisState {
    client: redis::Client,
    connection: tokio::sync::OnceCell<ConnectionManager>,
    script: Script,
    begun: Instant,
    /// Milliseconds since `begun` until which Redis is left alone.
    paused_until: AtomicU64,
}

impl Buckets {
    pub(super) fn new(redis_url: &str, prefix: &str, rates: &Rates) -> Result<Self, RedisError> {
        let local = Class::ALL.map(|class| {
            (
                class,
                DefaultKeyedRateLimiter::keyed(quota(class.rate(rates))),
            )
        });
        Ok(Self {
            redis: RedisState {
                client: kit::redis::client(redis_url)?,
                connection: tokio::sync::OnceCell::new(),
                script: Script::new(TAKE),
                begun: Instant::now(),
                paused_until: AtomicU64::new(0),
            },
            local: local.into(),
            rates: *rates,
            prefix: format!("{prefix}rate:"),
        })
    }

    /// Takes up to `want` tokens, or says how long to wait for one.
    pub(super) async fn take(
        &self,
        class: Class,
        subject: Subject,
        want: u32,
    ) -> Result<u32, Duration> {
        if self.redis.is_paused() {
            return self.take_here(class, subject, want);
        }
        let rate = class.rate(&self.rates);
        let key = format!("{}{}:{:x}", self.prefix, class.name(), subject.0);
        match self.redis.take(&key, rate, want).await {
            Ok((0, wait_ms)) => Err(Duration::from_millis(wait_ms.max(1))),
            Ok((taken, _)) => Ok(u32::try_from(taken).unwrap_or(want)),
            Err(error) => {
                self.redis.pause();
                sampled!("Redis does not count calls; this replica counts by itself", %error);
                self.take_here(class, subject, want)
            }
        }
    }

    fn take_here(&self, class: Class, subject: Subject, want: u32) -> Result<u32, Duration> {
        let Some(limiter) = self.local.get(&class) else {
            return Ok(1);
        };
        if limiter.len() > LOCAL_CAPACITY {
            limiter.retain_recent();
        }
        let all =
            NonZeroU32::new(want).and_then(|want| limiter.check_key_n(&subject, want).ok()?.ok());
        if all.is_some() {
            return Ok(want);
        }
        limiter
            .check_key(&subject)
            .map(|()| 1)
            .map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
    }
}

impl RedisState {
    async fn take(&self, key: &str, rate: Rate, want: u32) -> Result<(u64, u64), RedisError> {
        let mut connection = self
            .connection
            .get_or_try_init(|| async { self.connect() })
            .await?
            .clone();
        let interval = (1_000_000.0 / rate.per_second.max(f64::MIN_POSITIVE)).ceil();
        let mut call = self.script.prepare_invoke();
        call.key(key)
            .arg(format!("{interval:.0}"))
            .arg(rate.burst.max(1))
            .arg(want);
        let taken = tokio::time::timeout(TIMEOUT, call.invoke_async(&mut connection)).await;
        taken.unwrap_or_else(|_| {
            Err(RedisError::from((
                redis::ErrorKind::Io,
                "no answer in time",
            )))
        })
    }

    fn connect(&self) -> Result<ConnectionManager, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(0);
        ConnectionManager::new_lazy_with_config(self.client.clone(), config)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_paused(&self) -> bool {
        self.now() < self.paused_until.load(Ordering::Relaxed)
    }

    fn pause(&self) {
        let until = self.begun.elapsed() + PAUSE;
        self.paused_until.store(
            u64::try_from(until.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }
}

fn quota(rate: Rate) -> Quota {
    let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
    let interval = Duration::try_from_secs_f64(1.0 / rate.per_second).unwrap_or(Duration::MAX);
    Quota::with_period(interval.max(Duration::from_nanos(1)))
        .map_or(Quota::per_hour(burst), |quota| quota.allow_burst(burst))
}
