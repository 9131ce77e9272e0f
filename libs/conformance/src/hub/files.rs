//! Files, both ways.

use api::connector::v1::upload_media_request::Part;
use api::connector::v1::{UploadMediaHeader, UploadMediaRequest};
use api::conversations::v1::{Attachment, AttachmentKind, AttachmentState};
use kit::Refusal;
use tonic::{Status, Streaming};

use super::book::Book;

/// Bytes of one part, at most.
const CHUNK: usize = 1 << 20;

/// A file.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What it is.
    pub attachment: Attachment,
    /// Its contents.
    pub bytes: Vec<u8>,
}

impl Book {
    /// Keeps a file, of an employee or of a client.
    pub fn keep(&mut self, name: &str, kind: AttachmentKind, bytes: Vec<u8>) -> Attachment {
        let attachment = Attachment {
            id: format!("att_{}", kit::secrets::random_token()),
            kind: kind.into(),
            state: AttachmentState::Ready.into(),
            file_name: name.to_owned(),
            media_type: "text/plain".to_owned(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            ..Attachment::default()
        };
        let kept = Kept {
            attachment: attachment.clone(),
            bytes,
        };
        self.files.insert(attachment.id.clone(), kept);
        attachment
    }
}

/// Reads an upload to its end.
pub async fn read(
    mut parts: Streaming<UploadMediaRequest>,
) -> Result<(UploadMediaHeader, Vec<u8>), Status> {
    let first = parts.message().await?.and_then(|it| it.part);
    let Some(Part::Header(header)) = first else {
        return Err(Refusal::field("part", "must begin with the header").into());
    };
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await? {
        match part.part {
            Some(Part::Chunk(chunk)) if chunk.len() <= CHUNK => bytes.extend(chunk),
            _ => return Err(Refusal::field("part", "must be a chunk of up to 1 MiB").into()),
        }
    }
    Ok((header, bytes))
}
