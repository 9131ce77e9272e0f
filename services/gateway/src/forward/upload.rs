//! The request's body on its way to the service, no faster than the service takes it.
//!
//! One chunk is read ahead: so the end of a unary call is known when its message is sent, and head, message and end leave
//! in one piece instead of three.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use h2::{Reason, SendStream};
use http::HeaderMap;
use http_body::Body as _;

use super::Chunk;
use crate::body::{Broken, RequestBody};

/// A body being read.
pub(super) struct Outgoing {
    body: RequestBody,
    /// Read and to be sent next.
    held: Chunk,
    /// Read after it.
    next: Option<Chunk>,
    trailers: Option<HeaderMap>,
    /// All of it has been read.
    ended: bool,
}

impl Outgoing {
    pub(super) fn new(body: RequestBody) -> Self {
        Self {
            body,
            held: Chunk::new(),
            next: None,
            trailers: None,
            ended: false,
        }
    }

    /// Reads what is there.
    pub(super) fn fill(&mut self, cx: &mut Context<'_>) -> Result<(), Broken> {
        while !self.ended && self.next.is_none() {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx)? else {
                break;
            };
            match frame.map(http_body::Frame::into_data) {
                None => self.ended = true,
                Some(Ok(data)) if data.is_empty() => {}
                Some(Ok(data)) if self.held.is_empty() => self.held = data,
                Some(Ok(data)) => self.next = Some(data),
                Some(Err(frame)) => {
                    self.trailers = frame.into_trailers().ok();
                    self.ended = true;
                }
            }
        }
        Ok(())
    }

    /// Is there nothing to be sent after the head?
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && self.is_last()
    }

    /// Does the body end with what is held?
    fn is_last(&self) -> bool {
        self.ended && self.next.is_none() && self.trailers.is_none()
    }
}

/// A body being sent.
pub(super) struct Upload {
    outgoing: Outgoing,
    stream: SendStream<Chunk>,
}

/// The service takes no more: it has answered already, and the answer says why.
struct Closed;

impl Upload {
    pub(super) fn new(outgoing: Outgoing, stream: SendStream<Chunk>) -> Self {
        Self { outgoing, stream }
    }

    /// Sends what can be sent. Ready when all is sent or no more is wanted.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        loop {
            if let Err(broken) = self.outgoing.fill(cx) {
                self.stream.send_reset(Reason::CANCEL);
                return Poll::Ready(Err(broken));
            }
            if self.outgoing.held.is_empty() {
                return if self.outgoing.ended {
                    self.end()
                } else {
                    Poll::Pending
                };
            }
            match ready!(self.poll_send(cx)) {
                Ok(false) => {}
                Ok(true) | Err(Closed) => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Ends a stream whose end did not go with its last chunk. Fails only when the service has closed it.
    fn end(&mut self) -> Poll<Result<(), Broken>> {
        let _ = match self.outgoing.trailers.take() {
            Some(trailers) => self.stream.send_trailers(trailers),
            None => self.stream.send_data(Chunk::new(), true),
        };
        Poll::Ready(Ok(()))
    }

    /// Sends of what is held as much as the service has room for; true when the stream has ended with it.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Closed>> {
        let Self { outgoing, stream } = self;
        stream.reserve_capacity(outgoing.held.len());
        let room = match stream.capacity() {
            0 => match ready!(stream.poll_capacity(cx)) {
                Some(Ok(room)) => room,
                Some(Err(_)) | None => return Poll::Ready(Err(Closed)),
            },
            room => room,
        };
        let chunk = outgoing.held.split_to(room.min(outgoing.held.len()));
        let last = outgoing.held.is_empty() && outgoing.is_last();
        if stream.send_data(chunk, last).is_err() {
            return Poll::Ready(Err(Closed));
        }
        if outgoing.held.is_empty() {
            outgoing.held = outgoing.next.take().unwrap_or_default();
        }
        Poll::Ready(Ok(last))
    }
}
