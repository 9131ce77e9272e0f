//! Serves a service's outbox to others.

use api::events::internal::v1::event_log_service_server::EventLogService;
use api::events::internal::v1::{
    GetPositionsRequest, GetPositionsResponse, ReadEventsRequest, ReadEventsResponse,
};
use auth::Caller;
use kit::Refusal;
use pg::Db;
use tonic::{Request, Response, Status};

use crate::source::PAGE;
use crate::{Place, SHARDS, outbox};

/// `EventLogService` over a service's database.
#[derive(Debug, Clone)]
pub struct EventLog(pub Db);

#[tonic::async_trait]
impl EventLogService for EventLog {
    async fn read_events(
        &self,
        request: Request<ReadEventsRequest>,
    ) -> Result<Response<ReadEventsResponse>, Status> {
        Caller::of(&request)?.require_service()?;
        let ReadEventsRequest {
            shard,
            after_position,
            limit,
        } = request.into_inner();
        let shard = u16::try_from(shard)
            .ok()
            .filter(|shard| *shard < SHARDS)
            .ok_or_else(|| Refusal::field("shard", "must be 0 to 63"))?;
        let limit = if limit == 0 { PAGE } else { limit.min(PAGE) };
        let place = Place {
            shard,
            position: after_position,
        };
        let events = outbox::read(&self.0, &[place], i64::from(limit))
            .await
            .map_err(Refusal::from)?;
        Ok(Response::new(ReadEventsResponse { events }))
    }

    async fn get_positions(
        &self,
        request: Request<GetPositionsRequest>,
    ) -> Result<Response<GetPositionsResponse>, Status> {
        Caller::of(&request)?.require_service()?;
        let positions = outbox::positions(&self.0).await.map_err(Refusal::from)?;
        Ok(Response::new(GetPositionsResponse {
            positions: positions.to_vec(),
        }))
    }
}
