//! UploadMedia: a file of a client, brought by a connector that needs its own secrets to fetch it.

use api::connector::v1::upload_media_request::Part;
use api::connector::v1::{UploadMediaHeader, UploadMediaRequest, UploadMediaResponse};
use auth::Caller;
use futures::TryStreamExt;
use kit::Refusal;
use kit::validate::Fields;
use tonic::{Request, Streaming};
use types::ConnectionId;

use super::Hub;
use crate::grpc::attachment::{Upload, announced, chunks, take_in};
use crate::wire;

pub(super) async fn upload(
    hub: &Hub,
    request: Request<Streaming<UploadMediaRequest>>,
) -> Result<UploadMediaResponse, Refusal> {
    let caller = Caller::of(&request)?;
    let mut parts = request.into_inner();
    let first = parts.message().await.ok().flatten().and_then(|it| it.part);
    let Some(Part::Header(header)) = first else {
        return Err(Refusal::field("header", "must come first"));
    };
    let UploadMediaHeader {
        connector_key,
        connection_id,
        external_chat_id,
        file_name,
        kind,
        duration_ms,
        max_size,
    } = header;
    let connector = caller.connector(&connector_key)?;
    let mut fields = Fields::new();
    let id: Option<ConnectionId> = fields.id("header.connection_id", &connection_id);
    let chat = fields.key("header.external_chat_id", &external_chat_id, 1..=200);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::connection_not_found(&connection_id))?;
    let (_, scope) = hub.connection(&connector, id).await?;
    let upload = Upload {
        incoming: announced(&file_name, kind, duration_ms, max_size)?,
        uploader: id.uuid(),
        chat: Some((id, chat)),
        key: None,
    };
    let bytes = chunks(parts.map_ok(|part| match part.part {
        Some(Part::Chunk(bytes)) => Some(bytes),
        Some(Part::Header(_)) | None => None,
    }));
    let now = hub.clock.now();
    let file = take_in(&hub.files, &hub.db, scope, upload, now, bytes).await?;
    Ok(UploadMediaResponse {
        attachment: Some(wire::attachment(&file)),
    })
}
