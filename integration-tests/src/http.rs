//! A plain HTTP/1.1 client that hides nothing, and gRPC-Web by hand on top of it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tonic::Status;

/// How long the other side may take to answer or to hang up.
const LIMIT: Duration = Duration::from_secs(30);

/// One request on a connection of its own.
///
/// # Errors
/// When the other side hangs up before the whole answer.
///
/// # Panics
/// When nobody listens, or the request is none.
pub async fn request(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Response<Bytes>, hyper::Error> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", addr.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(Bytes::copy_from_slice(body)))
        .expect("a request");
    let stream = TcpStream::connect(addr).await.expect("somebody listens");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let response = tokio::time::timeout(LIMIT, sender.send_request(request))
        .await
        .expect("an answer in time")?;
    let (head, body) = response.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// A page.
///
/// # Panics
/// When there is no whole answer.
pub async fn get(addr: SocketAddr, path: &str) -> Response<Bytes> {
    request(addr, "GET", path, &[], b"")
        .await
        .expect("an answer")
}

/// Writes bytes on a connection of its own, and reads until the other side hangs up.
///
/// # Panics
/// When nobody listens, or the other side keeps the connection.
pub async fn raw(addr: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.expect("somebody listens");
    // The other side may hang up while we write.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await;
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
    // Ended by a reset is ended, too.
    assert!(read.is_ok(), "the connection is kept open after {shown:?}");
    answer
}

/// A message in its frame, as gRPC and gRPC-Web send it.
#[must_use]
pub fn frame(message: &impl Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&[0], &length.to_be_bytes()[..], &bytes].concat()
}

/// A unary call over gRPC-Web, as a browser makes it.
///
/// # Errors
/// The refusal.
///
/// # Panics
/// When the answer is not one of gRPC-Web.
pub async fn web_call<A: Message + Default>(
    addr: SocketAddr,
    path: &str,
    token: &str,
    message: &impl Message,
) -> Result<A, Status> {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![
        ("content-type", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
    ];
    if !token.is_empty() {
        headers.push(("authorization", &bearer));
    }
    let response = request(addr, "POST", path, &headers, &frame(message))
        .await
        .expect("an answer");
    assert_eq!(response.status(), 200, "gRPC-Web always says 200");
    if let Some(status) = Status::from_header_map(response.headers())
        .filter(|status| status.code() != tonic::Code::Ok)
    {
        return Err(status);
    }
    let (message, trailers) = take_apart(response.body());
    let status = Status::from_header_map(&trailers).expect("trailers with a status");
    match status.code() {
        tonic::Code::Ok => Ok(A::decode(&message[..]).expect("a message")),
        _ => Err(status),
    }
}

/// The message and the trailers of a body.
fn take_apart(mut body: &[u8]) -> (Vec<u8>, HeaderMap) {
    let (mut message, mut trailers) = (Vec::new(), HeaderMap::new());
    while let [flag, a, b, c, d, rest @ ..] = body {
        let (frame, rest) = rest.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
        if flag & 0x80 == 0 {
            message = frame.to_vec();
        } else {
            for line in String::from_utf8_lossy(frame).lines() {
                let (name, value) = line.split_once(':').expect("name and value");
                let name = http::HeaderName::try_from(name.trim()).expect("a name");
                trailers.insert(name, value.trim().parse().expect("a value"));
            }
        }
        body = rest;
    }
    assert!(body.is_empty(), "whole frames");
    (message, trailers)
}
