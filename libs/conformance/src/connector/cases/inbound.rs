//! What clients write.

use std::time::Duration;

use super::super::bench::Bench;
use crate::hub::book::{Book, Fault};
use crate::hub::events::{message, text};
use crate::report::{Failure, ensure};

pub async fn brings(bench: &mut Bench) -> Result<(), Failure> {
    let lines = bench.write_many(3, 4).await?;
    bench.brought(&lines).await?;
    bench.quiet().await;
    bench.brought(&lines).await.map(drop)
}

pub async fn lost_answer(bench: &mut Bench) -> Result<(), Failure> {
    let chat = bench.new_chat();
    bench
        .hub
        .change(|book| book.faults.publish.push_back(Fault::LoseAnswer));
    let line = bench.write(&chat, "once").await?;
    let again = |book: &Book| {
        let brought = book
            .brought
            .values()
            .find(|(event, _)| text(event) == line.text);
        brought.filter(|(_, times)| *times > 1).map(drop)
    };
    bench
        .hub
        .until("the event whose answer was lost, again", again)
        .await?;
    bench.quiet().await;
    bench.brought(&[line]).await.map(drop)
}

pub async fn unavailable(bench: &mut Bench) -> Result<(), Failure> {
    bench
        .hub
        .change(|book| book.faults.publish.extend([Fault::Unavailable; 3]));
    let lines = bench.write_many(2, 5).await?;
    bench.brought(&lines).await.map(drop)
}

pub async fn slow(bench: &mut Bench) -> Result<(), Failure> {
    let slowly = Fault::Slow(Duration::from_millis(700));
    bench
        .hub
        .change(|book| book.faults.publish.extend([slowly; 6]));
    let lines = bench.write_many(3, 10).await?;
    bench.brought(&lines).await?;
    bench.hub.change(|book| book.faults.publish.clear());
    bench.quiet().await;
    bench.brought(&lines).await.map(drop)
}

pub async fn back_pressure(bench: &mut Bench) -> Result<(), Failure> {
    let busy = Fault::Busy(Duration::from_secs(1));
    let before = bench.hub.change(|book| {
        book.faults.publish_always = Some(busy);
        book.publishes
    });
    let lines = bench.write_many(4, 150).await?;
    types::Clock::system().sleep(Duration::from_secs(3)).await;
    let calls = bench.hub.change(|book| {
        book.faults.publish_always = None;
        book.publishes - before
    });
    ensure(calls > 0, || "the hub was not called at all".to_owned())?;
    ensure(calls <= 30, || {
        format!("the hub was called {calls} times in 3 seconds")
    })?;
    bench.brought(&lines).await.map(drop)
}

pub async fn refused(bench: &mut Bench) -> Result<(), Failure> {
    let (chat, other) = (bench.new_chat(), bench.new_chat());
    // The text is known before it is written, so that it is refused whenever it comes.
    let bad = bench.new_text("refused");
    bench
        .hub
        .change(|book| book.faults.refuse_text.clone_from(&bad));
    bench.write_text(&chat, &bad).await?;
    let lines = [
        bench.write(&chat, "after it").await?,
        bench.write(&other, "beside it").await?,
    ];
    bench.brought(&lines).await?;
    let times = |book: &Book| {
        let brought = book.brought.values().find(|(event, _)| text(event) == bad);
        brought.map_or(0, |(_, times)| *times)
    };
    bench.quiet().await;
    let first = bench.hub.with(|book| times(book));
    bench.quiet().await;
    let later = bench.hub.with(|book| times(book));
    ensure(first > 0, || "the event was not brought at all".to_owned())?;
    ensure(later == first, || {
        format!("the refused event was brought {later} times, and again: it is never taken")
    })
}

pub async fn unsupported(bench: &mut Bench) -> Result<(), Failure> {
    if !bench.abilities().unsupported {
        return Err(Failure::NotApplicable(
            "the channel's side cannot send anything unknown".to_owned(),
        ));
    }
    let chat = bench.new_chat();
    let before = bench.write(&chat, "before").await?;
    bench.write_unsupported(&chat).await?;
    let after = bench.write(&chat, "after").await?;
    let events = bench.brought(&[before, after]).await?;
    let external = &events[0].external_chat_id;
    let unknown = |book: &Book| {
        let mut there = book
            .events
            .iter()
            .filter(|it| it.external_chat_id == *external);
        there
            .find(|it| message(it).is_some_and(|it| !it.unsupported_kind.is_empty()))
            .map(drop)
    };
    bench
        .hub
        .until("a message with unsupported_kind", unknown)
        .await
}
