//! Moscow's days: the schedule of employees (SYN-38), and date and time in names.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use time::OffsetDateTime;

const MOSCOW: &str = "Europe/Moscow";

fn in_moscow(at: OffsetDateTime) -> Option<Zoned> {
    let zone = TimeZone::get(MOSCOW).ok()?;
    let at = Timestamp::from_nanosecond(at.unix_timestamp_nanos()).ok()?;
    Some(at.to_zoned(zone))
}

/// The last 00:00 in Moscow that is not after `now`.
#[must_use]
pub fn last_midnight(now: OffsetDateTime) -> OffsetDateTime {
    let midnight = in_moscow(now).and_then(|now| now.start_of_day().ok());
    let midnight = midnight.map(|it| it.timestamp().as_nanosecond());
    midnight
        .and_then(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos).ok())
        // The zone is compiled in: this is not reached.
        .unwrap_or(now)
}

/// Date and time in Moscow, for people: "22.11.2026" and "15:04".
#[must_use]
pub fn date_and_time(at: OffsetDateTime) -> Option<(String, String)> {
    let at = in_moscow(at)?;
    Some((
        at.strftime("%d.%m.%Y").to_string(),
        at.strftime("%H:%M").to_string(),
    ))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn moscows_midnight_is_nine_in_the_evening_of_utc() {
        let midnight = datetime!(2026-11-21 21:00 UTC);
        for now in [
            midnight,
            datetime!(2026-11-22 12:00 UTC),
            datetime!(2026-11-22 20:59:59 UTC),
        ] {
            assert_eq!(last_midnight(now), midnight, "{now}");
        }
        assert_eq!(
            last_midnight(datetime!(2026-11-22 21:00 UTC)),
            datetime!(2026-11-22 21:00 UTC)
        );
        // Moscow has had other hours: then midnight was at eight.
        assert_eq!(
            last_midnight(datetime!(2013-01-10 12:00 UTC)),
            datetime!(2013-01-09 20:00 UTC)
        );
    }

    #[test]
    fn people_read_dates_and_times_of_moscow() {
        let told = date_and_time(datetime!(2026-11-22 21:04 UTC)).expect("a time");
        assert_eq!(told, ("23.11.2026".to_owned(), "00:04".to_owned()));
    }
}
