//! `AttachmentService`: employees and programs bring files and fetch them. How a file is taken in and given out is the same for
//! connectors ([`crate::grpc::hub`]).

mod download;
mod give_out;
mod take_in;
mod upload;

use std::pin::Pin;

use api::conversations::v1::attachment_service_server::AttachmentService;
use api::conversations::v1::{
    DownloadAttachmentRequest, DownloadAttachmentResponse, UploadAttachmentRequest,
    UploadAttachmentResponse,
};
use futures::Stream;
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status, Streaming};
use types::Clock;

pub(super) use give_out::{Wanted, give_out};
pub(super) use take_in::{Upload, announced, chunks, take_in};

use crate::files::Files;

/// The service.
#[derive(Debug, Clone)]
pub struct Attachments {
    /// Database.
    pub db: Db,
    /// Contents of files.
    pub files: Files,
    /// Who may what.
    pub rights: RightsCopy,
    /// The time.
    pub clock: Clock,
}

#[tonic::async_trait]
impl AttachmentService for Attachments {
    type DownloadAttachmentStream =
        Pin<Box<dyn Stream<Item = Result<DownloadAttachmentResponse, Status>> + Send>>;

    async fn upload_attachment(
        &self,
        request: Request<Streaming<UploadAttachmentRequest>>,
    ) -> Result<Response<UploadAttachmentResponse>, Status> {
        Ok(Response::new(upload::upload(self, request).await?))
    }

    async fn download_attachment(
        &self,
        request: Request<DownloadAttachmentRequest>,
    ) -> Result<Response<Self::DownloadAttachmentStream>, Status> {
        Ok(Response::new(download::download(self, &request).await?))
    }
}
