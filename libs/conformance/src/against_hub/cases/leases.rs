//! Whose a delivery is.

use std::time::Duration;

use api::connector::v1::{DeliveryOutcome, DeliveryReport};
use api::conversations::v1::DeliveryStatus;

use super::super::player::{Player, report};
use crate::report::{Failure, ensure};

/// Longer than a lease.
const LONG: Duration = Duration::from_secs(45);

async fn is_refused(player: &Player, report: DeliveryReport) -> Result<(), Failure> {
    let outcome = report.outcome();
    let reason = player.report(report).await?;
    ensure(reason == "DELIVERY_NOT_FOUND", || {
        format!("{} under another lease: {reason:?}", outcome.as_str_name())
    })
}

pub async fn foreign(player: &Player) -> Result<(), Failure> {
    let talk = player.talk().await?;
    let mut deliveries = player.take(0).await?;
    player.answer(&talk).await?;
    let delivery = deliveries.next().await?;
    for outcome in [
        DeliveryOutcome::Sending,
        DeliveryOutcome::Sent,
        DeliveryOutcome::Failed,
    ] {
        let foreign = DeliveryReport {
            lease_token: delivery.lease_token + 1,
            ..report(&delivery, outcome)
        };
        is_refused(player, foreign).await?;
    }
    let status = player.status(&talk).await?;
    ensure(status == DeliveryStatus::Queued, || {
        format!("the message is {}", status.as_str_name())
    })?;
    player.tell(&delivery, DeliveryOutcome::Sent).await
}

pub async fn ends(player: &Player) -> Result<(), Failure> {
    let (silent, begun) = (player.talk().await?, player.talk().await?);
    let mut deliveries = player.take(0).await?;
    player.answer(&silent).await?;
    let one = deliveries.next().await?;
    player.answer(&begun).await?;
    let two = deliveries.next().await?;
    player.tell(&two, DeliveryOutcome::Sending).await?;
    for _ in 0..2 {
        let again = deliveries.within(LONG).await?;
        let again = again.ok_or_else(|| Failure::unmet("it did not come again within 45 s"))?;
        let before = if again.id == one.id { &one } else { &two };
        ensure(
            again.id == before.id && again.lease_token > before.lease_token,
            || {
                format!(
                    "lease {} after lease {}",
                    again.lease_token, before.lease_token
                )
            },
        )?;
        ensure(again.maybe_sent == (again.id == two.id), || {
            format!("maybe_sent is {} for {:?}", again.maybe_sent, again.text)
        })?;
        is_refused(player, report(before, DeliveryOutcome::Sent)).await?;
        player.tell(&again, DeliveryOutcome::Sent).await?;
    }
    Ok(())
}
