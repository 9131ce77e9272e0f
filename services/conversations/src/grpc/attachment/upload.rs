//! A file of an employee or a program.

use api::conversations::v1::upload_attachment_request::Part;
use api::conversations::v1::{
    AttachmentKind, UploadAttachmentRequest, UploadAttachmentResponse, UploadHeader,
};
use auth::{Caller, Permission};
use futures::TryStreamExt;
use kit::Refusal;
use tonic::{Request, Streaming};

use super::{Attachments, Upload, announced, chunks, take_in};
use crate::domain::attachment::clean_name;
use crate::grpc::caller_id;
use crate::wire;

fn said(kind: i32) -> AttachmentKind {
    AttachmentKind::try_from(kind).unwrap_or_default()
}

pub(super) async fn upload(
    service: &Attachments,
    request: Request<Streaming<UploadAttachmentRequest>>,
) -> Result<UploadAttachmentResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require(Permission::InboxWrite)?;
    let scope = caller.scope()?;
    let mut parts = request.into_inner();
    let first = parts.message().await.ok().flatten().and_then(|it| it.part);
    let Some(Part::Header(UploadHeader {
        file_name,
        kind,
        duration_ms,
    })) = first
    else {
        return Err(Refusal::field("header", "must come first"));
    };
    // What is spoken or drawn is shown without its name.
    let is_nameless = [AttachmentKind::Voice, AttachmentKind::Sticker].contains(&said(kind));
    if !is_nameless && clean_name(&file_name).is_empty() {
        return Err(Refusal::field("header.file_name", "must name the file"));
    }
    let upload = Upload {
        incoming: announced(&file_name, kind, duration_ms, 0)?,
        uploader: caller_id(&caller),
        chat: None,
        key: None,
    };
    let bytes = chunks(parts.map_ok(|part| match part.part {
        Some(Part::Chunk(bytes)) => Some(bytes),
        Some(Part::Header(_)) | None => None,
    }));
    let now = service.clock.now();
    let file = take_in(&service.files, &service.db, scope, upload, now, bytes).await?;
    Ok(UploadAttachmentResponse {
        attachment: Some(wire::attachment(&file)),
    })
}
