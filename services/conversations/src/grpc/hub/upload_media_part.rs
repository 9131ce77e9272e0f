//! UploadMediaPart: a file of a client whose connection breaks. Repeating any part, also the last, does no harm.

use std::sync::{Arc, OnceLock};

use api::connector::v1::{UploadMediaHeader, UploadMediaPartRequest, UploadMediaPartResponse};
use auth::{AccountScope, Caller};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::{AccountId, ConnectionId};
use uuid::Uuid;

use super::Hub;
use crate::domain::attachment::{Attachment, PART_SIZE, clean_name};
use crate::domain::file_type::{self, FIRST_BYTES, NotAllowed};
use crate::files::{Parts, PartsError};
use crate::grpc::attachment::{Upload, announced, take_in};
use crate::store::attachments;
use crate::wire;

/// What comes, checked.
struct Coming {
    scope: AccountScope,
    upload: Upload,
    chat: (ConnectionId, String),
    key: Uuid,
    parts: Parts,
    size: u64,
}

pub(super) async fn upload(
    hub: &Hub,
    request: Request<UploadMediaPartRequest>,
) -> Result<UploadMediaPartResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let UploadMediaPartRequest {
        header,
        upload_id,
        size,
        offset,
        chunk,
    } = request.into_inner();
    let header = header.ok_or_else(|| Refusal::field("header", "must be given"))?;
    let coming = check(hub, &caller, header, &upload_id, size).await?;
    if let Some(file) = known(hub, &coming).await? {
        return Ok(whole(&file));
    }
    let next = if chunk.is_empty() {
        let received = hub.files.received(&coming.parts).await;
        received.map_err(Refusal::store_unavailable)?
    } else {
        keep(hub, &coming, offset, chunk).await?
    };
    if next < coming.size {
        return Ok(UploadMediaPartResponse {
            next_offset: at(next),
            attachment: None,
        });
    }
    finish(hub, coming).await
}

/// Checks all that is the same with every part.
async fn check(
    hub: &Hub,
    caller: &Caller,
    header: UploadMediaHeader,
    upload_id: &str,
    size: i64,
) -> Result<Coming, Refusal> {
    let connector = caller.connector(&header.connector_key)?;
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("header.connection_id", &header.connection_id);
    let chat = fields.key("header.external_chat_id", &header.external_chat_id, 1..=200);
    let key = fields.uuid("upload_id", upload_id);
    if size < 1 {
        fields.reject("size", "must be 1 or more");
    }
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&header.connection_id))?;
    let (connection, scope) = hub.connection(&connector, id).await?;
    let UploadMediaHeader {
        file_name,
        kind,
        duration_ms,
        max_size,
        ..
    } = header;
    let incoming = announced(&file_name, kind, duration_ms, max_size)?;
    let (key, size) = (key.unwrap_or_default(), size.unsigned_abs());
    if size > incoming.max_size {
        return Err(Refusal::file_too_large(incoming.max_size));
    }
    Ok(Coming {
        scope,
        parts: Parts::new(connection.account, (id, chat.as_str()), key, size),
        upload: Upload {
            incoming,
            uploader: id.uuid(),
            chat: Some((id, chat.clone())),
            key: Some(key),
        },
        chat: (id, chat),
        key,
        size,
    })
}

/// The file that was made of the same parts before.
async fn known(hub: &Hub, coming: &Coming) -> Result<Option<Attachment>, Refusal> {
    let account: AccountId = coming.scope.account();
    let (chat, key) = (coming.chat.clone(), coming.key);
    let found = hub.db.tx(coming.scope, move |tx| {
        Box::pin(async move { attachments::of_upload(tx, account, &chat, key).await })
    });
    found.await.map_err(|error: pg::Error| error.into())
}

/// Keeps a part; where to go on.
async fn keep(hub: &Hub, coming: &Coming, offset: i64, chunk: Vec<u8>) -> Result<u64, Refusal> {
    let place = offset.unsigned_abs();
    if offset < 0 || !place.is_multiple_of(PART_SIZE as u64) || place >= coming.size {
        return Err(Refusal::field(
            "offset",
            format!("must be a multiple of {PART_SIZE} within the file"),
        ));
    }
    let wanted = coming.parts.length_at(place);
    if chunk.len() as u64 != wanted {
        return Err(Refusal::field(
            "chunk",
            format!("must be {wanted} bytes here"),
        ));
    }
    if place == 0 {
        // Known early: nobody has to send the whole of what is not taken.
        let first = &chunk[..chunk.len().min(FIRST_BYTES)];
        file_type::recognise(first, &clean_name(&coming.upload.incoming.file_name))
            .map_err(|NotAllowed(media_type)| Refusal::file_type_not_allowed(media_type))?;
    }
    let kept = hub.files.keep_part(&coming.parts, place, chunk).await;
    kept.map_err(Refusal::store_unavailable)?;
    Ok(place + wanted)
}

/// Makes the file of its parts.
async fn finish(hub: &Hub, coming: Coming) -> Result<UploadMediaPartResponse, Refusal> {
    let (missing, chunks) = reading(hub, &coming.parts);
    let now = hub.clock.now();
    let made = take_in(
        &hub.files,
        &hub.db,
        coming.scope,
        coming.upload.clone(),
        now,
        chunks,
    );
    let made = made.await;
    if let Some(number) = missing.get() {
        // It was deleted meanwhile, or never came.
        return Ok(match known(hub, &coming).await? {
            Some(file) => whole(&file),
            None => UploadMediaPartResponse {
                next_offset: at(number * PART_SIZE as u64),
                attachment: None,
            },
        });
    }
    let file = match made {
        Ok(file) => file,
        // The same last part came twice at once: the other call was faster.
        Err(refusal) => known(hub, &coming).await?.ok_or(refusal)?,
    };
    if let Err(error) = hub.files.forget_parts(&coming.parts).await {
        tracing::warn!(%error, "parts of a file could not be deleted; they are tomorrow");
    }
    Ok(whole(&file))
}

/// The contents, and the number of a part that was not there.
fn reading(
    hub: &Hub,
    parts: &Parts,
) -> (
    Arc<OnceLock<u64>>,
    impl Stream<Item = Result<Bytes, Refusal>> + Send + use<>,
) {
    let missing = Arc::new(OnceLock::new());
    let noted = Arc::clone(&missing);
    let chunks = hub
        .files
        .read_parts(parts)
        .map_err(move |error| match error {
            PartsError::Missing(number) => {
                let _ = noted.set(number);
                Refusal::field("chunk", "is missing")
            }
            PartsError::Store(cause) => Refusal::store_unavailable(cause),
        });
    (missing, chunks)
}

fn whole(file: &Attachment) -> UploadMediaPartResponse {
    UploadMediaPartResponse {
        next_offset: at(file.size),
        attachment: Some(wire::attachment(file)),
    }
}

/// A place as the contract has it.
fn at(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
