//! The counters, again whenever they change.

use api::conversations::v1::watch_counters_response::Event;
use api::conversations::v1::{Heartbeat, WatchCountersRequest, WatchCountersResponse};
use auth::{Caller, Permission};
use futures::stream::BoxStream;
use kit::Refusal;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

use super::{CounterReader, wire};
use crate::domain::card::Viewer;
use crate::domain::counts::Counters;
use crate::grpc::conversation::Error;
use crate::grpc::{HEARTBEAT, quiet, seeing, until_refused};
use crate::live::Known;

pub async fn watch_counters(
    reader: &CounterReader,
    request: &Request<WatchCountersRequest>,
) -> Result<BoxStream<'static, Result<WatchCountersResponse, Status>>, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let account = caller.scope()?.account();
    reader.accounts.require_imbox(caller.scope()?).await?;
    let viewer = viewer(reader, &caller).await?;
    let epoch = epoch(&viewer);
    let watch = Watch {
        counts: reader.counts.subscribe(account),
        rights: reader.live.rights(account, epoch),
        stopping: reader.live.stopping(),
        epoch,
        viewer,
        caller,
        reader: reader.clone(),
        told: None,
        sent: reader.clock.now(),
    };
    Ok(until_refused(watch, |watch| Box::pin(watch.next())))
}

async fn viewer(reader: &CounterReader, caller: &Caller) -> Result<Viewer, Refusal> {
    seeing(&reader.db, &reader.rights, caller, |_, by| {
        Box::pin(async move { Ok::<_, Error>(by.viewer) })
    })
    .await
}

fn epoch(viewer: &Viewer) -> i64 {
    viewer.account.as_ref().map_or(0, |account| account.epoch)
}

/// One stream.
struct Watch {
    reader: CounterReader,
    caller: Caller,
    viewer: Viewer,
    /// Epoch of the viewer's rights.
    epoch: i64,
    /// The newest epoch.
    rights: watch::Receiver<i64>,
    counts: watch::Receiver<Known>,
    stopping: CancellationToken,
    /// What was last told.
    told: Option<Counters>,
    /// When something was last sent.
    sent: OffsetDateTime,
}

enum Waited {
    Counts,
    RightsChanged,
    Quiet,
    Stopping,
}

impl Watch {
    async fn next(&mut self) -> Result<WatchCountersResponse, Refusal> {
        let event = self.step().await?;
        self.sent = self.reader.clock.now();
        Ok(WatchCountersResponse { event: Some(event) })
    }

    async fn step(&mut self) -> Result<Event, Refusal> {
        loop {
            self.caller.check_session()?;
            if let Some(counters) = self.news() {
                return Ok(Event::Counters(counters));
            }
            match self.wait().await {
                Waited::Counts => {}
                Waited::RightsChanged => {
                    self.viewer = viewer(&self.reader, &self.caller).await?;
                    self.epoch = epoch(&self.viewer);
                }
                Waited::Quiet if self.reader.clock.now() - self.sent < HEARTBEAT => {}
                Waited::Quiet => return Ok(Event::Heartbeat(Heartbeat {})),
                Waited::Stopping => return Err(Refusal::shutting_down()),
            }
        }
    }

    /// The counters, when they are others than those that were told.
    fn news(&mut self) -> Option<api::conversations::v1::Counters> {
        let counts = self.counts.borrow_and_update().clone()?;
        let counters = Counters::seen_by(&self.viewer, &counts);
        if self.told.as_ref() == Some(&counters) {
            return None;
        }
        let news = wire(&counters);
        self.told = Some(counters);
        Some(news)
    }

    async fn wait(&mut self) -> Waited {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => Waited::Stopping,
            changed = self.rights.wait_for(|newest| *newest > self.epoch) => match changed {
                Ok(_) => Waited::RightsChanged,
                // Nobody looks any more: the process stops.
                Err(_) => Waited::Stopping,
            },
            changed = self.counts.changed() => match changed {
                Ok(()) => Waited::Counts,
                Err(_) => Waited::Stopping,
            },
            () = quiet(&self.reader.clock, &self.caller, self.sent) => Waited::Quiet,
        }
    }
}
