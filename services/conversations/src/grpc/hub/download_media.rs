//! DownloadMedia: a file of a chat, to be sent on or shown.

use api::connector::v1::download_media_response::Part;
use api::connector::v1::{DownloadMediaHeader, DownloadMediaRequest, DownloadMediaResponse};
use auth::Caller;
use futures::{StreamExt, stream};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::{AttachmentId, ConnectionId};

use super::{Answers, Hub};
use crate::grpc::attachment::{Wanted, give_out};
use crate::store::attachments::{self, Kept};
use crate::wire;

pub(super) async fn download(
    hub: &Hub,
    request: &Request<DownloadMediaRequest>,
) -> Result<Answers<DownloadMediaResponse>, Refusal> {
    let caller = Caller::of(request)?;
    let request = request.get_ref();
    let connector = caller.connector(&request.connector_key)?;
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("connection_id", &request.connection_id);
    let chat = fields.key("external_chat_id", &request.external_chat_id, 1..=200);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&request.connection_id))?;
    let wanted = Wanted::new(
        &request.attachment_id,
        request.preview,
        request.offset,
        request.length,
    )?;
    let (connection, scope) = hub.connection(&connector, id).await?;
    let account = connection.account;
    let found = hub.db.tx(scope, move |tx| {
        Box::pin(async move { attachments::find(tx, &[(account, wanted.id)]).await })
    });
    let found: Vec<Kept> = found
        .await
        .map_err(|error: pg::Error| Refusal::from(error))?;
    let kept = of_chat(found, &(id, chat), wanted.id)?;
    let (head, pieces) = give_out(&hub.files, account, &kept, wanted).await?;
    let header = DownloadMediaHeader {
        attachment: Some(wire::attachment(&kept.file)),
        media_type: head.media_type,
        total_size: head.total_size,
        etag: head.etag,
    };
    let first = stream::iter([Ok(answer(Part::Header(header)))]);
    let rest = pieces.map(|piece| Ok(answer(Part::Chunk(piece?.to_vec()))));
    Ok(first.chain(rest).boxed())
}

fn answer(part: Part) -> DownloadMediaResponse {
    DownloadMediaResponse { part: Some(part) }
}

/// The file, if it is one of the chat; another chat's is as unknown as none.
fn of_chat(
    found: Vec<Kept>,
    chat: &(ConnectionId, String),
    id: AttachmentId,
) -> Result<Kept, Refusal> {
    found
        .into_iter()
        .next()
        .filter(|kept| kept.chat.as_ref() == Some(chat))
        .ok_or_else(|| Refusal::attachment_not_found(id))
}
