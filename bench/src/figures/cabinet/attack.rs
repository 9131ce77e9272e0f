//! S8: somebody has SMS sent at the company's cost. From many addresses codes are asked for: for neighbouring numbers that the attacker has
//! put into the company's contacts, as anybody can who fills in a form, and for foreign numbers that are nobody's. Meanwhile real clients
//! log in.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use types::Clock;

use super::Cabinet;
use crate::report::{Goal, Report};

/// SMS to ten thousand neighbouring numbers in an hour, as docs/cabinet.md has it.
const CAP: usize = 100;
/// Of which the SMS that may go out at the turn of an hour are counted, too.
const WINDOWS: usize = 2;
/// Attackers' numbers for each real client who logs in meanwhile.
const ATTACKS: u64 = 10;
/// An alarm that comes later is none.
const LIMIT: Duration = Duration::from_secs(60);

/// Beginnings of foreign numbers that cost much.
const FOREIGN: [&str; 4] = ["99290", "21620", "96077", "25261"];

const GOAL: Goal = Goal {
    id: "S8",
    floor: "–",
    target: "–",
};

/// Measures it.
pub async fn measure(cabinet: &Cabinet<'_>, admin: &str, report: &mut Report) -> Result<()> {
    // Nothing here is called over TLS; a client is not made without a provider of it.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let attacks = cabinet.options.attacks;
    let own: Vec<String> = (0..attacks).map(|n| format!("+7911222{n:04}")).collect();
    for (number, phone) in own.iter().enumerate() {
        cabinet.contact(&format!("Form {number}"), phone).await?;
    }
    let foreign = |n: u64| format!("+{}{n:07}", FOREIGN[n as usize % 4]);
    let clients: Vec<String> = (0..attacks / ATTACKS + 1)
        .map(|n| format!("+79{n:02}5550{n:03}"))
        .collect();
    for (number, phone) in clients.iter().enumerate() {
        cabinet.contact(&format!("Client {number}"), phone).await?;
    }
    let (begin, mut served, mut held_back) = (Instant::now(), 0, None);
    for n in 0..attacks {
        let address = format!("198.51.{}.{}", n / 250 % 250, n % 250 + 1);
        // Refused or not: an attacker goes on.
        let _ = cabinet.ask(&own[n as usize], &address).await;
        let _ = cabinet.ask(&foreign(n), &address).await;
        if n % ATTACKS == 0 {
            served += u64::from(
                cabinet
                    .log_in(&clients[(n / ATTACKS) as usize])
                    .await
                    .is_ok(),
            );
        }
        if held_back.is_none() && n as usize >= CAP && alarm(admin).await? {
            held_back = Some(begin.elapsed());
        }
    }
    let since = Instant::now();
    while held_back.is_none() && attacks as usize > CAP * WINDOWS && since.elapsed() < LIMIT {
        held_back = alarm(admin).await?.then(|| begin.elapsed());
        Clock::system().sleep(Duration::from_millis(100)).await;
    }
    tell(cabinet, (&own[..], served, held_back), report)
}

fn tell(
    cabinet: &Cabinet<'_>,
    (own, served, held_back): (&[String], u64, Option<Duration>),
    report: &mut Report,
) -> Result<()> {
    let target = |target| Goal { target, ..GOAL };
    let attacks = cabinet.options.attacks;
    let spent: usize = own.iter().map(|phone| cabinet.sms.count(phone)).sum();
    let what = format!("SMS to {attacks} neighbouring numbers of an attacker");
    report.add(target("≤ 100 an hour"), &what, "", &[spent as f64]);
    let real = attacks.div_ceil(ATTACKS).max(1);
    let share = 100.0 * served as f64 / real as f64;
    report.add(
        target("≥ 99"),
        "real clients who came in meanwhile",
        "%",
        &[share],
    );
    if let Some(time) = held_back {
        let seconds = time.as_secs_f64();
        report.add(
            target("≤ 60"),
            "attack to alarm (metric and log)",
            "s",
            &[seconds],
        );
    }
    Ok(())
}

/// Does the metric say that SMS are held back?
async fn alarm(admin: &str) -> Result<bool> {
    let page = reqwest::get(format!("http://{admin}/metrics")).await;
    let page = page.context("the cabinet's metrics")?.text().await?;
    Ok(page.contains("beseda_cabinet_sms_capped_total"))
}
