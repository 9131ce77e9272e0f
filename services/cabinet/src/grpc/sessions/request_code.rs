//! RequestCode: the same work and the same answer for every number. Whether anybody has it is found out later, by whoever sends.

use api::cabinet::v1::{RequestCodeRequest, RequestCodeResponse};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::phone;

use super::{address, open_cabinet};
use crate::codes;
use crate::domain::text::{CODE_DIGITS, Purpose};
use crate::state::Parts;

pub(super) async fn request(
    state: &Parts,
    request: &Request<RequestCodeRequest>,
) -> Result<RequestCodeResponse, Refusal> {
    let message = request.get_ref();
    let mut fields = Fields::new();
    let id = fields.id("cabinet_id", &message.cabinet_id);
    let phone = phone::normalised(&message.phone);
    if phone.is_none() {
        fields.reject("phone", "must be a telephone number in international form");
    }
    fields.finish()?;
    // Without them `finish` has refused.
    let (Some(id), Some(phone)) = (id, phone) else {
        return Ok(RequestCodeResponse::default());
    };
    let cabinet = open_cabinet(state, id).await?;
    let asked = codes::request(
        state,
        &cabinet,
        Purpose::LogIn,
        phone,
        address(request.metadata()),
    );
    let asked = asked.await?;
    Ok(RequestCodeResponse {
        request_token: asked.token,
        expire_time: Some(kit::time::to_proto(asked.expire_time)),
        retry_time: Some(kit::time::to_proto(asked.retry_time)),
        code_length: i32::try_from(CODE_DIGITS).unwrap_or(i32::MAX),
    })
}
