//! Files of chats.

use api::connector::v1::channel_event::Event;
use api::connector::v1::download_media_response::Part;
use api::connector::v1::incoming_media::Source;
use api::connector::v1::{
    ChannelEvent, DownloadMediaHeader, DownloadMediaRequest, DownloadMediaResponse,
    UploadMediaHeader, UploadMediaPartRequest, UploadMediaPartResponse,
};
use api::conversations::v1::{Attachment, AttachmentState};
use kit::Refusal;
use tonic::Status;
use types::AttachmentId;

use super::ChatKey;

/// A file of a chat, as far as it has come.
pub struct File {
    key: ChatKey,
    upload: String,
    bytes: Vec<u8>,
    attachment: Attachment,
}

/// Takes a part in; programs are not taken.
pub fn take_part(
    files: &mut Vec<File>,
    header: UploadMediaHeader,
    part: UploadMediaPartRequest,
) -> Result<UploadMediaPartResponse, Refusal> {
    if header.file_name.ends_with(".exe") {
        return Err(Refusal::file_type_not_allowed("application/x-msdownload"));
    }
    let key = (
        header.connection_id.clone(),
        header.external_chat_id.clone(),
    );
    let known = |file: &File| file.key == key && file.upload == part.upload_id;
    let place = files.iter().position(known).unwrap_or_else(|| {
        files.push(begin(key.clone(), header, &part));
        files.len() - 1
    });
    let file = &mut files[place];
    if file.bytes.len() as i64 == part.offset {
        file.bytes.extend(part.chunk);
    }
    let next_offset = file.bytes.len() as i64;
    Ok(UploadMediaPartResponse {
        next_offset,
        attachment: (next_offset == file.attachment.size).then(|| file.attachment.clone()),
    })
}

fn begin(key: ChatKey, header: UploadMediaHeader, part: &UploadMediaPartRequest) -> File {
    let id = AttachmentId::generate();
    File {
        key,
        upload: part.upload_id.clone(),
        bytes: Vec::new(),
        attachment: Attachment {
            id: id.to_string(),
            kind: header.kind,
            file_name: header.file_name,
            media_type: "text/plain".to_owned(),
            size: part.size,
            state: AttachmentState::Ready.into(),
            path: format!("/files/{id}"),
            ..Attachment::default()
        },
    }
}

/// The files of a message; `None` when it names one that is not of its chat.
pub fn of_event(files: &[File], key: &ChatKey, event: &ChannelEvent) -> Option<Vec<Attachment>> {
    let Some(Event::Message(message)) = &event.event else {
        return Some(Vec::new());
    };
    let found = message.media.iter().map(|media| {
        let named = |file: &&File| {
            let id = file.attachment.id.clone();
            file.key == *key && media.source == Some(Source::AttachmentId(id))
        };
        files.iter().find(named).map(|file| file.attachment.clone())
    });
    found.collect()
}

/// The contents of a file of the chat.
pub fn give(
    files: &[File],
    wanted: &DownloadMediaRequest,
) -> Result<[Result<DownloadMediaResponse, Status>; 2], Refusal> {
    let key = (
        wanted.connection_id.clone(),
        wanted.external_chat_id.clone(),
    );
    let file = files
        .iter()
        .find(|file| file.key == key && file.attachment.id == wanted.attachment_id);
    let file = file.ok_or_else(|| Refusal::attachment_not_found(&wanted.attachment_id))?;
    let first = usize::try_from(wanted.offset).expect("a place");
    let header = DownloadMediaHeader {
        attachment: Some(file.attachment.clone()),
        media_type: file.attachment.media_type.clone(),
        total_size: file.attachment.size,
        etag: "e".to_owned(),
    };
    let parts = [
        Part::Header(header),
        Part::Chunk(file.bytes[first..].to_vec()),
    ];
    Ok(parts.map(|part| Ok(DownloadMediaResponse { part: Some(part) })))
}
