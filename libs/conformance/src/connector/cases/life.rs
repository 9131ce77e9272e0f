//! Starting, resting, ending.

use api::conversations::v1::ConnectionState;

use super::super::bench::Bench;
use crate::hub::book::{Book, Fault};
use crate::hub::events::text;
use crate::report::{Failure, ensure};

pub async fn registers(bench: &mut Bench) -> Result<(), Failure> {
    let registered = bench
        .hub
        .until("RegisterConnector", |book| book.manifest.clone())
        .await?;
    let title = registered.title.chars().count();
    ensure((1..=200).contains(&title), || {
        format!("a title of {title} characters; 1 to 200 are taken")
    })?;
    ensure(
        registered.max_text_length >= 0 && registered.reply_window_seconds >= 0,
        || "a negative max_text_length or reply_window_seconds".to_owned(),
    )?;
    if registered.settings_schema.is_empty() {
        let none = bench.hub.options().settings.is_empty();
        return ensure(none, || {
            "no settings_schema, but settings were given".to_owned()
        });
    }
    let schema: serde_json::Value = serde_json::from_str(&registered.settings_schema)
        .map_err(|error| Failure::unmet(format!("settings_schema is no JSON: {error}")))?;
    let validator = jsonschema::draft202012::new(&schema)
        .map_err(|error| Failure::unmet(format!("settings_schema is no JSON Schema: {error}")))?;
    let settings = bench.hub.options().settings.clone();
    // The error may repeat a value, which may be a secret: only the place is told.
    let misfit = validator
        .iter_errors(&settings.into())
        .next()
        .map(|error| error.instance_path().to_string());
    ensure(misfit.is_none(), || {
        let place = misfit.unwrap_or_default();
        format!("the settings that were given do not fit settings_schema at {place:?}")
    })
}

pub async fn tells_health(bench: &mut Bench) -> Result<(), Failure> {
    let works = |book: &Book| {
        let (state, _) = book.health.as_ref()?;
        (*state == ConnectionState::Working).then_some(())
    };
    let told = bench.hub.until("ReportHealth with WORKING", works).await;
    told.map_err(|failure| {
        let newest = bench.hub.with(|book| book.health.clone());
        match newest {
            Some((state, text)) => {
                Failure::unmet(format!("{} was told: {text}", state.as_str_name()))
            }
            None => failure,
        }
    })
}

pub async fn rests(bench: &mut Bench) -> Result<(), Failure> {
    let chat = bench.known_chat().await?;
    bench.hub.change(|book| book.switch(false));
    // What was under way when the news came may still come.
    bench.quiet().await;
    bench.hub.change(|book| book.offences.clear());
    let line = bench.write(&chat.name, "while off").await?;
    let text = bench.new_text("answer while off");
    let delivery = bench.answer(&chat, &text);
    bench.quiet().await;
    let sent = bench.received(&chat).await?.len();
    ensure(sent == 0, || {
        "a message was sent while the connection was off".to_owned()
    })?;
    bench.hub.change(|book| book.switch(true));
    bench.brought(&[line]).await?;
    bench.sent(&delivery).await?;
    bench.got(&chat, &[&text]).await
}

pub async fn hub_restarts(bench: &mut Bench) -> Result<(), Failure> {
    let chat = bench.known_chat().await?;
    let before = bench.hub.with(|book| book.registrations);
    bench.hub.go_down().await;
    let text = bench.new_text("answer meanwhile");
    let delivery = bench.answer(&chat, &text);
    let lines = bench.write_many(2, 5).await?;
    bench.quiet().await;
    bench.hub.come_back().await?;
    bench.brought(&lines).await?;
    bench.sent(&delivery).await?;
    bench.got(&chat, &[&text]).await?;
    let again = |book: &Book| (book.registrations > before).then_some(());
    bench
        .hub
        .until("RegisterConnector after the restart", again)
        .await
}

/// It is killed while the hub does not store what it brings, and again while the hub stores it and does not say so.
pub async fn killed_bringing(bench: &mut Bench) -> Result<(), Failure> {
    for fault in [Fault::Unavailable, Fault::LoseAnswer] {
        bench
            .hub
            .change(|book| book.faults.publish_always = Some(fault));
        let lines = bench.write_many(2, 3).await?;
        let brought = |book: &Book| {
            let mut texts = book.brought.values().map(|(event, _)| text(event));
            let is_one = |it: &str| lines.iter().any(|line| line.text == it);
            texts.any(is_one).then_some(())
        };
        bench.hub.until("one of the messages", brought).await?;
        bench.kill().await?;
        bench.hub.change(|book| {
            book.faults.publish_always = None;
            book.publishing.clear();
        });
        bench.start().await?;
        bench.brought(&lines).await?;
        bench.quiet().await;
        bench.brought(&lines).await?;
    }
    Ok(())
}

/// It is killed while events and deliveries are under way; one delivery is in the channel, and its report was never told.
pub async fn killed(bench: &mut Bench) -> Result<(), Failure> {
    let chat = bench.known_chat().await?;
    let first = bench.new_text("before");
    let delivery = bench.answer(&chat, &first);
    bench.sent(&delivery).await?;
    let mut lines = bench.write_many(3, 20).await?;
    bench.kill().await?;
    // Until the hub has seen it, it hands out to nobody.
    let gone = |book: &Book| (book.takers == 0).then_some(());
    bench
        .hub
        .until("the end of the connector's streams", gone)
        .await?;
    let second = bench.new_text("after");
    let after = bench.hub.change(|book| {
        book.end_leases();
        book.hand_out_again(&delivery);
        book.queue(&chat.external, &second, Vec::new())
    });
    let more = bench.write(&chat.name, "while it was dead").await?;
    bench.start().await?;
    lines.push(more);
    bench.brought(&lines).await?;
    bench.sent(&after).await?;
    bench.got(&chat, &[&first, &second]).await?;
    bench.quiet().await;
    bench.got(&chat, &[&first, &second]).await
}
