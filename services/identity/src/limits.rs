//! How often log-in may be tried, per address and per e-mail or key: counted in Redis for all replicas, and in memory where
//! Redis does not answer. A try is paid for before the password is looked at, so that many at once gain nothing; a
//! successful one is paid back, so that an office behind one address can begin its day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use kit::secrets::sha256;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{RedisResult, Script};
use types::Clock;

use crate::Error;
use crate::domain::limits::Rule;

/// How long Redis may take: log-in waits for it, and memory is good enough.
const REDIS: Duration = Duration::from_millis(250);
/// How many keys memory holds before those that are paid back are thrown out.
const IN_MEMORY: usize = 10_000;

/// Keys, milliseconds per try, milliseconds of all tries at once. The wait in milliseconds, or 0: then every key is
/// charged. It is `Rule::take` for several keys at once: either all are charged or none.
const TAKE: &str = r"
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local after, longest = {}, 0
    for i, key in ipairs(KEYS) do
        local paid_back = tonumber(redis.call('GET', key)) or 0
        after[i] = math.max(paid_back, now) + tonumber(ARGV[1])
        longest = math.max(longest, after[i] - now - tonumber(ARGV[2]))
    end
    if longest > 0 then return longest end
    for i, key in ipairs(KEYS) do
        redis.call('SET', key, string.format('%d', after[i]), 'PX', string.format('%d', after[i] - now))
    end
    return 0";

/// Keys, milliseconds per try.
const GIVE_BACK: &str = r"
    for _, key in ipairs(KEYS) do
        if redis.call('EXISTS', key) == 1 then redis.call('DECRBY', key, ARGV[1]) end
    end";

/// Counts tries. Clones share the counters.
#[derive(Clone)]
pub struct Limits(Option<Arc<Inner>>);

struct Inner {
    rule: Rule,
    redis: ConnectionManager,
    take: Script,
    give_back: Script,
    clock: Clock,
    memory: Mutex<HashMap<String, Duration>>,
}

impl Limits {
    /// Counters with this rule; `None` lifts the limit.
    ///
    /// # Errors
    /// When the URL of Redis is malformed.
    pub fn new(rule: Option<Rule>, redis_url: &str, clock: Clock) -> RedisResult<Self> {
        let Some(rule) = rule else {
            return Ok(Self(None));
        };
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(REDIS))
            .set_connection_timeout(Some(REDIS))
            .set_number_of_retries(1);
        let client = kit::redis::client(redis_url)?;
        Ok(Self(Some(Arc::new(Inner {
            rule,
            redis: ConnectionManager::new_lazy_with_config(client, config)?,
            take: Script::new(TAKE),
            give_back: Script::new(GIVE_BACK),
            clock,
            memory: Mutex::default(),
        }))))
    }

    /// Pays for a try by all of `who`, such as an address and an e-mail.
    ///
    /// # Errors
    /// `RateLimited` with the time to wait; nobody has paid then.
    pub async fn take(&self, who: &[String]) -> Result<Paid, Error> {
        let Some(inner) = &self.0 else {
            return Ok(Paid {
                limits: None,
                keys: Vec::new(),
            });
        };
        let keys: Vec<String> = who.iter().map(|who| key(who)).collect();
        let wait = match inner.take_in_redis(&keys).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::debug!(%error, "log-in tries are counted in memory");
                inner.take_in_memory(&keys)
            }
        };
        if wait.is_zero() {
            Ok(Paid {
                limits: Some(Arc::clone(inner)),
                keys,
            })
        } else {
            Err(Error::RateLimited(wait))
        }
    }
}

/// A try that was paid for.
#[must_use]
pub struct Paid {
    limits: Option<Arc<Inner>>,
    keys: Vec<String>,
}

impl Paid {
    /// It succeeded: it cost nothing.
    pub async fn give_back(self) {
        let Some(inner) = self.limits else { return };
        if inner.give_back_in_redis(&self.keys).await.is_err() {
            inner.give_back_in_memory(&self.keys);
        }
    }
}

/// Redis and memory see digests, not addresses and e-mails.
fn key(who: &str) -> String {
    format!("login:{}", HEXLOWER.encode(&sha256(who.as_bytes())[..16]))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Inner {
    async fn take_in_redis(&self, keys: &[String]) -> RedisResult<Duration> {
        let mut call = self.take.prepare_invoke();
        for key in keys {
            call.key(key);
        }
        call.arg(milliseconds(self.rule.refill))
            .arg(milliseconds(self.rule.capacity()));
        let wait: u64 = call.invoke_async(&mut self.redis.clone()).await?;
        Ok(Duration::from_millis(wait))
    }

    async fn give_back_in_redis(&self, keys: &[String]) -> RedisResult<()> {
        let mut call = self.give_back.prepare_invoke();
        for key in keys {
            call.key(key);
        }
        call.arg(milliseconds(self.rule.refill));
        call.invoke_async(&mut self.redis.clone()).await
    }

    fn now(&self) -> Duration {
        let since_1970 = self.clock.now() - time::OffsetDateTime::UNIX_EPOCH;
        since_1970.try_into().unwrap_or_default()
    }

    fn take_in_memory(&self, keys: &[String]) -> Duration {
        let now = self.now();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= IN_MEMORY {
            memory.retain(|_, paid_back| *paid_back > now);
        }
        let take = |key: &String| {
            let paid_back = memory.get(key).copied().unwrap_or_default();
            self.rule.take(paid_back, now)
        };
        let taken: Vec<_> = keys.iter().map(take).collect();
        if let Some(wait) = taken.iter().filter_map(|taken| taken.err()).max() {
            return wait;
        }
        memory.extend(keys.iter().cloned().zip(taken.into_iter().flatten()));
        Duration::ZERO
    }

    fn give_back_in_memory(&self, keys: &[String]) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if let Some(paid_back) = memory.get_mut(key) {
                *paid_back = paid_back.saturating_sub(self.rule.refill);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No Redis listens there: memory counts.
    fn without_redis(clock: &Clock) -> Limits {
        let rule = Rule {
            burst: 3,
            refill: Duration::from_secs(20),
        };
        Limits::new(Some(rule), "redis://127.0.0.1:1", clock.clone()).expect("a URL")
    }

    #[tokio::test]
    async fn without_redis_tries_are_still_counted() {
        let clock = Clock::manual(time::OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1000));
        let limits = without_redis(&clock);
        let (office, anna) = ("address 10.0.0.1".to_owned(), "anna".to_owned());
        for _ in 0..3 {
            let _ = limits
                .take(&[office.clone(), anna.clone()])
                .await
                .expect("allowed");
        }
        let refused = limits.take(&[office.clone(), "boris".to_owned()]).await;
        assert!(
            matches!(refused, Err(Error::RateLimited(wait)) if wait == Duration::from_secs(20))
        );
        clock.advance(Duration::from_secs(20));
        assert!(limits.take(&[office, "boris".to_owned()]).await.is_ok());
    }

    #[tokio::test]
    async fn a_success_costs_nothing() {
        let clock = Clock::manual(time::OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1000));
        let limits = without_redis(&clock);
        for _ in 0..10 {
            limits
                .take(&["office".to_owned()])
                .await
                .expect("allowed")
                .give_back()
                .await;
        }
    }
}
