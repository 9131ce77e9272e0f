//! How many conversations there are.

mod filters;
mod get;
mod watch;
mod watch_filters;

use std::sync::Arc;

use api::conversations::v1 as proto;
use api::conversations::v1::counter_service_server::CounterService;
use api::conversations::v1::{
    CountFiltersRequest, CountFiltersResponse, GetCountersRequest, GetCountersResponse,
    WatchCountersRequest, WatchCountersResponse, WatchFilterCountsRequest,
    WatchFilterCountsResponse,
};
use futures::stream::BoxStream;
use pg::Db;
use rights::RightsCopy;
use tonic::{Request, Response, Status};
use types::Clock;

use crate::consumers::AccountStates;
use crate::domain::counts::{Counters, Tally};
use crate::live::{Live, LiveCounts};

/// `CounterService`.
#[derive(Debug, Clone)]
pub struct CounterReader {
    /// Database.
    pub db: Db,
    /// Who may what.
    pub rights: RightsCopy,
    /// Is imBox on?
    pub accounts: Arc<AccountStates>,
    /// Live events.
    pub live: Live,
    /// Counts as they change.
    pub counts: LiveCounts,
    /// The time.
    pub clock: Clock,
}

#[tonic::async_trait]
impl CounterService for CounterReader {
    type WatchCountersStream = BoxStream<'static, Result<WatchCountersResponse, Status>>;
    type WatchFilterCountsStream = BoxStream<'static, Result<WatchFilterCountsResponse, Status>>;

    async fn get_counters(
        &self,
        request: Request<GetCountersRequest>,
    ) -> Result<Response<GetCountersResponse>, Status> {
        Ok(Response::new(get::get_counters(self, &request).await?))
    }

    async fn watch_counters(
        &self,
        request: Request<WatchCountersRequest>,
    ) -> Result<Response<Self::WatchCountersStream>, Status> {
        Ok(Response::new(watch::watch_counters(self, &request).await?))
    }

    async fn count_filters(
        &self,
        request: Request<CountFiltersRequest>,
    ) -> Result<Response<CountFiltersResponse>, Status> {
        Ok(Response::new(filters::count_filters(self, &request).await?))
    }

    async fn watch_filter_counts(
        &self,
        request: Request<WatchFilterCountsRequest>,
    ) -> Result<Response<Self::WatchFilterCountsStream>, Status> {
        let stream = watch_filters::watch_filter_counts(self, &request);
        Ok(Response::new(stream.await?))
    }
}

fn wire(counters: &Counters) -> proto::Counters {
    let users = counters.users.iter().map(|(user, it)| proto::UserTally {
        user_id: user.to_string(),
        tally: Some(tally(it)),
    });
    let groups = counters.groups.iter().map(|(group, it)| proto::GroupTally {
        group_id: group.to_string(),
        tally: Some(tally(it)),
    });
    proto::Counters {
        all: Some(tally(&counters.all)),
        users: users.collect(),
        groups: groups.collect(),
        nobody: Some(tally(&counters.nobody)),
    }
}

fn tally(tally: &Tally) -> proto::Tally {
    proto::Tally {
        open: tally.unanswered + tally.answered,
        closed: tally.closed,
        requires_answer: tally.unanswered,
        no_answer_needed: tally.answered,
        closed_unanswered: tally.closed_unanswered,
    }
}
