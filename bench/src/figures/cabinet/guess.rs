//! S7: does the time of an answer tell who is a client? Samples of a known and of an unknown number, one after the other, whichever comes
//! first by chance. Nobody waits for the SMS between them: what sending one costs is part of what an attacker could measure.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::Cabinet;
use crate::dice::Dice;
use crate::report::{Goal, Report};

const KNOWN: &str = "+79990000004";
const UNKNOWN: &str = "+79990000005";

const PERCENT: Goal = Goal {
    id: "S7",
    floor: "–",
    target: "≤ 1",
};
const TIME: Goal = Goal {
    target: "≤ 50",
    ..PERCENT
};

/// Times of one kind of number, in microseconds.
#[derive(Default)]
struct Times {
    ask: Vec<f64>,
    confirm: Vec<f64>,
}

/// Measures it.
pub async fn measure(cabinet: &Cabinet<'_>, report: &mut Report) -> Result<()> {
    cabinet.contact("Galina Client", KNOWN).await?;
    let (mut known, mut unknown, mut dice) = (Times::default(), Times::default(), Dice::new(7));
    for _ in 0..cabinet.options.samples {
        let first = dice.roll(2) == 0;
        for is_known in [first, !first] {
            let (phone, times) = if is_known {
                (KNOWN, &mut known)
            } else {
                (UNKNOWN, &mut unknown)
            };
            try_once(cabinet, phone, times).await?;
        }
    }
    ensure!(
        cabinet.sms.count(UNKNOWN) == 0,
        "nobody's number got an SMS"
    );
    for (what, known, unknown) in [
        ("asking for a code", &mut known.ask, &mut unknown.ask),
        ("a wrong code", &mut known.confirm, &mut unknown.confirm),
    ] {
        let (known, unknown) = (median(known), median(unknown));
        let difference = (known - unknown).abs();
        let name = format!("{what}, known and unknown number, difference");
        report.add(PERCENT, &name, "%", &[100.0 * difference / known.max(1.0)]);
        report.add(TIME, &name, "µs", &[difference]);
    }
    Ok(())
}

async fn try_once(cabinet: &Cabinet<'_>, phone: &str, times: &mut Times) -> Result<()> {
    let start = Instant::now();
    let token = cabinet.ask(phone, "203.0.113.2").await?;
    times.ask.push(start.elapsed().as_secs_f64() * 1e6);
    let start = Instant::now();
    // The chance that it is the code is one in a million.
    let tried = cabinet.confirm(&token, "000000").await;
    times.confirm.push(start.elapsed().as_secs_f64() * 1e6);
    ensure!(tried.is_err(), "a guess was right: measure again");
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
