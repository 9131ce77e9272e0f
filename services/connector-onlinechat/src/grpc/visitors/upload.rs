//! UploadVisitorFilePart: the hub keeps the parts, and makes the file of them.

use api::conversations::v1::AttachmentKind;
use api::onlinechat::v1::{UploadVisitorFilePartRequest, UploadVisitorFilePartResponse};
use connector::{Upload, UploadPart};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::file::{MAX_DURATION_MS, MAX_NAME, MAX_SIZE, PART_SIZE};

use super::visitor::Visitor;
use super::wire;
use crate::limits::Action;
use crate::state::Parts;

pub(super) async fn upload(
    state: &Parts,
    request: Request<UploadVisitorFilePartRequest>,
) -> Result<UploadVisitorFilePartResponse, Refusal> {
    let visitor = Visitor::of(state, &request, Action::Upload).await?;
    visitor.require_enabled()?;
    let (upload, part) = checked(&visitor, request.into_inner())?;
    let reply = state.hub.upload_part(visitor.chat, upload, part).await?;
    Ok(UploadVisitorFilePartResponse {
        next_offset: reply.next_offset,
        attachment: reply.attachment.map(wire::file),
    })
}

fn checked(
    visitor: &Visitor,
    request: UploadVisitorFilePartRequest,
) -> Result<(Upload, UploadPart), Refusal> {
    let mut fields = Fields::new();
    fields.uuid("client_file_id", &request.client_file_id);
    let kind: Option<AttachmentKind> = fields.known("kind", request.kind);
    if request.file_name.chars().count() > MAX_NAME {
        fields.reject(
            "file_name",
            format!("must be at most {MAX_NAME} characters"),
        );
    }
    if !(0..=MAX_DURATION_MS).contains(&request.duration_ms) {
        fields.reject("duration_ms", "must be 0 to one day");
    }
    if request.size < 1 {
        fields.reject("size", "must be 1 or more: there is nothing in the file");
    }
    place(&mut fields, &request);
    fields.finish()?;
    if request.size.unsigned_abs() > MAX_SIZE {
        return Err(Refusal::file_too_large(MAX_SIZE));
    }
    let upload = Upload {
        chat: visitor.chat.visitor.to_string(),
        file_name: request.file_name,
        kind: kind.unwrap_or_default(),
        duration_ms: request.duration_ms,
    };
    let part = UploadPart {
        upload_id: request.client_file_id,
        size: request.size,
        offset: request.offset,
        chunk: request.chunk,
    };
    Ok((upload, part))
}

/// Is it a part of the file, and a whole one?
fn place(fields: &mut Fields, request: &UploadVisitorFilePartRequest) {
    if request.chunk.is_empty() {
        return;
    }
    let part = PART_SIZE as i64;
    if request.offset < 0 || request.offset % part != 0 || request.offset >= request.size {
        fields.reject(
            "offset",
            format!("must be a multiple of {part} within the file"),
        );
        return;
    }
    let wanted = (request.size - request.offset).min(part);
    if request.chunk.len() as i64 != wanted {
        fields.reject("chunk", format!("must be {wanted} bytes here"));
    }
}
