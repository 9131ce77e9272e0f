//! Any method by its path, with any bytes: for methods that a test finds in the contracts.

use bytes::{Buf, BufMut, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

/// Messages as the bytes they are.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}

/// Calls a method with one message and gives the first message of the answer, whether or not the method streams; empty
/// when the stream ends without one.
///
/// # Errors
/// The refusal.
///
/// # Panics
/// When the path is none.
pub async fn call(
    channel: &Channel,
    path: &str,
    token: &str,
    message: Bytes,
) -> Result<Bytes, Status> {
    let request = crate::calls::with_token(token, message);
    let answer = open(channel, path, request).await?.message().await?;
    Ok(answer.unwrap_or_default())
}

/// Calls a method that streams, with one message.
///
/// # Errors
/// The refusal.
///
/// # Panics
/// When the path is none.
pub async fn stream(
    channel: &Channel,
    path: &str,
    token: &str,
    message: Bytes,
) -> Result<Streaming<Bytes>, Status> {
    open(
        channel,
        path,
        crate::calls::stream_with_token(token, message),
    )
    .await
}

async fn open(
    channel: &Channel,
    path: &str,
    request: Request<Bytes>,
) -> Result<Streaming<Bytes>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let path = path.to_owned().try_into().expect("a path");
    let request = request.map(|message| futures::stream::iter([message]));
    Ok(client.streaming(request, path, Raw).await?.into_inner())
}
