//! A plain HTTP/1.1 client that hides nothing.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One request on a connection of its own.
pub async fn send(addr: SocketAddr, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let stream = TcpStream::connect(addr).await.expect("connected");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .expect("HTTP/1.1");
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(connection);
    let response = sender.send_request(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    Response::from_parts(
        head,
        body.collect().await.expect("a whole answer").to_bytes(),
    )
}

pub async fn get(addr: SocketAddr, path: &str) -> Response<Bytes> {
    get_with(addr, path, &[]).await
}

pub async fn get_with(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    request(addr, "GET", path, headers, b"").await
}

pub async fn post(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response<Bytes> {
    request(addr, "POST", path, headers, body).await
}

pub async fn request(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response<Bytes> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "gateway");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(
        addr,
        request
            .body(Full::new(Bytes::copy_from_slice(body)))
            .expect("a request"),
    )
    .await
}

/// Writes bytes and reads until the other side closes or says `until`.
pub async fn raw(addr: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.expect("connected");
    // The other side may close while we write.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// The reason in the details of a refusal that stands in headers.
pub fn reason(headers: &HeaderMap) -> Option<String> {
    let status = tonic::Status::from_header_map(headers)?;
    kit::refusal::reason_of(&status).map(|reason| kit::refusal::name(reason).to_owned())
}

pub fn status_reason(status: &tonic::Status) -> Option<&'static str> {
    kit::refusal::reason_of(status).map(kit::refusal::name)
}
