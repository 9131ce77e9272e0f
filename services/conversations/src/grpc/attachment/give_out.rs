//! Giving the contents of a file out.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use kit::Refusal;
use types::{AccountId, AttachmentId};

use crate::domain::attachment::State;
use crate::files::{Files, PREVIEW_TYPE, Part};
use crate::store::attachments::Kept;

/// Letters of an etag, of the digest of the contents.
const ETAG_BYTES: usize = 16;

/// The largest part of a download, in bytes.
const PIECE: usize = 256 << 10;

/// What is wanted of a file.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The file.
    pub id: AttachmentId,
    /// The small picture.
    pub preview: bool,
    /// First byte.
    pub offset: u64,
    /// Bytes at most; 0 means to the end.
    pub length: u64,
}

impl Wanted {
    /// Checks a request.
    ///
    /// # Errors
    /// FIELD_INVALID.
    pub fn new(id: &str, preview: bool, offset: i64, length: i64) -> Result<Self, Refusal> {
        let mut fields = kit::validate::Fields::new();
        let found = fields.id("attachment_id", id);
        for (field, value) in [("offset", offset), ("length", length)] {
            if value < 0 {
                fields.reject(field, "must not be negative");
            }
        }
        fields.finish()?;
        Ok(Self {
            id: found.ok_or_else(|| Refusal::attachment_not_found(id))?,
            preview,
            offset: offset.unsigned_abs(),
            length: length.unsigned_abs(),
        })
    }
}

/// What comes, before it comes.
#[derive(Debug, Clone)]
pub struct Head {
    /// Type of the bytes.
    pub media_type: String,
    /// Bytes of the whole.
    pub total_size: i64,
    /// Differs whenever the contents differ.
    pub etag: String,
}

/// A part of the contents.
pub type Piece = Result<Bytes, Refusal>;

/// The contents of a file that the caller may read.
///
/// # Errors
/// ATTACHMENT_NOT_READY, ATTACHMENT_NOT_FOUND without a small picture, FIELD_INVALID beyond the end, STORE_UNAVAILABLE.
pub async fn give_out(
    files: &Files,
    account: AccountId,
    kept: &Kept,
    wanted: Wanted,
) -> Result<(Head, BoxStream<'static, Piece>), Refusal> {
    let file = &kept.file;
    if file.state != State::Ready {
        return Err(Refusal::attachment_not_ready(file.id));
    }
    if wanted.preview && !file.has_preview {
        return Err(Refusal::attachment_not_found(file.id));
    }
    if !wanted.preview && wanted.offset >= file.size {
        return Err(Refusal::field(
            "offset",
            format!("must be less than {}", file.size),
        ));
    }
    let part = if wanted.preview {
        Part::Preview
    } else {
        Part::Contents
    };
    let end = match wanted.length {
        0 => u64::MAX >> 1,
        length => wanted.offset.saturating_add(length),
    };
    let is_whole = wanted.offset == 0 && wanted.length == 0;
    let range = (!is_whole).then_some(wanted.offset..end);
    let contents = files.read(account, file.id, part, range).await;
    let contents = contents.map_err(Refusal::store_unavailable)?;
    let digest = HEXLOWER.encode(&kept.sha256[..kept.sha256.len().min(ETAG_BYTES)]);
    let head = if wanted.preview {
        Head {
            media_type: PREVIEW_TYPE.to_owned(),
            total_size: i64::try_from(contents.total_size).unwrap_or(i64::MAX),
            etag: format!("{digest}-small"),
        }
    } else {
        Head {
            media_type: file.media_type.clone(),
            total_size: i64::try_from(contents.total_size).unwrap_or(i64::MAX),
            etag: digest,
        }
    };
    let pieces = contents
        .stream
        .map_ok(|bytes| stream::iter(pieces(bytes).into_iter().map(Ok::<_, object_store::Error>)))
        .try_flatten()
        .map_err(Refusal::store_unavailable);
    Ok((head, pieces.boxed()))
}

fn pieces(mut bytes: Bytes) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    while bytes.len() > PIECE {
        pieces.push(bytes.split_to(PIECE));
    }
    pieces.push(bytes);
    pieces
}
