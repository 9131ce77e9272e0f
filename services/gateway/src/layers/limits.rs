//! How much at once, how large, how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Response};
use kit::Refusal;
use tokio::time::Instant;

use super::Handler;
use crate::body::Body;
use crate::call::{Call, Protocol};
use crate::config::Limits;
use crate::frames::{FrameGuard, Shape};
use crate::refusals::respond;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// When a call that was refused for lack of room is worth repeating.
const RETRY: Duration = Duration::from_millis(500);
/// The refusal has to reach the caller before the caller's own clock ends the call without a reason.
const TRAVEL: Duration = Duration::from_millis(20);
/// Digits that `grpc-timeout` may have.
const MAX_DIGITS: usize = 8;

/// Sheds load, guards bodies, sets deadlines.
pub struct Limited<H> {
    inner: H,
    limits: Limits,
    calls: Arc<AtomicUsize>,
    streams: Arc<AtomicUsize>,
}

impl<H> Limited<H> {
    /// Around `inner`.
    pub fn around(limits: Limits, inner: H) -> Self {
        Self {
            inner,
            limits,
            calls: Arc::default(),
            streams: Arc::default(),
        }
    }

    fn admit(&self, call: &mut Call) -> Result<Slot, Refusal> {
        let is_stream = call.rpc.as_ref().is_some_and(|rpc| rpc.is_stream());
        let (count, most) = if is_stream {
            (&self.streams, self.limits.max_streams)
        } else {
            (&self.calls, self.limits.max_calls)
        };
        let slot = Slot::take(count, most).ok_or_else(|| Refusal::overloaded(RETRY))?;
        if call.protocol != Protocol::Http {
            let single = call.rpc.as_ref().is_some_and(|rpc| !rpc.client_streams);
            call.body.guard(FrameGuard::new(Shape {
                max_message: self.limits.max_message,
                single,
            }));
            call.deadline = self.deadline(call, is_stream)?;
        }
        Ok(slot)
    }

    /// A unary call always has one; a stream has one when the caller names it.
    fn deadline(&self, call: &mut Call, is_stream: bool) -> Result<Option<Instant>, Refusal> {
        let named = match call.headers.get(GRPC_TIMEOUT) {
            Some(value) => Some(parse(value).ok_or_else(|| {
                Refusal::field(
                    "grpc-timeout",
                    "must be up to eight digits and one of H, M, S, m, u, n",
                )
            })?),
            None => None,
        };
        let most = self.limits.call_time;
        let time = match named {
            Some(time) if is_stream => time,
            None if is_stream => return Ok(None),
            Some(time) if time <= most => time,
            Some(_) | None => {
                // The service learns it too, and stops working on what nobody waits for.
                let text = format!("{}m", most.as_millis());
                call.headers.insert(
                    GRPC_TIMEOUT,
                    HeaderValue::try_from(text).map_err(Refusal::internal)?,
                );
                most
            }
        };
        let travel = TRAVEL.min(time / 10);
        Ok(Instant::now().checked_add(time.saturating_sub(travel)))
    }
}

impl<H: Handler> Handler for Limited<H> {
    async fn handle(&self, mut call: Box<Call>) -> Response<Body> {
        match self.admit(&mut call) {
            Ok(slot) => self.inner.handle(call).await.map(|body| body.holding(slot)),
            Err(refusal) => respond(call.protocol, refusal),
        }
    }
}

fn parse(value: &HeaderValue) -> Option<Duration> {
    let (digits, unit) = value
        .to_str()
        .ok()?
        .split_at_checked(value.len().checked_sub(1)?)?;
    let plain = (1..=MAX_DIGITS).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| plain)?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// A place among the calls in progress, given back when dropped.
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(count: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let slot = Self(count.clone());
        (count.fetch_add(1, Ordering::Relaxed) < most).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back() {
        let count = Arc::new(AtomicUsize::new(0));
        let first = Slot::take(&count, 1);
        assert!(first.is_some());
        assert!(Slot::take(&count, 1).is_none());
        drop(first);
        assert!(Slot::take(&count, 1).is_some());
    }

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        let read = |text: &str| parse(&HeaderValue::from_str(text).expect("a header"));
        assert_eq!(read("1S"), Some(Duration::from_secs(1)));
        assert_eq!(
            read("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3600))
        );
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        for bad in [
            "",
            "S",
            "1",
            "+1S",
            "-1S",
            "1.5S",
            "999999999S",
            "1 S",
            "1s",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
