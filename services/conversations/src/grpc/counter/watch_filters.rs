//! Counts of filters, again whenever they change.

use std::time::Duration;

use api::conversations::v1::watch_filter_counts_response::Event;
use api::conversations::v1::{
    FilterCounts, Heartbeat, WatchFilterCountsRequest, WatchFilterCountsResponse,
};
use auth::{Caller, Permission};
use futures::stream::BoxStream;
use kit::Refusal;
use time::OffsetDateTime;
use tokio::sync::watch;
use tonic::{Request, Status};
use types::{AccountId, Clock};

use super::CounterReader;
use super::filters::{Asked, count};
use crate::grpc::{HEARTBEAT, quiet, until_refused};
use crate::live::Subscription;

/// How long at least between two countings: they read rows.
const PAUSE: Duration = Duration::from_secs(1);

pub async fn watch_filter_counts(
    reader: &CounterReader,
    request: &Request<WatchFilterCountsRequest>,
) -> Result<BoxStream<'static, Result<WatchFilterCountsResponse, Status>>, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let account = caller.scope()?.account();
    reader.accounts.require_imbox(caller.scope()?).await?;
    let request = request.get_ref();
    let asked = Asked::parse(&caller, &request.filter_ids, request.favourites)?;
    // Listen first, then count: nothing falls in between.
    let subscription = reader.live.subscribe(account);
    let rights = reader.live.rights(account, 0);
    let counts = count(reader, &caller, asked.clone()).await?;
    let watch = Watch {
        subscription,
        rights,
        epoch: 0,
        reader: reader.clone(),
        caller,
        account,
        asked,
        news: Some(counts),
        told: FilterCounts::default(),
        sent: reader.clock.now(),
    };
    Ok(until_refused(watch, |watch| Box::pin(watch.next())))
}

/// One stream.
struct Watch {
    reader: CounterReader,
    caller: Caller,
    account: AccountId,
    asked: Asked,
    subscription: Subscription,
    /// The newest epoch of the account's rights that was counted under.
    epoch: i64,
    rights: watch::Receiver<i64>,
    /// Counts that are to be told.
    news: Option<FilterCounts>,
    /// What was last told.
    told: FilterCounts,
    /// When something was last sent.
    sent: OffsetDateTime,
}

enum Waited {
    Something,
    RightsChanged(i64),
    /// Events were lost.
    Lost,
    Quiet,
    Stopping,
}

impl Watch {
    async fn next(&mut self) -> Result<WatchFilterCountsResponse, Refusal> {
        let event = self.step().await?;
        self.sent = self.reader.clock.now();
        Ok(WatchFilterCountsResponse { event: Some(event) })
    }

    async fn step(&mut self) -> Result<Event, Refusal> {
        loop {
            self.caller.check_session()?;
            if let Some(counts) = self.news.take().filter(|news| *news != self.told) {
                self.told.clone_from(&counts);
                return Ok(Event::Counts(counts));
            }
            match self.wait().await {
                Waited::Something => {}
                Waited::RightsChanged(newest) => self.epoch = newest,
                Waited::Lost => self.subscription = self.reader.live.subscribe(self.account),
                Waited::Quiet if self.reader.clock.now() - self.sent < HEARTBEAT => continue,
                Waited::Quiet => return self.look_again().await,
                Waited::Stopping => return Err(Refusal::shutting_down()),
            }
            Clock::system().sleep(PAUSE).await;
            // What happened meanwhile is counted with it.
            while self.subscription.queue.try_recv().is_ok() {}
            self.news = Some(count(&self.reader, &self.caller, self.asked.clone()).await?);
        }
    }

    /// What changes a count without an event: cards of closed conversations, the filter itself.
    async fn look_again(&mut self) -> Result<Event, Refusal> {
        let counts = count(&self.reader, &self.caller, self.asked.clone()).await?;
        if counts == self.told {
            return Ok(Event::Heartbeat(Heartbeat {}));
        }
        self.told.clone_from(&counts);
        Ok(Event::Counts(counts))
    }

    async fn wait(&mut self) -> Waited {
        let epoch = self.epoch;
        tokio::select! {
            biased;
            () = self.subscription.stopping.cancelled() => Waited::Stopping,
            changed = self.rights.wait_for(|newest| *newest > epoch) => match changed {
                Ok(newest) => Waited::RightsChanged(*newest),
                // Nobody looks any more: the process stops.
                Err(_) => Waited::Stopping,
            },
            event = self.subscription.queue.recv() => match event {
                Some(_) => Waited::Something,
                None => Waited::Lost,
            },
            () = quiet(&self.reader.clock, &self.caller, self.sent) => Waited::Quiet,
        }
    }
}
