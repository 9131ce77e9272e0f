//! Telephone calls with clients (CAB-03).

mod download;
mod record;

use std::sync::Arc;

use api::crm::v1::call_service_server::CallService;
use api::crm::v1::{
    self as proto, DownloadRecordingRequest, DownloadRecordingResponse, RecordCallRequest,
    RecordCallResponse,
};
use futures::stream::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::answer;
use crate::core::Core;
use crate::domain::call::Recording;

pub(super) use download::{contents, part_of};

/// `CallService`.
pub struct Calls(pub Arc<Core>);

impl From<Recording> for proto::CallRecording {
    fn from(recording: Recording) -> Self {
        Self {
            media_type: recording.media_type,
            size: recording.size,
        }
    }
}

#[tonic::async_trait]
impl CallService for Calls {
    async fn record_call(
        &self,
        request: Request<Streaming<RecordCallRequest>>,
    ) -> Result<Response<RecordCallResponse>, Status> {
        answer(record::record(&self.0, request).await)
    }

    type DownloadRecordingStream = BoxStream<'static, Result<DownloadRecordingResponse, Status>>;

    async fn download_recording(
        &self,
        request: Request<DownloadRecordingRequest>,
    ) -> Result<Response<Self::DownloadRecordingStream>, Status> {
        answer(download::download(&self.0, request).await)
    }
}
