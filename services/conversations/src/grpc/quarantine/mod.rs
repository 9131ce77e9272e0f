//! `QuarantineService`: what connectors brought and was refused for good. For those who administer the account.

mod discard;
mod list;
mod redrive;

use api::connector::v1::quarantine_service_server::QuarantineService;
use api::connector::v1::{
    DiscardQuarantinedEventsRequest, DiscardQuarantinedEventsResponse,
    ListQuarantinedEventsRequest, ListQuarantinedEventsResponse, RedriveQuarantinedEventsRequest,
    RedriveQuarantinedEventsResponse,
};
use kit::Refusal;
use kit::validate::Fields;
use tonic::{Request, Response, Status};
use types::QuarantinedEventId;

use crate::grpc::hub::Hub;

/// Events in a call at most.
const MOST: usize = 200;

/// The service; events go in again the way they came.
#[derive(Debug)]
pub struct Quarantine {
    /// Where connectors bring events.
    pub hub: Hub,
}

/// The ids of a request.
fn ids(given: &[String]) -> Result<Vec<QuarantinedEventId>, Refusal> {
    let mut fields = Fields::new();
    if !(1..=MOST).contains(&given.len()) {
        fields.reject("ids", format!("must be 1 to {MOST}"));
    }
    let ids = given.iter().filter_map(|id| fields.id("ids", id)).collect();
    fields.finish()?;
    Ok(ids)
}

#[tonic::async_trait]
impl QuarantineService for Quarantine {
    async fn list_quarantined_events(
        &self,
        request: Request<ListQuarantinedEventsRequest>,
    ) -> Result<Response<ListQuarantinedEventsResponse>, Status> {
        Ok(Response::new(list::list(self, request).await?))
    }

    async fn redrive_quarantined_events(
        &self,
        request: Request<RedriveQuarantinedEventsRequest>,
    ) -> Result<Response<RedriveQuarantinedEventsResponse>, Status> {
        Ok(Response::new(redrive::redrive(self, request).await?))
    }

    async fn discard_quarantined_events(
        &self,
        request: Request<DiscardQuarantinedEventsRequest>,
    ) -> Result<Response<DiscardQuarantinedEventsResponse>, Status> {
        Ok(Response::new(discard::discard(self, request).await?))
    }
}
