//! Taking a file in: its type is told by its first bytes, its size while it comes.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use object_store::{ObjectStoreExt, PutPayload, WriteMultipart};
use ring::digest::{Context, SHA256};
use types::{AccountId, AttachmentId};

use super::preview::{self, Picture};
use super::{Files, Part};
use crate::domain::attachment::{Attachment, Kind, State, clean_name};
use crate::domain::file_type::{self, FIRST_BYTES, NotAllowed};

/// Parts that are on their way to the store at once.
const PARTS: usize = 2;

/// The largest picture of which a small one is made, in bytes.
const MAX_PICTURE: u64 = 25 << 20;

/// A file that comes.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What it will be called.
    pub id: AttachmentId,
    /// Its name as the sender says.
    pub file_name: String,
    /// What the sender says it is.
    pub said: Option<Kind>,
    /// How long it is as the sender says, in milliseconds.
    pub duration_ms: i64,
    /// The largest that is taken, in bytes.
    pub max_size: u64,
}

/// A file that is in the store.
#[derive(Debug)]
pub struct Received {
    /// What it is.
    pub file: Attachment,
    /// Digest of its contents.
    pub sha256: Vec<u8>,
}

/// Why a file was not taken; nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// It is larger than this.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// Files of this type are not taken.
    #[error("files of the type {0} are not taken")]
    NotAllowed(&'static str),
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It broke off.
    #[error("the file broke off")]
    Source(E),
    /// The store.
    #[error("the file store failed")]
    Store(#[from] object_store::Error),
}

impl Files {
    /// Takes a file in.
    ///
    /// # Errors
    /// [`Error`]; nothing is left in the store then.
    pub async fn receive<E>(
        &self,
        account: AccountId,
        incoming: &Incoming,
        chunks: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Received, Error<E>> {
        let path = self.path(account, incoming.id, Part::Contents);
        let mut upload = WriteMultipart::new(self.store.put_multipart(&path).await?);
        let taken = match copy(&mut upload, incoming, chunks).await {
            Ok(taken) => taken,
            Err(error) => {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "what was left of a broken upload could not be removed");
                }
                return Err(error);
            }
        };
        upload.finish().await?;
        let kind = file_type::kind(taken.media_type, incoming.said);
        let picture = self.picture(account, incoming.id, kind, taken.size).await?;
        let file = Attachment {
            id: incoming.id,
            kind,
            file_name: clean_name(&incoming.file_name),
            media_type: file_type::of_kind(taken.media_type, kind).to_owned(),
            size: taken.size,
            duration_ms: incoming.duration_ms,
            width: picture.as_ref().map_or(0, |picture| picture.width),
            height: picture.as_ref().map_or(0, |picture| picture.height),
            state: State::Ready,
            has_preview: picture.is_some_and(|picture| picture.small.is_some()),
        };
        Ok(Received {
            file,
            sha256: taken.sha256,
        })
    }

    /// Looks at a picture and keeps a small one.
    async fn picture(
        &self,
        account: AccountId,
        id: AttachmentId,
        kind: Kind,
        size: u64,
    ) -> object_store::Result<Option<Picture>> {
        if !matches!(kind, Kind::Image | Kind::Sticker) || size > MAX_PICTURE {
            return Ok(None);
        }
        let Ok(_turn) = self.decoders.acquire().await else {
            return Ok(None);
        };
        let bytes = self.whole(account, id).await?;
        let looked = tokio::task::spawn_blocking(move || preview::look(&bytes)).await;
        let Ok(Some(mut picture)) = looked else {
            return Ok(None);
        };
        if let Some(small) = &mut picture.small {
            let small = PutPayload::from(std::mem::take(small));
            self.store
                .put(&self.path(account, id, Part::Preview), small)
                .await?;
        }
        Ok(Some(picture))
    }
}

/// What came.
struct Taken {
    media_type: &'static str,
    size: u64,
    sha256: Vec<u8>,
}

async fn copy<E>(
    upload: &mut WriteMultipart,
    incoming: &Incoming,
    chunks: impl Stream<Item = Result<Bytes, E>>,
) -> Result<Taken, Error<E>> {
    let mut chunks = std::pin::pin!(chunks);
    let (mut first, mut size) = (Vec::new(), 0_u64);
    let mut digest = Context::new(&SHA256);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(Error::Source)?;
        size += chunk.len() as u64;
        if size > incoming.max_size {
            return Err(Error::TooLarge(incoming.max_size));
        }
        if first.len() < FIRST_BYTES {
            first.extend_from_slice(&chunk[..chunk.len().min(FIRST_BYTES - first.len())]);
            if first.len() == FIRST_BYTES {
                // Known early: nobody has to send the whole of what is not taken.
                recognise(&first, incoming)?;
            }
        }
        digest.update(&chunk);
        upload.wait_for_capacity(PARTS).await?;
        upload.put(chunk);
    }
    if size == 0 {
        return Err(Error::Empty);
    }
    Ok(Taken {
        media_type: recognise(&first, incoming)?,
        size,
        sha256: digest.finish().as_ref().to_vec(),
    })
}

fn recognise<E>(first: &[u8], incoming: &Incoming) -> Result<&'static str, Error<E>> {
    file_type::recognise(first, &clean_name(&incoming.file_name))
        .map_err(|NotAllowed(media_type)| Error::NotAllowed(media_type))
}
