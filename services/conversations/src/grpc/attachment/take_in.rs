//! Taking an uploaded file in.

use std::time::Duration;

use api::conversations::v1::AttachmentKind;
use auth::AccountScope;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use kit::Refusal;
use kit::validate::Fields;
use pg::Db;
use time::OffsetDateTime;
use tonic::Status;
use types::{AttachmentId, ConnectionId};
use uuid::Uuid;

use crate::domain::attachment::{Attachment, MAX_DURATION_MS, MAX_NAME, MAX_SIZE};
use crate::files::{Error, Files, Incoming};
use crate::store::attachments::{self, Uploaded};
use crate::wire;

/// The largest part of an upload, in bytes.
const MAX_CHUNK: usize = 1 << 20;

/// Whoever sends nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file that is announced, and whose it will be.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What comes.
    pub incoming: Incoming,
    /// Who may send it.
    pub uploader: Uuid,
    /// The chat of a file of a client.
    pub chat: Option<(ConnectionId, String)>,
    /// The client's own key of a file that came in parts; the second with the same key is not kept.
    pub key: Option<Uuid>,
}

/// Checks what a caller says of a file; `max_size` 0 means as large as files may be.
///
/// # Errors
/// FIELD_INVALID.
pub fn announced(
    file_name: &str,
    kind: i32,
    duration_ms: i64,
    max_size: i64,
) -> Result<Incoming, Refusal> {
    let mut fields = Fields::new();
    let kind: Option<AttachmentKind> = fields.known("header.kind", kind);
    if file_name.chars().count() > MAX_NAME {
        fields.reject(
            "header.file_name",
            format!("must be at most {MAX_NAME} characters"),
        );
    }
    if !(0..=MAX_DURATION_MS).contains(&duration_ms) {
        fields.reject("header.duration_ms", "must be 0 to one day");
    }
    if max_size < 0 {
        fields.reject("header.max_size", "must not be negative");
    }
    fields.finish()?;
    let max_size = match max_size.unsigned_abs() {
        0 => MAX_SIZE,
        less => less.min(MAX_SIZE),
    };
    Ok(Incoming {
        id: AttachmentId::generate(),
        file_name: file_name.to_owned(),
        said: kind.and_then(wire::to_kind),
        duration_ms,
        max_size,
    })
}

/// The contents of an upload: every part after the first is one chunk; `None` stands for any other.
pub fn chunks(
    parts: impl Stream<Item = Result<Option<Vec<u8>>, Status>> + Send + Unpin,
) -> impl Stream<Item = Result<Bytes, Refusal>> + Send {
    stream::try_unfold(parts, |mut parts| async move {
        let next = tokio::time::timeout(PATIENCE, parts.next()).await;
        match next.map_err(|_| Refusal::deadline())? {
            None => Ok(None),
            Some(Err(_)) => Err(Refusal::field("chunk", "broke off")),
            Some(Ok(None)) => Err(Refusal::field(
                "chunk",
                "must come in every part but the first",
            )),
            Some(Ok(Some(bytes))) if bytes.len() > MAX_CHUNK => Err(Refusal::field(
                "chunk",
                format!("must be at most {MAX_CHUNK} bytes"),
            )),
            Some(Ok(Some(bytes))) => Ok(Some((Bytes::from(bytes), parts))),
        }
    })
}

/// Takes the contents in and keeps the file.
///
/// # Errors
/// FILE_TOO_LARGE, FILE_TYPE_NOT_ALLOWED, FIELD_INVALID for an empty one; what `chunks` says; STORE_UNAVAILABLE.
pub async fn take_in(
    files: &Files,
    db: &Db,
    scope: AccountScope,
    upload: Upload,
    now: OffsetDateTime,
    chunks: impl Stream<Item = Result<Bytes, Refusal>> + Send,
) -> Result<Attachment, Refusal> {
    let account = scope.account();
    let received = files.receive(account, &upload.incoming, chunks).await;
    let received = received.map_err(refusal)?;
    let file = received.file.clone();
    let kept = db.tx(scope, move |tx| {
        let uploaded = Uploaded {
            file: received.file,
            uploader: upload.uploader,
            chat: upload.chat,
            key: upload.key,
            sha256: received.sha256,
            create_time: now,
        };
        Box::pin(async move { attachments::insert(tx, account, &uploaded).await })
    });
    let kept: Result<(), pg::Error> = kept.await;
    if let Err(error) = kept {
        // Nobody will ask for it.
        if let Err(error) = files.delete(account, file.id).await {
            tracing::warn!(%error, "a file that is not kept could not be deleted");
        }
        return Err(error.into());
    }
    Ok(file)
}

fn refusal(error: Error<Refusal>) -> Refusal {
    match error {
        Error::TooLarge(limit) => Refusal::file_too_large(limit),
        Error::NotAllowed(media_type) => Refusal::file_type_not_allowed(media_type),
        Error::Empty => Refusal::field("chunk", "must not be empty: there is nothing in the file"),
        Error::Source(refusal) => refusal,
        Error::Store(cause) => Refusal::store_unavailable(cause),
    }
}
