//! DownloadVisitorFile: the hub gives out files of the visitor's own chat only.

use api::conversations::v1::DownloadHeader;
use api::onlinechat::v1::download_visitor_file_response::Part;
use api::onlinechat::v1::{DownloadVisitorFileRequest, DownloadVisitorFileResponse};
use connector::Wanted;
use futures::stream::{self, BoxStream, StreamExt};
use kit::Refusal;
use kit::validate::Fields;
use tonic::{Request, Status};
use types::AttachmentId;

use super::visitor::Visitor;
use super::wire;
use crate::state;

pub(super) type Contents = BoxStream<'static, Result<DownloadVisitorFileResponse, Status>>;

pub(super) async fn download(
    state: &state::Parts,
    request: &Request<DownloadVisitorFileRequest>,
) -> Result<Contents, Refusal> {
    let visitor = Visitor::of_files(state, request).await?;
    let DownloadVisitorFileRequest {
        attachment_id: id,
        preview,
        offset,
        length,
    } = request.get_ref();
    let mut fields = Fields::new();
    fields.id::<AttachmentId>("attachment_id", id);
    for (field, value) in [("offset", *offset), ("length", *length)] {
        if value < 0 {
            fields.reject(field, "must not be negative");
        }
    }
    fields.finish()?;
    let wanted = Wanted {
        preview: *preview,
        offset: *offset,
        length: *length,
    };
    let download = state.hub.download(visitor.chat, id, wanted).await?;
    let part = |part| DownloadVisitorFileResponse { part: Some(part) };
    let header = download.header;
    let first = Part::Header(DownloadHeader {
        attachment: header.attachment.map(wire::file),
        media_type: header.media_type,
        total_size: header.total_size,
        etag: header.etag,
    });
    let first = stream::iter([Ok(part(first))]);
    let rest = download.contents.map(move |bytes| match bytes {
        Ok(bytes) => Ok(part(Part::Chunk(bytes.to_vec()))),
        Err(status) => Err(Refusal::service_unavailable(status).into()),
    });
    Ok(first.chain(rest).boxed())
}
