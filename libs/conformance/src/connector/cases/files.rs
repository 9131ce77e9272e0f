//! Files.

use api::connector::v1::DeliveryOutcome;
use api::connector::v1::incoming_media::Source;
use api::conversations::v1::AttachmentKind;

use super::super::bench::Bench;
use crate::channel::File;
use crate::hub::book::Fault;
use crate::hub::events::message;
use crate::report::{Failure, ensure};

/// So large that it comes in several parts.
const SIZE: usize = 2_500_000;

fn contents() -> Vec<u8> {
    (0..SIZE)
        .map(|at| b'a' + u8::try_from(at % 23).unwrap_or_default())
        .collect()
}

fn able(bench: &Bench) -> Result<(), Failure> {
    if bench.abilities().files {
        return Ok(());
    }
    Err(Failure::NotApplicable(
        "the channel's side has no files".to_owned(),
    ))
}

pub async fn in_(bench: &mut Bench) -> Result<(), Failure> {
    able(bench)?;
    let chat = bench.new_chat();
    bench.hub.change(|book| {
        book.faults
            .upload
            .extend([Fault::Unavailable, Fault::LoseAnswer]);
    });
    let file = File {
        name: "list.txt".to_owned(),
        bytes: contents(),
    };
    let line = bench.write_file(&chat, file).await?;
    let events = bench.brought(&[line]).await?;
    let media = events
        .first()
        .and_then(message)
        .and_then(|it| it.media.first());
    let Some(Source::AttachmentId(id)) = media.and_then(|it| it.source.clone()) else {
        return Err(Failure::unmet("the message came without its file"));
    };
    let is_whole = bench
        .hub
        .with(|book| book.files.get(&id).map(|it| it.bytes == contents()));
    ensure(is_whole == Some(true), || {
        "the file that the message names is not the one that was sent".to_owned()
    })
}

pub async fn out(bench: &mut Bench) -> Result<(), Failure> {
    able(bench)?;
    let manifest = bench
        .hub
        .until("RegisterConnector", |book| book.manifest.clone())
        .await?;
    if !manifest
        .media
        .iter()
        .any(|it| it.kind() == AttachmentKind::Document)
    {
        return Err(Failure::NotApplicable(
            "the manifest has no rule for documents".to_owned(),
        ));
    }
    let chat = bench.known_chat().await?;
    let text = bench.new_text("the list");
    let file = bench.hub.change(|book| {
        book.faults.broken_downloads = 1;
        book.keep("list.txt", AttachmentKind::Document, contents())
    });
    let delivery = bench.answer_with(&chat, &text, vec![file]);
    let report = bench.ended(&delivery).await?;
    let received = bench.received(&chat).await?;
    let files: Vec<&Vec<u8>> = received.iter().flat_map(|it| &it.files).collect();
    ensure(files.iter().all(|it| ***it == contents()), || {
        "half a file was sent".to_owned()
    })?;
    if report.outcome() == DeliveryOutcome::Sent {
        let texts = received.iter().filter(|it| it.text == text).count();
        return ensure(files.len() == 1 && texts == 1, || {
            format!(
                "SENT was reported; the client got {} files and {texts} texts",
                files.len()
            )
        });
    }
    ensure(
        report.outcome() == DeliveryOutcome::Failed && files.is_empty(),
        || format!("{} was reported", report.outcome().as_str_name()),
    )
}
