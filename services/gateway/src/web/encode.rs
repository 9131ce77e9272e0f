//! Answers as gRPC-Web.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use data_encoding::BASE64;
use http::HeaderMap;
use http_body::{Body as _, Frame};

use crate::body::{Body, Unfinished};

/// Marks the frame that holds the trailers.
const TRAILERS: u8 = 0x80;
const PREFIX: usize = 5;

/// An answer whose trailers become the last frame of its body.
pub struct WebEncoder {
    inner: Body,
    text: bool,
    over: bool,
}

impl WebEncoder {
    /// Encodes `inner`, as base64 when `text`.
    #[must_use]
    pub fn new(inner: Body, text: bool) -> Self {
        // An answer without a body has its status in the headers; there is nothing to add.
        let over = inner.is_end_stream();
        Self { inner, text, over }
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unfinished>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(cx)?) else {
            self.over = true;
            return Poll::Ready(None);
        };
        let bytes = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                self.over = true;
                trailer_frame(&frame.into_trailers().unwrap_or_default())
            }
        };
        let bytes = if self.text {
            BASE64.encode(&bytes).into()
        } else {
            bytes
        };
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.over
    }
}

fn trailer_frame(trailers: &HeaderMap) -> Bytes {
    let mut frame = BytesMut::with_capacity(128);
    frame.put_bytes(0, PREFIX);
    for (name, value) in trailers {
        frame.put_slice(name.as_str().as_bytes());
        frame.put_slice(b": ");
        frame.put_slice(value.as_bytes());
        frame.put_slice(b"\r\n");
    }
    let length = u32::try_from(frame.len() - PREFIX).unwrap_or(u32::MAX);
    frame[0] = TRAILERS;
    frame[1..PREFIX].copy_from_slice(&length.to_be_bytes());
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_become_a_frame() {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
        let frame = trailer_frame(&trailers);
        assert_eq!(&frame[..PREFIX], [0x80, 0, 0, 0, 16]);
        assert_eq!(&frame[PREFIX..], b"grpc-status: 0\r\n");
    }
}
