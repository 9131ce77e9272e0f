//! How often a caller may call, counted over all replicas.
//!
//! A token bucket per caller lives in Redis. A replica takes tokens from it in chunks and spends them here, so most calls
//! ask nobody; the next chunk is fetched while the last one is being spent. Where guessing must be counted exactly
//! (log-ins), a chunk is one token. When Redis is away each replica counts by itself: limits get looser by the number of
//! replicas, and nobody is locked out.

mod buckets;
mod lease;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use kit::Refusal;
use kit::lifecycle::Lifecycle;
use quick_cache::sync::Cache;
use uuid::Uuid;

use crate::config::{Rate, Rates};
use buckets::Buckets;
use lease::Lease;

/// Callers remembered at once.
const CAPACITY: usize = 100_000;
/// A chunk is this part of a bucket: what a replica may hold without using it.
const CHUNKS: u32 = 20;

/// Which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// All of an account.
    Account,
    /// One API key.
    Key,
    /// One address without a token.
    Address,
    /// Log-ins from an address.
    LogIn,
    /// Refreshed sessions from an address.
    Refresh,
    /// Visitors from an address.
    VisitorSession,
    /// Unknown API keys from an address.
    KeyExchange,
    /// Providers' calls from an address.
    Hook,
}

impl Class {
    const ALL: [Self; 8] = [
        Self::Account,
        Self::Key,
        Self::Address,
        Self::LogIn,
        Self::Refresh,
        Self::VisitorSession,
        Self::KeyExchange,
        Self::Hook,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Key => "key",
            Self::Address => "address",
            Self::LogIn => "log_in",
            Self::Refresh => "refresh",
            Self::VisitorSession => "visitor_session",
            Self::KeyExchange => "key_exchange",
            Self::Hook => "hook",
        }
    }

    fn rate(self, rates: &Rates) -> Rate {
        match self {
            Self::Account => rates.account,
            Self::Key => rates.key,
            Self::Address => rates.address,
            Self::LogIn => rates.log_in,
            Self::Refresh => rates.refresh,
            Self::VisitorSession => rates.visitor_session,
            Self::KeyExchange => rates.key_exchange,
            Self::Hook => rates.hook,
        }
    }

    /// How many tokens are taken at a time.
    fn chunk(self, rate: Rate) -> u32 {
        match self {
            Self::Account | Self::Key | Self::Address | Self::Hook => (rate.burst / CHUNKS).max(1),
            Self::LogIn | Self::Refresh | Self::VisitorSession | Self::KeyExchange => 1,
        }
    }
}

/// Whose limit: an id or an address as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject(u128);

impl From<Uuid> for Subject {
    fn from(id: Uuid) -> Self {
        Self(id.as_u128())
    }
}

impl From<IpAddr> for Subject {
    /// An IPv6 address counts as its /64 network: that is what one customer of a provider gets.
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(u32::from(address).into()),
            IpAddr::V6(address) => Self(u128::from(address) >> 64 << 64),
        }
    }
}

/// Counts calls.
pub struct Limiter(Arc<Inner>);

struct Inner {
    rates: Rates,
    buckets: Buckets,
    leases: Cache<(Class, Subject), Arc<Lease>>,
    lifecycle: Lifecycle,
}

impl Limiter {
    /// Counts in the Redis at `redis_url`, whose keys begin with `prefix`.
    ///
    /// # Errors
    /// When the address is malformed. Redis need not be there.
    pub fn new(
        redis_url: &str,
        prefix: &str,
        rates: Rates,
        lifecycle: &Lifecycle,
    ) -> Result<Self, redis::RedisError> {
        Ok(Self(Arc::new(Inner {
            buckets: Buckets::new(redis_url, prefix, &rates)?,
            rates,
            leases: Cache::new(CAPACITY),
            lifecycle: lifecycle.clone(),
        })))
    }

    /// Counts one call.
    ///
    /// # Errors
    /// RATE_LIMITED with the time to wait.
    pub async fn take(&self, class: Class, subject: Subject) -> Result<(), Refusal> {
        let lease = match self.0.leases.get(&(class, subject)) {
            Some(lease) => lease,
            None => self.0.lease(class, subject),
        };
        let chunk = class.chunk(class.rate(&self.0.rates));
        match lease.spend() {
            Some(left) => {
                if left == chunk / 2 && chunk > 1 {
                    self.fetch_ahead(class, subject, lease, chunk);
                }
                Ok(())
            }
            None => Box::pin(self.0.fetch(class, subject, &lease, chunk))
                .await
                .map_err(Refusal::rate_limited),
        }
    }

    fn fetch_ahead(&self, class: Class, subject: Subject, lease: Arc<Lease>, chunk: u32) {
        let inner = self.0.clone();
        self.0.lifecycle.spawn("gateway.rate_limit", async move {
            if let Some(_fetching) = lease.try_lock()
                && let Ok(granted) = inner.buckets.take(class, subject, chunk).await
            {
                lease.add(granted);
            }
        });
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new(
            "redis://127.0.0.1:1",
            "",
            Rates::default(),
            &Lifecycle::new(),
        )
        .expect("an address")
    }
}

impl Inner {
    fn lease(&self, class: Class, subject: Subject) -> Arc<Lease> {
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::default());
        match self.leases.get_or_insert_with(&(class, subject), fresh) {
            Ok(lease) => lease,
            Err(never) => match never {},
        }
    }

    /// Fetches a chunk and spends one of it. Concurrent calls of one caller share the fetched chunk.
    async fn fetch(
        &self,
        class: Class,
        subject: Subject,
        lease: &Lease,
        chunk: u32,
    ) -> Result<(), Duration> {
        loop {
            if let Some(wait) = lease.blocked() {
                return Err(wait);
            }
            let _fetching = lease.lock().await;
            if lease.spend().is_some() {
                return Ok(());
            }
            if let Some(wait) = lease.blocked() {
                return Err(wait);
            }
            match self.buckets.take(class, subject, chunk).await {
                Ok(granted) => lease.add(granted),
                Err(wait) => {
                    lease.block(wait);
                    return Err(wait);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(log_in: Rate) -> Limiter {
        let rates = Rates {
            log_in,
            ..Rates::default()
        };
        Limiter::new("redis://127.0.0.1:1", "", rates, &Lifecycle::new()).expect("an address")
    }

    #[tokio::test]
    async fn without_redis_a_replica_counts_by_itself() {
        let limiter = limiter(Rate {
            per_second: 0.01,
            burst: 3,
        });
        let from = |last| Subject::from(IpAddr::from([192, 0, 2, last]));
        for _ in 0..3 {
            assert!(limiter.take(Class::LogIn, from(1)).await.is_ok());
        }
        assert!(limiter.take(Class::LogIn, from(1)).await.is_err());
        assert!(
            limiter.take(Class::LogIn, from(2)).await.is_ok(),
            "another address has its own"
        );
    }

    #[test]
    fn an_address_counts_as_what_one_customer_gets() {
        let of = |text: &str| Subject::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
