//! Timestamps between the wire and the domain.

use prost_types::Timestamp;
use time::OffsetDateTime;

/// As the wire carries it.
#[must_use]
pub fn to_proto(time: OffsetDateTime) -> Timestamp {
    Timestamp {
        seconds: time.unix_timestamp(),
        // A nanosecond of a second is below 10^9 and fits.
        nanos: time.nanosecond().cast_signed(),
    }
}

/// As the domain knows it; `None` when it is no time between the years 1 and 9999.
#[must_use]
pub fn from_proto(time: &Timestamp) -> Option<OffsetDateTime> {
    let seconds = OffsetDateTime::from_unix_timestamp(time.seconds).ok()?;
    let nanos = u32::try_from(time.nanos).ok()?;
    seconds
        .replace_nanosecond(nanos)
        .ok()
        .filter(|time| time.year() >= 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_time_survives_the_wire(seconds in 0i64..4_000_000_000, nanos in 0u32..1_000_000_000) {
            let time = OffsetDateTime::from_unix_timestamp(seconds).expect("in range").replace_nanosecond(nanos).expect("in range");
            prop_assert_eq!(from_proto(&to_proto(time)), Some(time));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0)] {
            assert_eq!(from_proto(&Timestamp { seconds, nanos }), None);
        }
    }
}
