//! Calls to the services behind the gateway: gRPC frames go through as they are.
//!
//! A call is one HTTP/2 stream on a connection that it shares with others, opened straight from the caller's own task:
//! no queue, no second task for a unary call. Request and answer flow at the pace of the slower side. Dropping a call,
//! because the caller went away or its time is over, resets the stream, and the service sees the cancellation.
//!
//! What has been sent is never sent again: only the service can know whether it took effect. What could not be sent yet
//! waits a short time for a connection, so that a service that restarts is not noticed.

mod connection;
mod forwarded;
mod interruption;
mod pool;
mod upload;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::Either;
use h2::client::ResponseFuture;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Version};
use kit::Refusal;

pub use forwarded::Forwarded;
pub use pool::{Backend, Settings};

use crate::body::{Body, RequestBody};
use crate::call::Call;
use connection::Lease;
use forwarded::{Cutoff, Running};
use upload::{Outgoing, Upload};

/// Headers of one connection: they mean nothing on the next.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    CONTENT_LENGTH,
    HOST,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

impl Backend {
    /// Sends a call to the service and gives its answer as it comes.
    ///
    /// # Errors
    /// When the call could not be sent, its body is refused, its time runs out, or the service breaks off before it answers.
    pub async fn forward(&self, call: &mut Call) -> Result<Response<Body>, Refusal> {
        let deadline = call.deadline;
        let mut outgoing = Outgoing::new(std::mem::replace(&mut call.body, RequestBody::empty()));
        // What is malformed in its first bytes does not reach the service at all.
        poll_fn(|cx| Poll::Ready(outgoing.fill(cx)))
            .await
            .map_err(Refusal::from)?;
        let lease = self.lease(deadline).await?;
        let ended = outgoing.is_empty();
        let (response, stream) = lease
            .send(self.request(call), ended)
            .map_err(|error| interruption::refusal(self.name(), &error))?;
        let mut exchange = Exchange {
            upload: (!ended).then(|| Upload::new(outgoing, stream)),
            response,
        };
        let answer = poll_fn(|cx| exchange.poll(cx, self.name()));
        let answer = match deadline {
            Some(deadline) => Either::Left(async move {
                tokio::time::timeout_at(deadline, answer)
                    .await
                    .unwrap_or_else(|_| Err(Refusal::deadline()))
            }),
            None => Either::Right(answer),
        };
        let answer = answer.await?;
        Ok(self.answer(call, lease, exchange.upload, answer))
    }

    /// The request as the service gets it.
    fn request(&self, call: &mut Call) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = self.uri(&call.uri);
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = strip(std::mem::take(&mut call.headers));
        request
    }

    fn answer(
        &self,
        call: &Call,
        lease: Lease,
        upload: Option<Upload>,
        answer: Response<h2::RecvStream>,
    ) -> Response<Body> {
        let (mut head, stream) = answer.into_parts();
        head.version = Version::default();
        let is_stream = call.rpc.as_ref().is_some_and(|rpc| rpc.is_stream());
        let cutoff = Cutoff {
            deadline: call.deadline,
            stopping: is_stream.then(|| self.stopping()),
        };
        // Both directions of a stream flow by themselves; a unary call's upload is over by now or no longer of interest.
        let upload = upload
            .filter(|_| !stream.is_end_stream())
            .map(|upload| Running::start(upload, self.lifecycle()));
        Response::from_parts(
            head,
            Forwarded::new(self.name(), stream, upload, cutoff, lease).into(),
        )
    }
}

fn strip(mut headers: HeaderMap) -> HeaderMap {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers
}

/// A call until the head of its answer has come: the body goes out and the answer is awaited in the same task.
struct Exchange {
    upload: Option<Upload>,
    response: ResponseFuture,
}

impl Exchange {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        service: &'static str,
    ) -> Poll<Result<Response<h2::RecvStream>, Refusal>> {
        if let Some(upload) = &mut self.upload {
            match upload.poll(cx) {
                Poll::Ready(Ok(())) => self.upload = None,
                Poll::Ready(Err(broken)) => return Poll::Ready(Err(broken.into())),
                Poll::Pending => {}
            }
        }
        Pin::new(&mut self.response)
            .poll(cx)
            .map_err(|error| interruption::refusal(service, &error))
    }
}

/// A chunk of a body on its way.
type Chunk = Bytes;
