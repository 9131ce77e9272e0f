//! What employees answer.

use std::collections::HashMap;
use std::time::Duration;

use api::connector::v1::{DeliveryOutcome, DeliveryReport};
use api::conversations::v1::DeliveryStatus;

use super::super::player::{Deliveries, Player, report};
use crate::report::{Failure, ensure};

/// Long enough for a hub to have looked again: what has not come by then does not come.
const QUIET: Duration = Duration::from_secs(3);

async fn is_quiet(deliveries: &mut Deliveries, why: &str) -> Result<(), Failure> {
    let came = deliveries.within(QUIET).await?;
    ensure(came.is_none(), || {
        format!("a delivery was handed out {why}")
    })
}

pub async fn hands_out(player: &Player) -> Result<(), Failure> {
    let talk = player.talk().await?;
    let mut deliveries = player.take(0).await?;
    let text = player.answer(&talk).await?;
    let delivery = deliveries.next().await?;
    ensure(
        delivery.text == text
            && delivery.external_chat_id == talk.chat
            && delivery.connection_id == player.connection,
        || {
            format!(
                "{:?} for {:?} was handed out",
                delivery.text, delivery.external_chat_id
            )
        },
    )?;
    ensure(
        delivery.lease_token > 0 && delivery.attempt == 1 && !delivery.maybe_sent,
        || {
            format!(
                "lease {}, attempt {}",
                delivery.lease_token, delivery.attempt
            )
        },
    )?;
    player.tell(&delivery, DeliveryOutcome::Sending).await?;
    let sent = DeliveryReport {
        external_message_id: player.unique("message"),
        ..report(&delivery, DeliveryOutcome::Sent)
    };
    let reason = player.report(sent.clone()).await?;
    ensure(reason.is_empty(), || format!("SENT was refused: {reason}"))?;
    // An answer may be lost: the same again is no error.
    let reason = player.report(sent).await?;
    ensure(reason.is_empty(), || {
        format!("SENT, told again, was refused: {reason}")
    })?;
    player.reaches(&talk, DeliveryStatus::Sent).await?;
    let failed = player.answer(&talk).await?;
    let delivery = deliveries.next().await?;
    ensure(delivery.text == failed, || {
        format!("{:?} was handed out", delivery.text)
    })?;
    player.tell(&delivery, DeliveryOutcome::Failed).await?;
    player.reaches(&talk, DeliveryStatus::Failed).await
}

pub async fn reconnect(player: &Player) -> Result<(), Failure> {
    let talk = player.talk().await?;
    drop(player.take(0).await?);
    player.settle().await;
    let text = player.answer(&talk).await?;
    let mut deliveries = player.take(0).await?;
    let delivery = deliveries.next().await?;
    ensure(delivery.text == text, || {
        format!("{:?} was handed out", delivery.text)
    })?;
    player.tell(&delivery, DeliveryOutcome::Sent).await
}

pub async fn order(player: &Player) -> Result<(), Failure> {
    let (first, other) = (player.talk().await?, player.talk().await?);
    let mut deliveries = player.take(0).await?;
    let one = player.answer(&first).await?;
    let two = player.answer(&first).await?;
    let beside = player.answer(&other).await?;
    let mut out = HashMap::new();
    for _ in 0..2 {
        let delivery = deliveries.next().await?;
        out.insert(delivery.text.clone(), delivery);
    }
    let (Some(held), Some(passing)) = (out.get(&one), out.get(&beside)) else {
        return Err(Failure::unmet(format!("{:?} were handed out", out.keys())));
    };
    player.tell(passing, DeliveryOutcome::Sent).await?;
    is_quiet(
        &mut deliveries,
        "before the one before it in its chat was reported",
    )
    .await?;
    player.tell(held, DeliveryOutcome::Sent).await?;
    let next = deliveries.next().await?;
    ensure(next.text == two, || {
        format!("{:?} was handed out", next.text)
    })?;
    player.tell(&next, DeliveryOutcome::Sent).await
}

pub async fn retries(player: &Player) -> Result<(), Failure> {
    let talk = player.talk().await?;
    let mut deliveries = player.take(0).await?;
    player.answer(&talk).await?;
    let first = deliveries.next().await?;
    let later = DeliveryReport {
        retry_after_ms: 2_000,
        ..report(&first, DeliveryOutcome::Retry)
    };
    let begun = std::time::Instant::now();
    let reason = player.report(later).await?;
    ensure(reason.is_empty(), || format!("RETRY was refused: {reason}"))?;
    let again = deliveries.next().await?;
    let waited = begun.elapsed();
    ensure(waited >= Duration::from_millis(1_900), || {
        format!("it came after {waited:?}, not 2 s")
    })?;
    ensure(
        again.id == first.id && again.attempt == 2 && again.lease_token > first.lease_token,
        || {
            format!(
                "attempt {}, lease {} after lease {}",
                again.attempt, again.lease_token, first.lease_token
            )
        },
    )?;
    player.tell(&again, DeliveryOutcome::Sent).await
}

pub async fn most(player: &Player) -> Result<(), Failure> {
    let mut talks = Vec::new();
    for _ in 0..3 {
        talks.push(player.talk().await?);
    }
    let mut deliveries = player.take(2).await?;
    for talk in &talks {
        player.answer(talk).await?;
    }
    let (one, two) = (deliveries.next().await?, deliveries.next().await?);
    is_quiet(&mut deliveries, "beyond max_in_flight").await?;
    player.tell(&one, DeliveryOutcome::Sent).await?;
    let three = deliveries.next().await?;
    player.tell(&two, DeliveryOutcome::Sent).await?;
    player.tell(&three, DeliveryOutcome::Sent).await
}

/// A receipt needs no lease.
fn receipt(delivery_id: &str, outcome: DeliveryOutcome) -> DeliveryReport {
    DeliveryReport {
        delivery_id: delivery_id.to_owned(),
        outcome: outcome.into(),
        ..DeliveryReport::default()
    }
}

pub async fn late(player: &Player) -> Result<(), Failure> {
    let talk = player.talk().await?;
    let mut deliveries = player.take(0).await?;
    player.answer(&talk).await?;
    let delivery = deliveries.next().await?;
    player.tell(&delivery, DeliveryOutcome::Sent).await?;
    for outcome in [DeliveryOutcome::Read, DeliveryOutcome::Delivered] {
        let reason = player.report(receipt(&delivery.id, outcome)).await?;
        ensure(reason.is_empty(), || {
            format!("{} was refused: {reason}", outcome.as_str_name())
        })?;
    }
    player.tell(&delivery, DeliveryOutcome::Sent).await?;
    player.reaches(&talk, DeliveryStatus::Read).await
}

pub async fn early(player: &Player) -> Result<(), Failure> {
    let talk = player.talk().await?;
    let mut deliveries = player.take(0).await?;
    player.answer(&talk).await?;
    let delivery = deliveries.next().await?;
    player.tell(&delivery, DeliveryOutcome::Sending).await?;
    let reason = player
        .report(receipt(&delivery.id, DeliveryOutcome::Delivered))
        .await?;
    ensure(reason.is_empty(), || {
        format!("DELIVERED before SENT was refused: {reason}")
    })?;
    player.tell(&delivery, DeliveryOutcome::Sent).await?;
    player.reaches(&talk, DeliveryStatus::Delivered).await
}
