use api::cabinet::v1::{RequestErasureRequest, RequestErasureResponse};
use kit::Refusal;
use tonic::Request;

use super::allowed;
use crate::codes;
use crate::domain::settings::client_warning;
use crate::domain::text::{CODE_DIGITS, Purpose};
use crate::grpc::sessions::address;
use crate::state::Parts;

pub(super) async fn request(
    state: &Parts,
    request: &Request<RequestErasureRequest>,
) -> Result<RequestErasureResponse, Refusal> {
    let caller = allowed(state, request).await?;
    let warning = client_warning(kit::language::current()).to_owned();
    if !request.get_ref().confirmed {
        return Ok(RequestErasureResponse {
            warning,
            ..RequestErasureResponse::default()
        });
    }
    let asked = codes::request(
        state,
        &caller.cabinet,
        Purpose::Erasure,
        caller.phone,
        address(request.metadata()),
    );
    let asked = asked.await?;
    Ok(RequestErasureResponse {
        warning,
        request_token: asked.token,
        expire_time: Some(kit::time::to_proto(asked.expire_time)),
        retry_time: Some(kit::time::to_proto(asked.retry_time)),
        code_length: i32::try_from(CODE_DIGITS).unwrap_or(i32::MAX),
    })
}
