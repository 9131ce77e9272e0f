//! The request's body on its way to the service, no faster than the service takes it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use h2::{Reason, SendStream};
use http_body::{Body as _, Frame};

use super::Chunk;
use crate::body::{Broken, RequestBody};

/// A body being sent.
pub(super) struct Upload {
    body: RequestBody,
    stream: SendStream<Chunk>,
    /// Read from the caller, not yet taken by the service.
    held: Chunk,
}

/// The service takes no more: it has answered already, and the answer says why.
struct Closed;

impl Upload {
    pub(super) fn new(body: RequestBody, stream: SendStream<Chunk>) -> Self {
        Self {
            body,
            stream,
            held: Chunk::new(),
        }
    }

    /// Sends what can be sent. Ready when all is sent or no more is wanted.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        loop {
            match ready!(self.poll_held(cx)) {
                Ok(false) => {}
                Ok(true) | Err(Closed) => return Poll::Ready(Ok(())),
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if self.take(frame) {
                        return Poll::Ready(Ok(()));
                    }
                }
                Some(Err(broken)) => {
                    self.stream.send_reset(Reason::CANCEL);
                    return Poll::Ready(Err(broken));
                }
                None => {
                    // Fails only on a stream that is closed, whose answer says why.
                    let _ = self.stream.send_data(Chunk::new(), true);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// Takes a frame from the caller; true when it was the last.
    fn take(&mut self, frame: Frame<Chunk>) -> bool {
        match frame.into_data() {
            Ok(data) => {
                self.held = data;
                false
            }
            Err(frame) => frame
                .into_trailers()
                .is_ok_and(|trailers| self.stream.send_trailers(trailers).is_ok()),
        }
    }

    /// Sends what is held as the service gives room; true when the stream has ended with it.
    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Closed>> {
        while !self.held.is_empty() {
            self.stream.reserve_capacity(self.held.len());
            let room = match self.stream.capacity() {
                0 => match ready!(self.stream.poll_capacity(cx)) {
                    Some(Ok(room)) => room,
                    Some(Err(_)) | None => return Poll::Ready(Err(Closed)),
                },
                room => room,
            };
            let chunk = self.held.split_to(room.min(self.held.len()));
            let last = self.held.is_empty() && self.body.is_end_stream();
            if self.stream.send_data(chunk, last).is_err() {
                return Poll::Ready(Err(Closed));
            }
            if last {
                return Poll::Ready(Ok(true));
            }
        }
        Poll::Ready(Ok(false))
    }
}
