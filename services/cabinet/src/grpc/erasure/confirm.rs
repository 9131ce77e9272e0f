//! ConfirmErasure: the code is used and the erasure begins in one transaction, so that neither is there without the other.

use api::cabinet::v1::{ConfirmErasureRequest, ConfirmErasureResponse};
use kit::Refusal;
use kit::validate::Fields;
use pg::SystemScope;
use tonic::Request;
use types::{CabinetClientId, ErasureId};

use super::allowed;
use crate::codes::{self, Typed};
use crate::domain::code::REQUEST;
use crate::domain::text::Purpose;
use crate::erasure::{Beginning, Subject};
use crate::grpc::client::Caller;
use crate::state::Parts;
use crate::store::clients;

/// What a code that does nothing is answered with.
const CODE_INVALID: &str = "CODE_INVALID";

pub(super) async fn confirm(
    state: &Parts,
    request: &Request<ConfirmErasureRequest>,
) -> Result<ConfirmErasureResponse, Refusal> {
    let caller = allowed(state, request).await?;
    let tried = confirm_of(state, request.get_ref(), caller).await;
    if matches!(&tried, Err(refusal) if refusal.reason_name() == CODE_INVALID) {
        // Another browser of the client's has begun the erasure meanwhile: its codes went with their sessions.
        Caller::of(state, request).await?;
    }
    tried
}

/// Of a client who was let in.
async fn confirm_of(
    state: &Parts,
    message: &ConfirmErasureRequest,
    caller: Caller,
) -> Result<ConfirmErasureResponse, Refusal> {
    let mut fields = Fields::new();
    fields.key("request_token", &message.request_token, 1..=200);
    let code = fields.line("code", &message.code, 1..=20);
    fields.finish()?;
    let read = REQUEST.read(&message.request_token);
    let (account, token) = read
        .filter(|(account, _)| *account == caller.account)
        .ok_or_else(Refusal::code_invalid)?;
    let phone = codes::phone_of(state, account, token, Purpose::Erasure).await?;
    if phone != caller.phone {
        return Err(Refusal::code_invalid());
    }
    let typed = Typed {
        account,
        token,
        phone,
        purpose: Purpose::Erasure,
        code: code.chars().filter(|c| !c.is_whitespace()).collect(),
    };
    let id = erase(state, caller.client, typed).await?;
    state.wake_eraser.notify_one();
    // What is open on the client's other devices asks whether it still may; where nothing is, nobody listens.
    let _ = state.answers.send(caller.client);
    Ok(ConfirmErasureResponse {
        erasure_id: id.to_string(),
    })
}

async fn erase(state: &Parts, client: CabinetClientId, typed: Typed) -> Result<ErasureId, Refusal> {
    let (now, keys) = (state.clock.now(), state.keys.clone());
    let subject = Subject::Phone(typed.phone.clone());
    let beginning = Beginning::of(&state.master_key, typed.account, subject);
    let job = SystemScope::for_job("confirm an erasure");
    let tried = state.db.tx(job, move |tx| {
        Box::pin(async move {
            if !codes::try_code(tx, &keys, &typed, now).await? {
                return Ok(None);
            }
            // Another browser of the client's may have been faster.
            if !clients::lock(tx, typed.account, client).await? {
                return Err(Refusal::token_invalid());
            }
            Ok(Some(beginning.store(tx, now).await?))
        })
    });
    tried.await?.ok_or_else(Refusal::code_invalid)
}
