//! CabinetService: the client's own page.
//!
//! Whose data a call is about comes from the session alone. An id in a request names a deal or file within these, so an id of somebody
//! else's finds nothing.

mod caller;
mod cards;
mod events;
mod file;
mod home;
mod messages;
mod recording;
mod watch;

use api::cabinet::v1::cabinet_service_server::CabinetService;
use api::cabinet::v1::{
    DownloadCabinetFileRequest, DownloadCabinetRecordingRequest, GetHomeRequest, GetHomeResponse,
    ListCabinetMessagesRequest, ListCabinetMessagesResponse, ListDealEventsRequest,
    ListDealEventsResponse, SendCabinetMessageRequest, SendCabinetMessageResponse,
    WatchCabinetMessagesRequest,
};
use tonic::{Request, Response, Status};

use crate::state::State;

pub(super) use caller::Caller;

/// The service.
pub struct Client(pub State);

type Reply<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CabinetService for Client {
    async fn get_home(&self, request: Request<GetHomeRequest>) -> Reply<GetHomeResponse> {
        Ok(Response::new(home::get(&self.0, &request).await?))
    }

    async fn list_deal_events(
        &self,
        request: Request<ListDealEventsRequest>,
    ) -> Reply<ListDealEventsResponse> {
        Ok(Response::new(events::list(&self.0, &request).await?))
    }

    async fn list_cabinet_messages(
        &self,
        request: Request<ListCabinetMessagesRequest>,
    ) -> Reply<ListCabinetMessagesResponse> {
        Ok(Response::new(messages::list(&self.0, &request).await?))
    }

    async fn send_cabinet_message(
        &self,
        request: Request<SendCabinetMessageRequest>,
    ) -> Reply<SendCabinetMessageResponse> {
        Ok(Response::new(messages::send(&self.0, &request).await?))
    }

    type WatchCabinetMessagesStream = watch::Messages;

    async fn watch_cabinet_messages(
        &self,
        request: Request<WatchCabinetMessagesRequest>,
    ) -> Reply<watch::Messages> {
        Ok(Response::new(watch::watch(&self.0, &request).await?))
    }

    type DownloadCabinetFileStream = file::Parts;

    async fn download_cabinet_file(
        &self,
        request: Request<DownloadCabinetFileRequest>,
    ) -> Reply<file::Parts> {
        Ok(Response::new(file::download(&self.0, &request).await?))
    }

    type DownloadCabinetRecordingStream = recording::Parts;

    async fn download_cabinet_recording(
        &self,
        request: Request<DownloadCabinetRecordingRequest>,
    ) -> Reply<recording::Parts> {
        Ok(Response::new(recording::download(&self.0, &request).await?))
    }
}
