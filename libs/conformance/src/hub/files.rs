//! Files, both ways.

use api::connector::v1::upload_media_request::Part;
use api::connector::v1::{
    UploadMediaHeader, UploadMediaPartRequest, UploadMediaPartResponse, UploadMediaRequest,
};
use api::conversations::v1::{Attachment, AttachmentKind, AttachmentState};
use kit::Refusal;
use tonic::{Status, Streaming};

use super::book::Book;

/// Bytes of one part, at most.
const CHUNK: usize = 1 << 20;

/// Bytes of one part of a file that comes part by part.
const PART: i64 = 128 << 10;

/// A file.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What it is.
    pub attachment: Attachment,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// A file that comes in parts.
#[derive(Debug, Clone, Default)]
pub struct Coming {
    bytes: Vec<u8>,
    /// Once it is whole.
    file: Option<Attachment>,
}

impl Book {
    /// Takes a part in.
    pub fn take_part(
        &mut self,
        request: UploadMediaPartRequest,
    ) -> Result<UploadMediaPartResponse, Refusal> {
        let header = request.header.unwrap_or_default();
        let left = request.size - request.offset;
        if request.offset % PART != 0 || left < 1 || request.offset < 0 {
            return Err(Refusal::field(
                "offset",
                "must be a part's place in the file",
            ));
        }
        let is_whole_part = request.chunk.len() as i64 == left.min(PART);
        if !request.chunk.is_empty() && !is_whole_part {
            return Err(Refusal::field("chunk", "must be a whole part"));
        }
        let key = (header.external_chat_id.clone(), request.upload_id.clone());
        let mut coming = self.coming.remove(&key).unwrap_or_default();
        if coming.bytes.len() as i64 == request.offset {
            coming.bytes.extend(request.chunk);
        }
        if coming.file.is_none() && coming.bytes.len() as i64 == request.size {
            let bytes = coming.bytes.clone();
            coming.file = Some(self.keep(&header.file_name, header.kind(), bytes));
        }
        let answer = UploadMediaPartResponse {
            next_offset: coming.bytes.len() as i64,
            attachment: coming.file.clone(),
        };
        self.coming.insert(key, coming);
        Ok(answer)
    }

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
