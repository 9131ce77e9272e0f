//! What this service asks crm, for itself.

use std::time::Duration;

use api::crm::internal::v1::client_service_client::ClientServiceClient;
use api::crm::internal::v1::{
    DownloadClientRecordingRequest, DownloadClientRecordingResponse, FindClientRequest,
    ListClientEventsRequest, ListClientEventsResponse, ReadClientRequest, ReadClientResponse,
};
use api::error::v1::ErrorReason;
use auth::ServiceChannel;
use kit::Refusal;
use kit::refusal::reason_of;
use tonic::{Request, Status, Streaming};
use types::AccountId;

/// How long crm may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// crm, asked about clients.
#[derive(Clone)]
pub struct Crm {
    client: ClientServiceClient<ServiceChannel>,
}

impl Crm {
    /// Behind this channel.
    #[must_use]
    pub fn new(channel: ServiceChannel) -> Self {
        Self {
            // A client with many deals has a long answer.
            client: ClientServiceClient::new(channel).max_decoding_message_size(16 << 20),
        }
    }

    /// Does a contact of the account carry exactly this number?
    ///
    /// # Errors
    /// SERVICE_UNAVAILABLE when crm does not answer.
    pub async fn is_client(&self, account: AccountId, phone: &str) -> Result<bool, Refusal> {
        let request = timed(FindClientRequest {
            account_id: bytes(account),
            phone: phone.to_owned(),
        });
        let found = self.client.clone().find_client(request).await;
        let found = found.map_err(Refusal::service_unavailable)?.into_inner();
        Ok(!found.contact_ids.is_empty())
    }

    /// The client's cards.
    ///
    /// # Errors
    /// SERVICE_UNAVAILABLE when crm does not answer.
    pub async fn read(
        &self,
        account: AccountId,
        phone: &str,
    ) -> Result<ReadClientResponse, Refusal> {
        let request = timed(ReadClientRequest {
            account_id: bytes(account),
            phone: phone.to_owned(),
        });
        let read = self.client.clone().read_client(request).await;
        Ok(read.map_err(Refusal::service_unavailable)?.into_inner())
    }

    /// What happened to a deal of the client.
    ///
    /// # Errors
    /// DEAL_NOT_FOUND, also for a deal of somebody else; SERVICE_UNAVAILABLE when crm does not answer.
    pub async fn events(
        &self,
        account: AccountId,
        request: ListClientEventsRequest,
    ) -> Result<ListClientEventsResponse, Refusal> {
        let deal = request.deal_id.clone();
        let request = timed(ListClientEventsRequest {
            account_id: bytes(account),
            ..request
        });
        let listed = self.client.clone().list_client_events(request).await;
        let refused = |status: Status| match reason_of(&status) {
            Some(ErrorReason::DealNotFound) => Refusal::deal_not_found(&deal),
            _ => Refusal::service_unavailable(status),
        };
        Ok(listed.map_err(refused)?.into_inner())
    }

    /// The recording of a call with the client.
    ///
    /// # Errors
    /// RECORDING_NOT_FOUND, also for a call with somebody else; SERVICE_UNAVAILABLE when crm does not answer.
    pub async fn recording(
        &self,
        request: DownloadClientRecordingRequest,
    ) -> Result<Streaming<DownloadClientRecordingResponse>, Refusal> {
        let call = request.call_id.clone();
        // Without a deadline: it would be that of the stream as a whole, and a telephone may be slow.
        let begun = self.client.clone().download_client_recording(request).await;
        let refused = |status: Status| match reason_of(&status) {
            Some(ErrorReason::RecordingNotFound) => Refusal::recording_not_found(call),
            _ => Refusal::service_unavailable(status),
        };
        Ok(begun.map_err(refused)?.into_inner())
    }
}

fn bytes(account: AccountId) -> Vec<u8> {
    account.uuid().as_bytes().to_vec()
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}
