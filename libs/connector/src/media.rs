//! Files between the hub and a channel.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::connector::v1::download_media_response::Part as Given;
use api::connector::v1::upload_media_request::Part;
use api::connector::v1::{
    DownloadMediaHeader, DownloadMediaRequest, MediaRule, UploadMediaHeader,
    UploadMediaPartRequest, UploadMediaPartResponse, UploadMediaRequest,
};
use api::conversations::v1::{Attachment, AttachmentKind};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tonic::{Request, Status};

use crate::hub::{Error, Hub};

/// Bytes of one part, at most.
const CHUNK: usize = 1 << 20;

/// One part: with the last one the whole file is put together.
const PART_TIME: Duration = Duration::from_secs(25);

/// The whole of an upload.
const UPLOAD_TIME: Duration = Duration::from_secs(600);

/// A file of a client, before its contents.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// The channel's id of the chat.
    pub chat: String,
    /// Its name as the channel says; may be empty.
    pub file_name: String,
    /// What the channel says it is; unspecified: the contents say it.
    pub kind: AttachmentKind,
    /// How long a sound or film is, in milliseconds; 0 when the channel does not say.
    pub duration_ms: i64,
}

/// A part of a file, for clients whose connection breaks.
#[derive(Debug, Clone, Default)]
pub struct UploadPart {
    /// A UUID that the client's device gave the file: a part that is repeated makes no second file.
    pub upload_id: String,
    /// Bytes of the whole file.
    pub size: i64,
    /// Place of the part's first byte: a multiple of 131,072.
    pub offset: i64,
    /// 131,072 bytes, in the last part what is left; empty: where to go on is asked.
    pub chunk: Vec<u8>,
}

/// What is wanted of a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// The small picture, where there is one, instead of the file.
    pub preview: bool,
    /// First byte.
    pub offset: i64,
    /// Bytes at most; 0 means to the end.
    pub length: i64,
}

/// Why a file was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum UploadError<E> {
    /// The channel did not give all of it.
    #[error("the channel broke off")]
    Source(E),
    /// The hub refused it, or cannot be reached.
    #[error("the hub did not take the file: {}", .0.message())]
    Hub(Status),
}

/// A file on its way out.
#[derive(Debug)]
pub struct Download<S> {
    /// What comes: name, type, size.
    pub header: DownloadMediaHeader,
    /// Its bytes, in order.
    pub contents: S,
}

impl Hub {
    /// Takes a file of a client in; then publish the message with the id of what this returns.
    ///
    /// # Errors
    /// [`UploadError`]; half a file is never kept.
    pub async fn upload<E: Display + Send + 'static>(
        &self,
        connection_id: &str,
        upload: Upload,
        contents: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Result<Attachment, UploadError<E>> {
        let header = self.header(connection_id, upload);
        let broken: Arc<Mutex<Option<E>>> = Arc::default();
        let noted = Arc::clone(&broken);
        let chunks = contents.flat_map(move |piece| {
            // A part without anything is refused: the hub must not take half a file for a whole one.
            let parts = piece.map(chunks).unwrap_or_else(|error| {
                *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                vec![None]
            });
            stream::iter(parts)
        });
        let first = stream::iter([Some(Part::Header(header))]);
        let parts = first.chain(chunks).map(|part| UploadMediaRequest { part });
        let mut request = Request::new(parts);
        request.set_timeout(UPLOAD_TIME);
        let reply = self.client.clone().upload_media(request).await;
        if let Some(error) = broken.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(UploadError::Source(error));
        }
        let reply = reply.map_err(UploadError::Hub)?.into_inner();
        Ok(reply.attachment.unwrap_or_default())
    }

    fn header(&self, connection_id: &str, upload: Upload) -> UploadMediaHeader {
        UploadMediaHeader {
            connector_key: self.key(),
            connection_id: connection_id.to_owned(),
            external_chat_id: upload.chat,
            file_name: upload.file_name,
            kind: upload.kind.into(),
            duration_ms: upload.duration_ms,
            max_size: 0,
        }
    }

    /// Takes a part of a file of a client in; the answer to the last one has the file. Repeat a part whose answer was lost.
    ///
    /// # Errors
    /// When the hub cannot be reached or refuses it.
    pub async fn upload_part(
        &self,
        connection_id: &str,
        upload: Upload,
        part: UploadPart,
    ) -> Result<UploadMediaPartResponse, Error> {
        let mut request = Request::new(UploadMediaPartRequest {
            header: Some(self.header(connection_id, upload)),
            upload_id: part.upload_id,
            size: part.size,
            offset: part.offset,
            chunk: part.chunk,
        });
        request.set_timeout(PART_TIME);
        let reply = self.client.clone().upload_media_part(request).await?;
        Ok(reply.into_inner())
    }

    /// A file of a chat: of a delivery or of the history.
    ///
    /// # Errors
    /// When the hub cannot be reached or does not have it.
    pub async fn download(
        &self,
        connection_id: &str,
        chat: &str,
        attachment_id: &str,
    ) -> Result<Download<impl Stream<Item = Result<Bytes, Error>> + Send + use<>>, Error> {
        let all = Wanted::default();
        self.download_wanted(connection_id, chat, attachment_id, all)
            .await
    }

    /// A part of a file of a chat, or the small picture of it.
    ///
    /// # Errors
    /// When the hub cannot be reached or does not have it.
    pub async fn download_wanted(
        &self,
        connection_id: &str,
        chat: &str,
        attachment_id: &str,
        wanted: Wanted,
    ) -> Result<Download<impl Stream<Item = Result<Bytes, Error>> + Send + use<>>, Error> {
        let request = DownloadMediaRequest {
            connector_key: self.key(),
            connection_id: connection_id.to_owned(),
            external_chat_id: chat.to_owned(),
            attachment_id: attachment_id.to_owned(),
            preview: wanted.preview,
            offset: wanted.offset,
            length: wanted.length,
        };
        let mut parts = self
            .client
            .clone()
            .download_media(request)
            .await?
            .into_inner();
        let first = parts.message().await?.and_then(|it| it.part);
        let Some(Given::Header(header)) = first else {
            return Err(Status::internal("a download without a beginning"));
        };
        let contents = parts.filter_map(async |step| match step {
            Ok(step) => match step.part? {
                Given::Chunk(bytes) => Some(Ok(Bytes::from(bytes))),
                Given::Header(_) => None,
            },
            Err(error) => Some(Err(error)),
        });
        Ok(Download { header, contents })
    }
}

fn chunks(mut bytes: Bytes) -> Vec<Option<Part>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(CHUNK));
        parts.push(Some(Part::Chunk(piece.to_vec())));
    }
    parts
}

/// The rules of a channel that takes files of every kind, whatever their size and type.
#[must_use]
pub fn any_media() -> Vec<MediaRule> {
    let kinds = [
        AttachmentKind::Image,
        AttachmentKind::Video,
        AttachmentKind::Audio,
        AttachmentKind::Voice,
        AttachmentKind::Document,
    ];
    let rule = |kind: AttachmentKind| MediaRule {
        kind: kind.into(),
        ..MediaRule::default()
    };
    kinds.map(rule).to_vec()
}
