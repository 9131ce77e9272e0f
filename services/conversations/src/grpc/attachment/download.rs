//! Who may read a message may read its files, and who sees a chat the picture of its client; what is not sent yet only its uploader.

use api::conversations::v1::download_attachment_response::Part;
use api::conversations::v1::{
    DownloadAttachmentRequest, DownloadAttachmentResponse, DownloadHeader,
};
use auth::{Caller, Permission};
use futures::{StreamExt, stream};
use kit::Refusal;
use pg::Tx;
use tonic::Request;
use tonic::Status;
use tonic::codegen::tokio_stream::Stream;
use types::AttachmentId;
use uuid::Uuid;

use super::{Attachments, Wanted, give_out};
use crate::grpc::chat::is_seen;
use crate::grpc::conversation::{Error, readable};
use crate::grpc::{By, caller_id, seeing};
use crate::store::attachments::{self, Kept};
use crate::wire;

pub(super) async fn download(
    service: &Attachments,
    request: &Request<DownloadAttachmentRequest>,
) -> Result<
    std::pin::Pin<Box<dyn Stream<Item = Result<DownloadAttachmentResponse, Status>> + Send>>,
    Refusal,
> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let scope = caller.scope()?;
    let request = request.get_ref();
    let wanted = Wanted::new(
        &request.attachment_id,
        request.preview,
        request.offset,
        request.length,
    )?;
    let who = caller_id(&caller);
    let found = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { find(tx, &by, who, wanted.id).await })
    });
    let kept: Kept = found.await?;
    let (head, pieces) = give_out(&service.files, scope.account(), &kept, wanted).await?;
    let header = DownloadHeader {
        attachment: Some(wire::attachment(&kept.file)),
        media_type: head.media_type,
        total_size: head.total_size,
        etag: head.etag,
    };
    let first = stream::iter([Ok(answer(Part::Header(header)))]);
    let rest = pieces.map(|piece| Ok(answer(Part::Chunk(piece?.to_vec()))));
    Ok(first.chain(rest).boxed())
}

fn answer(part: Part) -> DownloadAttachmentResponse {
    DownloadAttachmentResponse { part: Some(part) }
}

/// The file, if the caller may read it. One that is hidden, a foreign one and none at all are the same.
async fn find(tx: &mut Tx, by: &By, who: Uuid, id: AttachmentId) -> Result<Kept, Error> {
    let not_found = || Error::AttachmentNotFound(id);
    let found = attachments::find(tx, &[(by.scope.account(), id)]).await?;
    let kept = found.into_iter().next().ok_or_else(not_found)?;
    if let Some(chat) = kept.picture_of {
        let is_seen = is_seen(tx, by, chat).await?;
        return is_seen.then_some(kept).ok_or_else(not_found);
    }
    match kept.sent {
        None if kept.uploader == who => Ok(kept),
        Some((conversation, true)) => match readable(tx, by, conversation).await {
            Ok(_) => Ok(kept),
            Err(Error::NotFound(_) | Error::Unreadable(_)) => Err(not_found()),
            Err(error) => Err(error),
        },
        None | Some((_, false)) => Err(not_found()),
    }
}
