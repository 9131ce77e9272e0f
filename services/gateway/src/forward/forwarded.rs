//! A service's answer on its way to the caller.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::future::{AbortHandle, abortable};
use h2::RecvStream;
use http_body::Frame;
use kit::Refusal;
use kit::lifecycle::Lifecycle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::Lease;
use super::interruption;
use super::upload::Upload;
use crate::body::{Broken, trailers_of};
use crate::frames::Malformed;

/// The body of a forwarded answer. Dropping it before its end cancels the call at the service.
pub struct Forwarded {
    service: &'static str,
    stream: RecvStream,
    phase: Phase,
    upload: Option<Running>,
    cutoff: Cutoff,
    /// Set up when the answer is first waited for: most unary answers come whole.
    alarm: Option<Pin<Box<dyn Future<Output = Refusal> + Send>>>,
    _lease: Lease,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Data,
    Trailers,
    Over,
}

/// What ends an answer before its time.
pub(super) struct Cutoff {
    pub(super) deadline: Option<Instant>,
    /// Streams end when the gateway stops, with a status that sends the caller to another replica.
    pub(super) stopping: Option<CancellationToken>,
}

impl Cutoff {
    fn alarm(&mut self) -> Option<Pin<Box<dyn Future<Output = Refusal> + Send>>> {
        match (self.deadline, self.stopping.take()) {
            (None, None) => None,
            (deadline, stopping) => Some(Box::pin(async move {
                let stopped = async { stopping.unwrap_or_default().cancelled_owned().await };
                tokio::select! {
                    () = until(deadline) => Refusal::deadline(),
                    () = stopped => Refusal::shutting_down(),
                }
            })),
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl Forwarded {
    pub(super) fn new(
        service: &'static str,
        stream: RecvStream,
        upload: Option<Running>,
        cutoff: Cutoff,
        lease: Lease,
    ) -> Self {
        Self {
            service,
            stream,
            phase: Phase::Data,
            upload,
            cutoff,
            alarm: None,
            _lease: lease,
        }
    }

    /// The next frame. A broken answer ends with trailers that say why.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if self.phase == Phase::Data
            && let Some(data) = ready!(self.poll_data(cx))
        {
            return Poll::Ready(Some(data));
        }
        if self.phase == Phase::Trailers {
            let trailers = ready!(self.stream.poll_trailers(cx));
            self.phase = Phase::Over;
            return Poll::Ready(match trailers {
                Ok(trailers) => trailers.map(Frame::trailers),
                Err(error) => Some(self.broken(&error)),
            });
        }
        Poll::Ready(None)
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        match self.stream.poll_data(cx) {
            Poll::Ready(Some(Ok(data))) => {
                // Handed on: the service may send as much again. Fails only on a stream that is over.
                let _ = self.stream.flow_control().release_capacity(data.len());
                Poll::Ready(Some(Frame::data(data)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(self.broken(&error))),
            Poll::Ready(None) => {
                self.phase = Phase::Trailers;
                Poll::Ready(None)
            }
            Poll::Pending => self.poll_alarm(cx).map(Some),
        }
    }

    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<Frame<Bytes>> {
        if self.alarm.is_none() {
            self.alarm = self.cutoff.alarm();
            self.cutoff.deadline = None;
        }
        let Some(alarm) = &mut self.alarm else {
            return Poll::Pending;
        };
        let refusal = ready!(alarm.as_mut().poll(cx));
        self.alarm = None;
        Poll::Ready(self.end(refusal))
    }

    fn broken(&mut self, error: &h2::Error) -> Frame<Bytes> {
        let refused = self.upload.as_ref().and_then(|upload| upload.refused.get());
        let refusal = refused.map_or_else(
            || interruption::refusal(self.service, error),
            |broken| (*broken).into(),
        );
        self.end(refusal)
    }

    fn end(&mut self, refusal: Refusal) -> Frame<Bytes> {
        self.phase = Phase::Over;
        Frame::trailers(trailers_of(refusal))
    }

    /// Has all of it gone through?
    #[must_use]
    pub fn is_end_stream(&self) -> bool {
        match self.phase {
            Phase::Data => self.stream.is_end_stream(),
            Phase::Trailers => false,
            Phase::Over => true,
        }
    }
}

/// The rest of an upload, in a task of its own, until it ends or its answer is dropped.
pub(super) struct Running {
    task: AbortHandle,
    refused: Arc<OnceLock<Malformed>>,
}

impl Running {
    pub(super) fn start(mut upload: Upload, lifecycle: &Lifecycle) -> Self {
        let refused = Arc::new(OnceLock::new());
        let told = refused.clone();
        let (work, task) = abortable(async move {
            if let Err(Broken::Malformed(malformed)) = poll_fn(|cx| upload.poll(cx)).await {
                // Nobody else sets it.
                let _ = told.set(malformed);
            }
        });
        lifecycle.spawn("gateway.upload", async move {
            // An aborted upload is a cancelled call.
            let _ = work.await;
        });
        Self { task, refused }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
