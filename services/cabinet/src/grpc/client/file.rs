//! DownloadCabinetFile: the hub gives out files of the client's own chat only.

use api::cabinet::v1::download_cabinet_file_response::Part;
use api::cabinet::v1::{DownloadCabinetFileRequest, DownloadCabinetFileResponse};
use futures::stream::{self, BoxStream, StreamExt};
use kit::Refusal;
use kit::validate::Fields;
use tonic::{Request, Status};
use types::AttachmentId;

use super::caller::Caller;
use crate::state;

pub(super) type Parts = BoxStream<'static, Result<DownloadCabinetFileResponse, Status>>;

pub(super) async fn download(
    state: &state::Parts,
    request: &Request<DownloadCabinetFileRequest>,
) -> Result<Parts, Refusal> {
    let caller = Caller::of(state, request).await?;
    let DownloadCabinetFileRequest {
        attachment_id: id,
        preview,
    } = request.get_ref();
    let mut fields = Fields::new();
    fields.id::<AttachmentId>("attachment_id", id);
    fields.finish()?;
    let download = state.hub.download(caller.chat()?, id, *preview).await?;
    let part = |part| DownloadCabinetFileResponse { part: Some(part) };
    let first = Part::Attachment(download.header.attachment.unwrap_or_default());
    let first = stream::iter([Ok(part(first))]);
    let rest = download.contents.map(move |bytes| match bytes {
        Ok(bytes) => Ok(part(Part::Chunk(bytes.to_vec()))),
        Err(status) => Err(Refusal::service_unavailable(status).into()),
    });
    Ok(first.chain(rest).boxed())
}
