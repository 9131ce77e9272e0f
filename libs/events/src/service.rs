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
use crate::{Event, Place, SHARDS, outbox};

/// How many bytes of events one answer carries: a reader asks again from where it ends.
const ANSWER_BYTES: usize = 16 << 20;

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
        Ok(Response::new(ReadEventsResponse {
            events: fitting(events),
        }))
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

/// The first of the events that fit into an answer: one at least, or its reader would never get past it.
fn fitting(mut events: Vec<Event>) -> Vec<Event> {
    let mut bytes = 0;
    let fits = |event: &Event| {
        let before = bytes;
        bytes += event.payload.len();
        before == 0 || bytes <= ANSWER_BYTES
    };
    let count = events.iter().map(fits).take_while(|fits| *fits).count();
    events.truncate(count);
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_carries_what_fits_and_at_least_one_event() {
        let of = |sizes: &[usize]| {
            let events = sizes.iter().map(|size| Event {
                payload: vec![0; *size].into(),
                ..Event::default()
            });
            fitting(events.collect()).len()
        };
        let half = ANSWER_BYTES / 2;
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[1, 1, 1]), 3);
        assert_eq!(of(&[half, half, 1]), 2);
        assert_eq!(of(&[ANSWER_BYTES + 1, 1]), 1);
        assert_eq!(of(&[1, ANSWER_BYTES, 1]), 1);
    }
}
