//! RecordCall: the call comes first, then its recording.

use std::time::Duration;

use api::crm::v1::record_call_request::Part;
use api::crm::v1::{
    self as proto, CallDirection, CallHeader, RecordCallRequest, RecordCallResponse,
};
use auth::Permission;
use kit::Refusal;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use ring::digest::{Context, SHA256};
use time::OffsetDateTime;
use tonic::{Request, Streaming};
use types::{ContactId, DealId, UserId};

use crate::Error;
use crate::changes::calls;
use crate::core::Core;
use crate::domain::call::{Call, Direction, MAX_DURATION, MAX_RECORDING, Recording, media_type};
use crate::grpc::{enter, wire};

/// The largest part of an upload, in bytes.
const MAX_CHUNK: usize = 1 << 20;

/// Whoever sends nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn record(
    core: &Core,
    request: Request<Streaming<RecordCallRequest>>,
) -> Result<RecordCallResponse, Error> {
    let (caller, mut parts) = enter(request, Permission::CrmWrite)?;
    let first = next(&mut parts).await?;
    let Some(Part::Header(header)) = first else {
        return Err(Refusal::field("header", "must come first").into());
    };
    let said = header.call.clone().unwrap_or_default();
    let (mut call, talked) = read(&said)?;
    let mut fields = Fields::new();
    let request_id = fields.optional_uuid("header.request_id", &header.request_id);
    fields.finish()?;
    let contents = receive(&mut parts).await?;
    call.recording = known(&contents)?;
    let once = Once::new(
        &caller,
        "RecordCall",
        request_id,
        digest(&header, &contents),
    )?;
    core.read(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let id = calls::record(tx, &by, &call, talked, &contents).await?;
            let answer = RecordCallResponse {
                call: Some(proto::Call {
                    id: id.to_string(),
                    phone: call.phone,
                    recording: call.recording.map(Into::into),
                    ..said
                }),
            };
            once.keep(tx, &answer).await?;
            Ok(answer)
        })
    })
    .await
}

/// The call that a request tells, and who talked.
fn read(said: &proto::Call) -> Result<(Call, Option<UserId>), Refusal> {
    let mut fields = Fields::new();
    let contact: Option<ContactId> = fields.id("call.contact_id", &said.contact_id);
    let deal: Option<DealId> = fields.optional_id("call.deal_id", &said.deal_id);
    let talked: Option<UserId> = fields.optional_id("call.user_id", &said.user_id);
    let phone = match &said.phone[..] {
        "" => String::new(),
        number => wire::phone(&mut fields, "call.phone", number),
    };
    let direction = match fields.known("call.direction", said.direction) {
        Some(CallDirection::Outgoing) => Direction::Outgoing,
        Some(CallDirection::Incoming) => Direction::Incoming,
        Some(CallDirection::Unspecified) | None => {
            fields.reject("call.direction", "must be given");
            Direction::Incoming
        }
    };
    let start_time = wire::time(&mut fields, "call.start_time", said.start_time.as_ref());
    if said.start_time.is_none() {
        fields.reject("call.start_time", "must be given");
    }
    if !(0..=MAX_DURATION).contains(&said.duration_seconds) {
        fields.reject("call.duration_seconds", "must be 0 to one day");
    }
    fields.finish()?;
    let call = Call {
        // Without these the request was refused.
        contact: contact.unwrap_or_else(ContactId::generate),
        start_time: start_time.unwrap_or(OffsetDateTime::UNIX_EPOCH),
        deal,
        direction,
        phone,
        duration_seconds: said.duration_seconds,
        recording: None,
    };
    Ok((call, talked))
}

async fn next(parts: &mut Streaming<RecordCallRequest>) -> Result<Option<Part>, Refusal> {
    let part = tokio::time::timeout(PATIENCE, parts.message()).await;
    match part {
        Ok(Ok(part)) => Ok(part.and_then(|part| part.part)),
        Ok(Err(_)) | Err(_) => Err(Refusal::field("chunk", "broke off; send the call again")),
    }
}

/// The recording, which is in memory until it is stored; empty without one.
async fn receive(parts: &mut Streaming<RecordCallRequest>) -> Result<Vec<u8>, Refusal> {
    let mut contents = Vec::new();
    while let Some(part) = next(parts).await? {
        let Part::Chunk(bytes) = part else {
            return Err(Refusal::field("header", "must come once"));
        };
        if bytes.len() > MAX_CHUNK {
            return Err(Refusal::field("chunk", "must be at most 1 MiB"));
        }
        if contents.len() + bytes.len() > MAX_RECORDING {
            return Err(Refusal::file_too_large(MAX_RECORDING));
        }
        contents.extend_from_slice(&bytes);
    }
    Ok(contents)
}

fn known(contents: &[u8]) -> Result<Option<Recording>, Refusal> {
    if contents.is_empty() {
        return Ok(None);
    }
    let found = media_type(contents)
        .ok_or_else(|| Refusal::file_type_not_allowed("application/octet-stream"))?;
    Ok(Some(Recording {
        media_type: found.to_owned(),
        size: i64::try_from(contents.len()).unwrap_or(i64::MAX),
    }))
}

/// What tells the request from others under one id: the call, and each byte of its recording.
fn digest(header: &CallHeader, contents: &[u8]) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    digest.update(&hash(header));
    digest.update(contents);
    let mut sum = [0; 32];
    sum.copy_from_slice(digest.finish().as_ref());
    sum
}
