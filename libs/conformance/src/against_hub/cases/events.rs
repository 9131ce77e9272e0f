//! What a channel tells.

use std::collections::HashSet;

use api::connector::v1::channel_event::Event;
use api::connector::v1::download_media_response::Part as Given;
use api::connector::v1::upload_media_request::Part;
use api::connector::v1::{
    ChannelEvent, DownloadMediaRequest, IncomingMedia, IncomingMessage, PublishOutcome,
    PublishResult, PublishStreamRequest, UploadMediaHeader, UploadMediaRequest, incoming_media,
};
use api::error::v1::ErrorReason;
use futures::future::join_all;
use tonic::{Code, Status};

use super::super::player::Player;
use super::start::refused;
use crate::report::{Failure, ensure};

fn is(result: &PublishResult, outcome: PublishOutcome) -> Result<(), Failure> {
    ensure(result.outcome() == outcome, || {
        format!("{} {}", result.outcome().as_str_name(), result.reason_text)
    })
}

pub async fn once(player: &Player) -> Result<(), Failure> {
    let events = vec![player.written(&player.unique("chat"))];
    let first = player.accepted(events.clone()).await?;
    let again = player.publish(events).await?;
    is(&again[0], PublishOutcome::Duplicate)?;
    let ids = |it: &PublishResult| (it.message_id.clone(), it.conversation_id.clone(), it.seq);
    ensure(ids(&first[0]) == ids(&again[0]), || {
        "the duplicate has other ids".to_owned()
    })
}

pub async fn at_once(player: &Player) -> Result<(), Failure> {
    let chat = player.unique("chat");
    let events: Vec<ChannelEvent> = (0..50).map(|_| player.written(&chat)).collect();
    let calls = join_all((0..6).map(|_| player.publish(events.clone()))).await;
    let results = calls
        .into_iter()
        .collect::<Result<Vec<_>, Status>>()?
        .concat();
    let accepted = results
        .iter()
        .filter(|it| it.outcome() == PublishOutcome::Accepted);
    let count = accepted.count();
    ensure(count == events.len(), || {
        format!("{} events were stored {count} times", events.len())
    })?;
    let messages: HashSet<&str> = results.iter().map(|it| &it.message_id[..]).collect();
    let places: HashSet<i64> = results.iter().map(|it| it.seq).collect();
    let holes = (1..=50).filter(|seq| !places.contains(seq)).count();
    ensure(messages.len() == events.len() && holes == 0, || {
        format!(
            "{} messages for {} events, {holes} holes in their places",
            messages.len(),
            events.len()
        )
    })
}

pub async fn order(player: &Player) -> Result<(), Failure> {
    let chats = [player.unique("chat"), player.unique("chat")];
    // Each is dated before the one that came before it.
    let events: Vec<ChannelEvent> = (0..60)
        .map(|number| ChannelEvent {
            event_time: Some(prost_types::Timestamp {
                seconds: 1_700_000_000 - number,
                nanos: 0,
            }),
            ..player.written(&chats[usize::from(number % 3 == 0)])
        })
        .collect();
    let results = player.accepted(events.clone()).await?;
    for chat in &chats {
        let stored = events.iter().zip(&results);
        let places = stored.filter(|(event, _)| event.external_chat_id == *chat);
        let places: Vec<i64> = places.map(|(_, result)| result.seq).collect();
        ensure(places.is_sorted(), || {
            format!("places of a chat in order of coming: {places:?}")
        })?;
    }
    Ok(())
}

pub async fn neighbours(player: &Player) -> Result<(), Failure> {
    let chat = player.unique("chat");
    let mut events: Vec<ChannelEvent> = (0..3).map(|_| player.written(&chat)).collect();
    events[1].event = Some(Event::Message(IncomingMessage::default()));
    let results = player.publish(events).await?;
    is(&results[0], PublishOutcome::Accepted)?;
    is(&results[2], PublishOutcome::Accepted)?;
    ensure(results[1].outcome() == PublishOutcome::Refused, || {
        "a message without anything was taken".to_owned()
    })?;
    ensure(
        results[1].reason == "FIELD_INVALID" && !results[1].reason_text.is_empty(),
        || {
            format!(
                "the reason is {:?} {:?}",
                results[1].reason, results[1].reason_text
            )
        },
    )
}

pub async fn unknown(player: &Player) -> Result<(), Failure> {
    let mut event = player.written(&player.unique("chat"));
    event.event = Some(Event::Message(IncomingMessage {
        unsupported_kind: "riddle".to_owned(),
        ..IncomingMessage::default()
    }));
    player.accepted(vec![event]).await.map(drop)
}

pub async fn too_many(player: &Player) -> Result<(), Failure> {
    let chat = player.unique("chat");
    let events: Vec<ChannelEvent> = (0..501).map(|_| player.written(&chat)).collect();
    let outcome = player.publish(events.clone()).await;
    refused(outcome, Code::ResourceExhausted, ErrorReason::TooLarge)?;
    let first = player.publish(vec![events[0].clone()]).await?;
    is(&first[0], PublishOutcome::Accepted)
}

pub async fn stream(player: &Player) -> Result<(), Failure> {
    let chat = player.unique("chat");
    let sizes = [3usize, 1, 5];
    let batches = sizes.map(|size| PublishStreamRequest {
        connector_key: player.key(),
        events: (0..size).map(|_| player.written(&chat)).collect(),
    });
    let request = player.with(tokio_stream::iter(batches));
    let mut answers = player.hub().publish_stream(request).await?.into_inner();
    let mut places = Vec::new();
    for size in sizes {
        let results = answers.message().await?.unwrap_or_default().results;
        ensure(results.len() == size, || {
            format!("{} results for a batch of {size}", results.len())
        })?;
        places.extend(results.iter().map(|it| it.seq));
    }
    let expected: Vec<i64> = (1..=9).collect();
    ensure(places == expected, || {
        format!("places in order of coming: {places:?}")
    })
}

async fn upload(player: &Player, chat: &str, chunks: &[&[u8]]) -> Result<String, Status> {
    let header = UploadMediaHeader {
        connector_key: player.key(),
        connection_id: player.connection.clone(),
        external_chat_id: chat.to_owned(),
        file_name: "list.txt".to_owned(),
        ..UploadMediaHeader::default()
    };
    let mut parts = vec![UploadMediaRequest {
        part: Some(Part::Header(header)),
    }];
    // What broke off at the connector comes as a part without anything.
    parts.extend(chunks.iter().map(|it| UploadMediaRequest {
        part: (!it.is_empty()).then(|| Part::Chunk(it.to_vec())),
    }));
    let request = player.with(tokio_stream::iter(parts));
    let reply = player.hub().upload_media(request).await?.into_inner();
    Ok(reply.attachment.unwrap_or_default().id)
}

async fn download(player: &Player, chat: &str, id: &str, offset: i64) -> Result<Vec<u8>, Status> {
    let request = player.with(DownloadMediaRequest {
        connector_key: player.key(),
        connection_id: player.connection.clone(),
        external_chat_id: chat.to_owned(),
        attachment_id: id.to_owned(),
        offset,
        ..DownloadMediaRequest::default()
    });
    let mut parts = player.hub().download_media(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await? {
        if let Some(Given::Chunk(chunk)) = part.part {
            bytes.extend(chunk);
        }
    }
    Ok(bytes)
}

pub async fn files(player: &Player) -> Result<(), Failure> {
    let chat = player.unique("chat");
    let broken = upload(player, &chat, &[b"eggs, ", b""]).await;
    refused(broken, Code::InvalidArgument, ErrorReason::FieldInvalid)?;
    let id = upload(player, &chat, &[b"eggs, ", b"milk, ", b"bread"]).await?;
    let event = ChannelEvent {
        event: Some(Event::Message(IncomingMessage {
            media: vec![IncomingMedia {
                source: Some(incoming_media::Source::AttachmentId(id.clone())),
                ..IncomingMedia::default()
            }],
            ..IncomingMessage::default()
        })),
        ..player.written(&chat)
    };
    player.accepted(vec![event]).await?;
    let (whole, part) = (
        download(player, &chat, &id, 0).await?,
        download(player, &chat, &id, 12).await?,
    );
    ensure(whole == b"eggs, milk, bread" && part == b"bread", || {
        format!(
            "{} and {} bytes of 17 and 5 came back",
            whole.len(),
            part.len()
        )
    })
}

pub async fn switched_off(player: &Player) -> Result<(), Failure> {
    player.switch(false).await?;
    let event = player.written(&player.unique("chat"));
    let outcome = player.publish(vec![event.clone()]).await;
    player.switch(true).await?;
    let results = outcome?;
    ensure(results[0].reason == "CONNECTION_DISABLED", || {
        format!(
            "{} {:?}",
            results[0].outcome().as_str_name(),
            results[0].reason
        )
    })?;
    player.accepted(vec![event]).await.map(drop)
}
