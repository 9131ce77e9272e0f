//! Files of visitors, and those that employees send them.

use std::time::Duration;

use api::conversations::v1::{Attachment, AttachmentKind};
use api::onlinechat::v1::{
    DownloadVisitorFileRequest, ListVisitorConversationsRequest, OnlineChat, OnlineChatMode,
    SendVisitorMessageRequest, UploadVisitorFilePartRequest, UploadVisitorFilePartResponse,
    VisitorMessage, download_visitor_file_response,
};
use connector_onlinechat::{Limits, Rate};
use tonic::{Request, Status};
use types::file::PART_SIZE;
use uuid::Uuid;

use crate::live::Watched;
use crate::world::{Visitor, World, refusal, with};

const KEY: Uuid = Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_00aa);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn part(key: Uuid, bytes: &[u8], offset: usize) -> UploadVisitorFilePartRequest {
    let end = (offset + PART_SIZE).min(bytes.len());
    UploadVisitorFilePartRequest {
        client_file_id: key.to_string(),
        file_name: "план.txt".to_owned(),
        size: bytes.len() as i64,
        offset: offset as i64,
        chunk: bytes[offset..end].to_vec(),
        ..UploadVisitorFilePartRequest::default()
    }
}

impl Visitor {
    async fn bring(
        &self,
        part: UploadVisitorFilePartRequest,
    ) -> Result<UploadVisitorFilePartResponse, Status> {
        let mut client = self.client.clone();
        let reply = client.upload_visitor_file_part(self.with(part)).await?;
        Ok(reply.into_inner())
    }

    async fn upload(&self, key: Uuid, bytes: &[u8]) -> Attachment {
        let mut offset = 0;
        loop {
            let reply = self.bring(part(key, bytes, offset)).await.expect("taken");
            if let Some(file) = reply.attachment {
                return file;
            }
            offset = usize::try_from(reply.next_offset).expect("a place");
        }
    }

    async fn send_files(
        &self,
        id: Uuid,
        text: &str,
        files: &[&Attachment],
    ) -> Result<VisitorMessage, Status> {
        let request = SendVisitorMessageRequest {
            client_message_id: id.to_string(),
            text: text.to_owned(),
            attachment_ids: files.iter().map(|file| file.id.clone()).collect(),
            ..SendVisitorMessageRequest::default()
        };
        let mut client = self.client.clone();
        let reply = client.send_visitor_message(self.with(request)).await?;
        Ok(reply.into_inner().message.expect("a message"))
    }

    async fn fetch(&self, token: &str, id: &str) -> Result<Vec<u8>, Status> {
        fetch(self, with(token, whole(id))).await
    }
}

fn whole(id: &str) -> DownloadVisitorFileRequest {
    DownloadVisitorFileRequest {
        attachment_id: id.to_owned(),
        ..DownloadVisitorFileRequest::default()
    }
}

async fn fetch(
    visitor: &Visitor,
    request: Request<DownloadVisitorFileRequest>,
) -> Result<Vec<u8>, Status> {
    use download_visitor_file_response::Part;
    let mut client = visitor.client.clone();
    let mut parts = client.download_visitor_file(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await? {
        if let Some(Part::Chunk(chunk)) = part.part {
            bytes.extend(chunk);
        }
    }
    Ok(bytes)
}

fn bytes() -> Vec<u8> {
    b"0123456789"
        .iter()
        .copied()
        .cycle()
        .take(PART_SIZE + 10)
        .collect()
}

async fn start() -> (World, OnlineChat) {
    let world = World::start().await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    (world, chat)
}

/// CHW-26, CHW-28: history, stream and the call itself tell the file, and the visitor fetches it where they say.
#[tokio::test]
async fn a_visitors_file_goes_with_the_message_once_and_comes_back_whole() {
    let (world, chat) = start().await;
    let visitor = world.visitor(&chat).await;
    let settings = visitor.started.settings.clone().expect("settings");
    assert_eq!(
        (settings.max_file_size, settings.max_files),
        (100 << 20, 10)
    );
    assert!(settings.refused_file_endings.contains(&"exe".to_owned()));
    let file = visitor.upload(KEY, &bytes()).await;
    assert_eq!(visitor.upload(KEY, &bytes()).await, file, "uploaded again");
    assert_eq!(file.path, format!("/visitor-files/{}", file.id));

    let id = Uuid::from_u128(7);
    let sent = visitor.send_files(id, "", &[&file]).await.expect("sent");
    let again = visitor.send_files(id, "", &[&file]).await.expect("sent");
    assert_eq!(
        sent, again,
        "an answer that was lost makes no second message"
    );
    assert_eq!(sent.attachments, std::slice::from_ref(&file));
    let kept = visitor.messages("").await.expect("a page");
    assert_eq!(kept, std::slice::from_ref(&sent));
    let mut stream = Watched::open(&visitor, 0).await;
    assert_eq!(stream.message().await.attachments, sent.attachments);

    for token in [&visitor.token, &visitor.started.file_ticket] {
        let read = visitor.fetch(token, &file.id).await.expect("read");
        assert!(read == bytes());
    }
    let rest = DownloadVisitorFileRequest {
        offset: PART_SIZE as i64,
        ..whole(&file.id)
    };
    let rest = fetch(&visitor, visitor.with(rest)).await.expect("read");
    assert_eq!(rest.len(), 10);
}

#[tokio::test]
async fn foreign_and_ended_sessions_get_no_file() {
    let (world, chat) = start().await;
    let other_chat = world.chat(OnlineChatMode::OneActive).await;
    let visitor = world.visitor(&chat).await;
    let file = visitor.upload(KEY, &bytes()).await;
    visitor
        .send_files(Uuid::from_u128(7), "", &[&file])
        .await
        .expect("sent");
    let not_found = format!(
        "NotFound ATTACHMENT_NOT_FOUND {{attachment_id={}}}",
        file.id
    );
    for stranger in [world.visitor(&chat).await, world.visitor(&other_chat).await] {
        for token in [&stranger.token, &stranger.started.file_ticket] {
            assert_eq!(refusal(stranger.fetch(token, &file.id).await), not_found);
        }
        let taken = stranger.send_files(Uuid::from_u128(8), "", &[&file]).await;
        assert_eq!(refusal(taken), not_found, "nor is it theirs to send");
        let own = stranger.upload(KEY, b"their own").await;
        assert_ne!(own.id, file.id, "the key of another visitor leads nowhere");
    }
    for token in ["vft_", &world.admin, &world.manager()] {
        let read = visitor.fetch(token, &file.id).await;
        assert_eq!(refusal(read), "Unauthenticated TOKEN_INVALID {}", "{token}");
    }
    world.clock.advance(HOUR);
    for token in [&visitor.token, &visitor.started.file_ticket] {
        let read = visitor.fetch(token, &file.id).await;
        assert_eq!(refusal(read), "Unauthenticated TOKEN_EXPIRED {}");
    }
    let late = visitor.bring(part(KEY, b"late", 0)).await;
    assert_eq!(refusal(late), "Unauthenticated TOKEN_EXPIRED {}");
}

/// A ticket stands in addresses: whoever gets to see one reads files with it and nothing else.
#[tokio::test]
async fn a_file_ticket_opens_nothing_but_files() {
    let (world, chat) = start().await;
    let visitor = world.visitor(&chat).await;
    let ticket = &visitor.started.file_ticket;
    for token in [ticket.clone(), ticket.replace("vft_", "vst_")] {
        let mut client = visitor.client.clone();
        let request = with(&token, ListVisitorConversationsRequest {});
        let listed = client.list_visitor_conversations(request).await;
        assert_eq!(refusal(listed), "Unauthenticated TOKEN_INVALID {}");
        let upload = with(&token, part(KEY, b"x", 0));
        let uploaded = client.upload_visitor_file_part(upload).await;
        assert_eq!(refusal(uploaded), "Unauthenticated TOKEN_INVALID {}");
    }
}

#[tokio::test]
async fn files_that_cannot_be_taken_are_refused_with_the_reason() {
    let (world, chat) = start().await;
    let visitor = world.visitor(&chat).await;
    let wrong = |change: fn(&mut UploadVisitorFilePartRequest)| {
        let mut request = part(KEY, b"hello", 0);
        change(&mut request);
        visitor.bring(request)
    };
    insta::assert_snapshot!(refusal(wrong(|it| it.size = (100 << 20) + 1).await), @"InvalidArgument FIELD_INVALID {chunk: must be 131072 bytes here}");
    insta::assert_snapshot!(refusal(wrong(|it| { it.chunk.clear(); it.size = (100 << 20) + 1; }).await), @"ResourceExhausted FILE_TOO_LARGE {limit=104857600}");
    insta::assert_snapshot!(refusal(wrong(|it| it.file_name = "setup.exe".to_owned()).await), @"InvalidArgument FILE_TYPE_NOT_ALLOWED {media_type=application/x-msdownload}");
    insta::assert_snapshot!(refusal(wrong(|it| {
        it.client_file_id.clear();
        it.file_name = "я".repeat(201);
        it.kind = 99;
        it.duration_ms = -1;
        it.size = 0;
    }).await), @"InvalidArgument FIELD_INVALID {client_file_id: must not be empty; duration_ms: must be 0 to one day; file_name: must be at most 200 characters; kind: has no value 99; offset: must be a multiple of 131072 within the file; size: must be 1 or more: there is nothing in the file}");
    insta::assert_snapshot!(refusal(wrong(|it| it.offset = 5).await), @"InvalidArgument FIELD_INVALID {offset: must be a multiple of 131072 within the file}");
    let file = visitor.upload(KEY, b"hello").await;
    let many = [&file; 11];
    insta::assert_snapshot!(refusal(visitor.send_files(KEY, "", &many).await), @"InvalidArgument FIELD_INVALID {attachment_ids: must be at most 10}");
    insta::assert_snapshot!(refusal(visitor.send_files(KEY, "", &[]).await), @"InvalidArgument FIELD_INVALID {text: must not be empty}");

    let mut elsewhere = visitor.with(part(KEY, b"hello", 0));
    let origin = "https://evil.example".parse().expect("ASCII");
    elsewhere.metadata_mut().insert("origin", origin);
    let mut client = visitor.client.clone();
    let refused = client.upload_visitor_file_part(elsewhere).await;
    insta::assert_snapshot!(refusal(refused), @"PermissionDenied ORIGIN_NOT_ALLOWED {origin=https://evil.example}");
    let mut elsewhere = visitor.with(whole(&file.id));
    elsewhere
        .metadata_mut()
        .insert("origin", "https://evil.example".parse().expect("ASCII"));
    assert_eq!(
        refusal(fetch(&visitor, elsewhere).await),
        "PermissionDenied ORIGIN_NOT_ALLOWED {origin=https://evil.example}"
    );

    let off = OnlineChat {
        enabled: false,
        ..chat
    };
    crate::visitors::change(&world, off, "enabled").await;
    let refused = refusal(visitor.bring(part(KEY, b"hello", 0)).await);
    assert!(refused.contains("ONLINE_CHAT_DISABLED"), "{refused}");
}

#[tokio::test]
async fn parts_are_limited_by_visitor_and_a_failing_hub_loses_nothing() {
    let limits = Limits {
        parts_by_visitor: Rate::new(2, 10),
        ..Limits::default()
    };
    let world = World::with(limits).await;
    let chat = world.chat(OnlineChatMode::OneActive).await;
    let (one, two) = (world.visitor(&chat).await, world.visitor(&chat).await);
    world.hub.fail(1);
    let failed = one.bring(part(KEY, &bytes(), 0)).await;
    assert_eq!(refusal(failed), "Unavailable STORE_UNAVAILABLE {}");
    one.bring(part(KEY, &bytes(), 0)).await.expect("repeated");
    let refused = one.bring(part(KEY, &bytes(), PART_SIZE)).await;
    assert_eq!(refusal(refused), "ResourceExhausted RATE_LIMITED {}");
    two.upload(KEY, b"another visitor").await;
    world.clock.advance(Duration::from_secs(10));
    let rest = one.bring(part(KEY, &bytes(), PART_SIZE)).await;
    let file = rest.expect("the next window").attachment.expect("whole");
    assert_eq!(file.kind(), AttachmentKind::Unspecified);
    assert!(one.fetch(&one.token, &file.id).await.expect("read") == bytes());
}
