//! Bodies: what a caller sends ([`RequestBody`]) and what is answered ([`Body`]).
//!
//! Both are plain enums that are polled where they are used: no boxes per layer, no channels, no tasks in between, so a
//! slow reader slows its own sender and nothing is collected in memory.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use kit::Refusal;

use crate::forward::Forwarded;
use crate::frames::{FrameGuard, Malformed};
use crate::layers::limits::Slot;
use crate::layers::trace::Outcome;
use crate::web::{TextDecoder, WebEncoder};

/// Why a request body is not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It is not what it should be.
    #[error("malformed request body")]
    Malformed(#[from] Malformed),
    /// The caller went away or broke the transport's rules.
    #[error("the caller broke off")]
    Aborted(#[from] hyper::Error),
}

impl From<Broken> for Refusal {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Malformed(malformed) => malformed.into(),
            Broken::Aborted(_) => Self::field("body", "broke off"),
        }
    }
}

/// The body of a request.
pub struct RequestBody {
    source: RequestSource,
    guard: Option<FrameGuard>,
}

enum RequestSource {
    Incoming(Incoming),
    /// gRPC-Web in base64.
    Text(Incoming, TextDecoder),
    Empty,
}

impl RequestBody {
    /// A body as it comes off the wire.
    #[must_use]
    pub fn new(incoming: Incoming) -> Self {
        Self {
            source: RequestSource::Incoming(incoming),
            guard: None,
        }
    }

    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            source: RequestSource::Empty,
            guard: None,
        }
    }

    /// Refuses what is not gRPC frames within the limits.
    pub fn guard(&mut self, guard: FrameGuard) {
        self.guard = Some(guard);
    }

    /// Decodes base64 from here on.
    pub fn decode_text(&mut self) {
        if let RequestSource::Incoming(incoming) =
            std::mem::replace(&mut self.source, RequestSource::Empty)
        {
            self.source = RequestSource::Text(incoming, TextDecoder::default());
        }
    }

    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut self.source {
            RequestSource::Incoming(incoming) => {
                Pin::new(incoming).poll_frame(cx).map_err(Broken::from)
            }
            RequestSource::Text(incoming, decoder) => {
                let frame = match ready!(Pin::new(incoming).poll_frame(cx)?) {
                    Some(frame) => frame.into_data().ok().map(|text| decoder.decode(&text)),
                    None => {
                        return Poll::Ready(
                            decoder.finish().err().map(|broken| Err(broken.into())),
                        );
                    }
                };
                Poll::Ready(Some(
                    frame
                        .unwrap_or(Ok(Bytes::new()))
                        .map(Frame::data)
                        .map_err(Broken::from),
                ))
            }
            RequestSource::Empty => Poll::Ready(None),
        }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let frame = ready!(self.poll_source(cx)?);
        let Some(guard) = &mut self.guard else {
            return Poll::Ready(frame.map(Ok));
        };
        match &frame {
            Some(frame) => frame.data_ref().map_or(Ok(()), |data| guard.check(data))?,
            None => guard.finish()?,
        }
        Poll::Ready(frame.map(Ok))
    }

    /// Never early while a guard watches: the guard has to see the end.
    fn is_end_stream(&self) -> bool {
        let over = match &self.source {
            RequestSource::Incoming(incoming) => incoming.is_end_stream(),
            RequestSource::Text(..) => false,
            RequestSource::Empty => true,
        };
        over && self.guard.as_ref().is_none_or(FrameGuard::is_whole)
    }
}

/// The body of an answer.
pub struct Body {
    source: Source,
    outcome: Option<Box<Outcome>>,
    slot: Option<Slot>,
}

/// Where an answer's bytes come from.
enum Source {
    Full(Bytes),
    Forwarded(Forwarded),
    Local(tonic::body::Body),
    Web(Box<WebEncoder>),
}

/// An answer that cannot be finished; the transport is told by a reset.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub struct Unfinished;

impl Body {
    fn new(source: Source) -> Self {
        Self {
            source,
            outcome: None,
            slot: None,
        }
    }

    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::full(Bytes::new())
    }

    /// Bytes at hand.
    #[must_use]
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::new(Source::Full(bytes.into()))
    }

    /// The answer of a service inside the gateway.
    #[must_use]
    pub fn local(body: tonic::body::Body) -> Self {
        Self::new(Source::Local(body))
    }

    /// The answer as gRPC-Web.
    #[must_use]
    pub fn web(self, encode: impl FnOnce(Self) -> WebEncoder) -> Self {
        Self::new(Source::Web(Box::new(encode(self))))
    }

    /// Tells `outcome` how the answer ended.
    #[must_use]
    pub(crate) fn observed(mut self, outcome: Box<Outcome>) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Holds a place among the calls in progress until the answer has ended.
    #[must_use]
    pub(crate) fn holding(mut self, slot: Slot) -> Self {
        self.slot = Some(slot);
        self
    }

    fn poll_source(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unfinished>>> {
        match &mut self.source {
            Source::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Source::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Source::Forwarded(forwarded) => forwarded.poll_frame(cx).map(|frame| frame.map(Ok)),
            Source::Local(body) => Pin::new(body).poll_frame(cx).map_err(|_| Unfinished),
            Source::Web(encoder) => encoder.poll_frame(cx),
        }
    }
}

impl From<Forwarded> for Body {
    fn from(forwarded: Forwarded) -> Self {
        Self::new(Source::Forwarded(forwarded))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Unfinished;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unfinished>>> {
        let frame = ready!(self.poll_source(cx));
        if let Some(outcome) = &mut self.outcome {
            match &frame {
                Some(Ok(frame)) => frame
                    .trailers_ref()
                    .map_or((), |trailers| outcome.trailers(trailers)),
                Some(Err(_)) => outcome.broke_off(),
                None => outcome.finished(),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Full(bytes) => bytes.is_empty(),
            Source::Forwarded(forwarded) => forwarded.is_end_stream(),
            Source::Local(body) => body.is_end_stream(),
            Source::Web(encoder) => encoder.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Forwarded(_) | Source::Local(_) | Source::Web(_) => SizeHint::default(),
        }
    }
}

/// The trailers that say why an answer ended after its headers had gone out.
pub(crate) fn trailers_of(refusal: Refusal) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(3);
    // Fails only when a message cannot be a header, and tonic escapes what cannot.
    let _ = tonic::Status::from(refusal).add_header(&mut trailers);
    trailers
}
