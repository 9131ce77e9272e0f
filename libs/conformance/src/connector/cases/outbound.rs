//! What employees answer.

use std::time::Duration;

use api::connector::v1::DeliveryOutcome;

use super::super::bench::{Bench, Chat};
use crate::hub::book::{Book, Fault};
use crate::report::{Failure, ensure};

pub async fn sends(bench: &mut Bench) -> Result<(), Failure> {
    let chat = bench.known_chat().await?;
    let text = bench.new_text("good day");
    let delivery = bench.answer(&chat, &text);
    bench.sent(&delivery).await?;
    bench.got(&chat, &[&text]).await?;
    let held = bench.hub.with(|book| book.held(&delivery).cloned());
    let reports = held.map(|it| it.reports).unwrap_or_default();
    ensure(
        reports.first().map(|it| it.outcome()) == Some(DeliveryOutcome::Sending),
        || "the first report was not SENDING".to_owned(),
    )
}

pub async fn shuffled(bench: &mut Bench) -> Result<(), Failure> {
    let mut chats: Vec<(Chat, Vec<String>)> = Vec::new();
    for _ in 0..4 {
        chats.push((bench.known_chat().await?, Vec::new()));
    }
    let mut deliveries = Vec::new();
    for number in 0..5 {
        for (chat, texts) in &mut chats {
            let text = bench.new_text(&format!("answer {number}"));
            deliveries.push(bench.answer(chat, &text));
            texts.push(text);
        }
    }
    for delivery in &deliveries {
        bench.sent(delivery).await?;
    }
    for (chat, texts) in &chats {
        let texts: Vec<&str> = texts.iter().map(|it| &it[..]).collect();
        bench.got(chat, &texts).await?;
    }
    Ok(())
}

pub async fn held_chat(bench: &mut Bench) -> Result<(), Failure> {
    if !bench.abilities().hold {
        return Err(Failure::NotApplicable(
            "the channel's side cannot hold a chat".to_owned(),
        ));
    }
    let (stuck, free) = (bench.known_chat().await?, bench.known_chat().await?);
    bench.hold(&stuck).await?;
    let waiting = [bench.new_text("waits"), bench.new_text("waits behind it")];
    let held = [
        bench.answer(&stuck, &waiting[0]),
        bench.answer(&stuck, &waiting[1]),
    ];
    let tried = |book: &Book| {
        let first = book.held(&held[0])?;
        first
            .reports
            .iter()
            .any(|it| it.outcome() == DeliveryOutcome::Retry)
            .then_some(())
    };
    let text = bench.new_text("passes");
    let delivery = bench.answer(&free, &text);
    bench.sent(&delivery).await?;
    bench.got(&free, &[&text]).await?;
    bench
        .hub
        .until("RETRY for the chat that is refused", tried)
        .await?;
    bench.let_go(&stuck).await?;
    for delivery in &held {
        bench.sent(delivery).await?;
    }
    bench.got(&stuck, &[&waiting[0], &waiting[1]]).await
}

pub async fn fenced(bench: &mut Bench) -> Result<(), Failure> {
    let chat = bench.known_chat().await?;
    let text = bench.new_text("fenced");
    let delivery = bench.hub.change(|book| {
        let id = book.queue(&chat.external, &text, Vec::new());
        // It is somebody else's for as long as the connector is watched not to send it.
        book.faults.fenced.insert(id.clone());
        id
    });
    bench.sent(&delivery).await?;
    bench.got(&chat, &[&text]).await?;
    bench.quiet().await;
    bench.got(&chat, &[&text]).await?;
    let lease = bench
        .hub
        .with(|book| book.held(&delivery).map(|it| it.delivery.lease_token));
    ensure(lease.is_some_and(|it| it > 1), || {
        "the delivery was reported SENT although its SENDING was refused".to_owned()
    })
}

pub async fn handed_out_twice(bench: &mut Bench) -> Result<(), Failure> {
    let chat = bench.known_chat().await?;
    let (text, next) = (bench.new_text("once"), bench.new_text("after it"));
    let delivery = bench.answer(&chat, &text);
    bench.sent(&delivery).await?;
    bench.hub.change(|book| book.hand_out_again(&delivery));
    let report = bench.ended(&delivery).await?;
    ensure(
        matches!(
            report.outcome(),
            DeliveryOutcome::Sent | DeliveryOutcome::Unknown
        ),
        || format!("{} was reported", report.outcome().as_str_name()),
    )?;
    let after = bench.answer(&chat, &next);
    bench.sent(&after).await?;
    bench.got(&chat, &[&text, &next]).await
}

pub async fn lost_report(bench: &mut Bench) -> Result<(), Failure> {
    let chat = bench.known_chat().await?;
    let text = bench.new_text("reported twice");
    bench
        .hub
        .change(|book| book.faults.report.push_back(Fault::LoseAnswer));
    let delivery = bench.answer(&chat, &text);
    let again = |book: &Book| {
        let reports = &book.held(&delivery)?.reports;
        let sent = reports
            .iter()
            .filter(|it| it.outcome() == DeliveryOutcome::Sent);
        (sent.count() > 1).then_some(())
    };
    bench
        .hub
        .until("the report whose answer was lost, again", again)
        .await?;
    bench.quiet().await;
    bench.got(&chat, &[&text]).await
}

pub async fn slow_reports(bench: &mut Bench) -> Result<(), Failure> {
    let mut sent = Vec::new();
    for _ in 0..3 {
        let (chat, text) = (bench.known_chat().await?, bench.new_text("slowly"));
        sent.push((chat, text));
    }
    let slowly = Fault::Slow(Duration::from_secs(2));
    bench
        .hub
        .change(|book| book.faults.report.extend([slowly, Fault::Unavailable]));
    let deliveries: Vec<String> = sent
        .iter()
        .map(|(chat, text)| bench.answer(chat, text))
        .collect();
    for delivery in &deliveries {
        bench.sent(delivery).await?;
    }
    for (chat, text) in &sent {
        bench.got(chat, &[text]).await?;
    }
    Ok(())
}

pub async fn lost_by_channel(bench: &mut Bench) -> Result<(), Failure> {
    if !bench.abilities().lose_answer {
        return Err(Failure::NotApplicable(
            "the channel's side cannot lose an answer".to_owned(),
        ));
    }
    let chat = bench.known_chat().await?;
    let (text, next) = (bench.new_text("answer lost"), bench.new_text("after it"));
    bench.lose_answer().await?;
    let delivery = bench.answer(&chat, &text);
    let report = bench.ended(&delivery).await?;
    ensure(
        matches!(
            report.outcome(),
            DeliveryOutcome::Sent | DeliveryOutcome::Unknown
        ),
        || format!("{} was reported", report.outcome().as_str_name()),
    )?;
    let after = bench.answer(&chat, &next);
    bench.sent(&after).await?;
    bench.got(&chat, &[&text, &next]).await
}
