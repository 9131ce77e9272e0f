//! How often a visitor and an address may call.
//!
//! Counters stand in Redis, so that all replicas count together: one for each window of time, which a caller may fill twice
//! around its border. Without Redis each replica counts by itself, so the limits grow with the replicas and still hold.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use kit::Refusal;
use redis::aio::ConnectionManager;
use time::OffsetDateTime;
use types::{Clock, VisitorId};

/// So many calls in so long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls.
    pub calls: NonZeroU32,
    /// In this time; at least a second.
    pub window: Duration,
}

impl Rate {
    /// `calls` in `seconds`; 0 of either means 1.
    #[must_use]
    pub const fn new(calls: u32, seconds: u64) -> Self {
        let calls = match NonZeroU32::new(calls) {
            Some(calls) => calls,
            None => NonZeroU32::MIN,
        };
        let window = Duration::from_secs(if seconds == 0 { 1 } else { seconds });
        Self { calls, window }
    }
}

/// The limits of visitors' calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// StartVisitorSession, by address.
    pub sessions_by_address: Rate,
    /// SendVisitorMessage, by visitor.
    pub messages_by_visitor: Rate,
    /// SendVisitorMessage, by address: an office or a mobile network has many visitors.
    pub messages_by_address: Rate,
    /// UploadVisitorFilePart, by visitor: parts of 128 KiB.
    pub parts_by_visitor: Rate,
    /// UploadVisitorFilePart, by address.
    pub parts_by_address: Rate,
    /// DownloadVisitorFile, by visitor: a page of the history may have many pictures, and a player fetches a film piece by piece.
    pub files_by_visitor: Rate,
    /// Every other call, by visitor.
    pub calls_by_visitor: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions_by_address: Rate::new(60, 60),
            messages_by_visitor: Rate::new(30, 10),
            messages_by_address: Rate::new(600, 60),
            parts_by_visitor: Rate::new(1_600, 60),
            parts_by_address: Rate::new(16_000, 600),
            files_by_visitor: Rate::new(600, 60),
            calls_by_visitor: Rate::new(120, 10),
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A session is started.
    Start,
    /// A message is sent.
    Send,
    /// A part of a file comes.
    Upload,
    /// A file is fetched.
    Download,
    /// Anything else.
    Other,
}

/// How long a replica counts by itself after Redis failed: a Redis that answers nobody must not slow every call.
const ALONE: Duration = Duration::from_secs(1);

/// Counts calls. Meant to be shared.
pub struct Limiter {
    limits: Limits,
    redis: ConnectionManager,
    clock: Clock,
    alone_until: Mutex<Option<Instant>>,
    local: [(Rate, DefaultKeyedRateLimiter<String>); 7],
}

impl Limiter {
    /// Counts in `redis`.
    #[must_use]
    pub fn new(limits: Limits, redis: ConnectionManager, clock: Clock) -> Self {
        let rates = [
            limits.sessions_by_address,
            limits.messages_by_visitor,
            limits.messages_by_address,
            limits.parts_by_visitor,
            limits.parts_by_address,
            limits.files_by_visitor,
            limits.calls_by_visitor,
        ];
        let local = rates.map(|rate| (rate, RateLimiter::keyed(quota(rate))));
        Self {
            limits,
            redis,
            clock,
            alone_until: Mutex::new(None),
            local,
        }
    }

    /// Counts a call. Calls that come past the gateway have no address, and a new visitor no id yet: what is not there is
    /// not counted.
    ///
    /// # Errors
    /// RATE_LIMITED with the time to wait.
    pub async fn admit(
        &self,
        action: Action,
        visitor: Option<VisitorId>,
        address: Option<&str>,
    ) -> Result<(), Refusal> {
        let visitor = visitor.map(|visitor| visitor.to_string());
        let address = address.map(str::to_owned);
        let limits = &self.limits;
        let counted = match action {
            Action::Start => vec![("start", limits.sessions_by_address, address)],
            Action::Send => vec![
                ("send", limits.messages_by_visitor, visitor),
                ("send-from", limits.messages_by_address, address),
            ],
            Action::Upload => vec![
                ("part", limits.parts_by_visitor, visitor),
                ("part-from", limits.parts_by_address, address),
            ],
            Action::Download => vec![("file", limits.files_by_visitor, visitor)],
            Action::Other => vec![("call", limits.calls_by_visitor, visitor)],
        };
        let counted: Vec<_> = counted
            .into_iter()
            .filter_map(|(name, rate, who)| Some((name, rate, who?)))
            .collect();
        if counted.is_empty() {
            return Ok(());
        }
        if self.is_alone() {
            return self.count_here(&counted);
        }
        match self.count(&counted).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::debug!(%error, "calls are counted on this replica alone");
                self.set_alone();
                self.count_here(&counted)
            }
        }
    }

    fn is_alone(&self) -> bool {
        let until = *self
            .alone_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn set_alone(&self) {
        let until = Some(Instant::now() + ALONE);
        *self
            .alone_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = until;
    }

    async fn count(
        &self,
        counted: &[(&str, Rate, String)],
    ) -> redis::RedisResult<Result<(), Refusal>> {
        let now = self.clock.now();
        let mut pipeline = redis::pipe();
        for (name, rate, who) in counted {
            let key = format!("oc:rate:{name}:{who}:{}", window(now, *rate));
            pipeline.incr(&key, 1);
            pipeline.expire(&key, seconds(*rate) + 1).ignore();
        }
        let counts: Vec<u32> = pipeline.query_async(&mut self.redis.clone()).await?;
        let exceeded = counted
            .iter()
            .zip(counts)
            .find(|((_, rate, _), count)| *count > rate.calls.get());
        Ok(match exceeded {
            Some(((_, rate, _), _)) => Err(Refusal::rate_limited(rest_of_window(now, *rate))),
            None => Ok(()),
        })
    }

    fn count_here(&self, counted: &[(&str, Rate, String)]) -> Result<(), Refusal> {
        for (name, rate, who) in counted {
            let Some((_, limiter)) = self.local.iter().find(|(known, _)| known == rate) else {
                continue;
            };
            limiter
                .check_key(&format!("{name}:{who}"))
                .map_err(|until| {
                    Refusal::rate_limited(until.wait_time_from(DefaultClock::default().now()))
                })?;
        }
        Ok(())
    }

    /// Drops local counters of callers who have been quiet.
    pub fn tidy(&self) {
        for (_, limiter) in &self.local {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn quota(rate: Rate) -> Quota {
    let each = rate.window / rate.calls.get();
    Quota::with_period(each)
        .unwrap_or(Quota::per_second(rate.calls))
        .allow_burst(rate.calls)
}

fn seconds(rate: Rate) -> i64 {
    i64::try_from(rate.window.as_secs())
        .unwrap_or(i64::MAX)
        .max(1)
}

fn window(now: OffsetDateTime, rate: Rate) -> i64 {
    now.unix_timestamp().div_euclid(seconds(rate))
}

fn rest_of_window(now: OffsetDateTime, rate: Rate) -> Duration {
    let passed = now.unix_timestamp().rem_euclid(seconds(rate));
    Duration::from_secs((seconds(rate) - passed).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_when_the_refusal_says() {
        let rate = Rate::new(5, 60);
        for second in [0, 1, 59, 60, 119] {
            let now = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(second);
            let then = now + rest_of_window(now, rate);
            assert_eq!(window(then, rate), window(now, rate) + 1, "second {second}");
            assert!(rest_of_window(now, rate) <= rate.window);
        }
    }
}
