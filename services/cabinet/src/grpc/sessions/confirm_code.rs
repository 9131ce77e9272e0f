//! ConfirmCode: a wrong, old, used or foreign code, and one for a number that nobody has, are answered alike.

use api::cabinet::v1::{ConfirmCodeRequest, ConfirmCodeResponse};
use kit::Refusal;
use kit::validate::Fields;
use pg::SystemScope;
use tonic::Request;
use types::AccountId;

use super::address;
use crate::codes::{self, Typed};
use crate::domain::code::REQUEST;
use crate::domain::session::{LIFE, SESSION};
use crate::domain::text::Purpose;
use crate::erasure::subject_of;
use crate::state::Parts;
use crate::store::{cabinets, clients, counters, erasures};

pub(super) async fn confirm(
    state: &Parts,
    request: &Request<ConfirmCodeRequest>,
) -> Result<ConfirmCodeResponse, Refusal> {
    let message = request.get_ref();
    let mut fields = Fields::new();
    fields.key("request_token", &message.request_token, 1..=200);
    let code = fields.line("code", &message.code, 1..=20);
    fields.finish()?;
    let read = REQUEST.read(&message.request_token);
    let (account, token) = read.ok_or_else(Refusal::code_invalid)?;
    count(state, account, address(request.metadata())).await?;
    require_open(state, account).await?;
    let phone = codes::phone_of(state, account, token, Purpose::LogIn).await?;
    // Asked before the code is tried, for every code: whether it was right must not show in the time, and a crm that is away must not
    // use up a code.
    let is_client = state.crm.is_client(account, &phone).await?;
    let typed = Typed {
        account,
        token,
        phone,
        purpose: Purpose::LogIn,
        code: code.chars().filter(|c| !c.is_whitespace()).collect(),
    };
    log_in(state, typed, is_client).await
}

async fn log_in(
    state: &Parts,
    typed: Typed,
    is_client: bool,
) -> Result<ConfirmCodeResponse, Refusal> {
    let (now, keys) = (state.clock.now(), state.keys.clone());
    let expire_time = now + LIFE;
    let token = SESSION.generate(typed.account);
    let digest = token.digest;
    let subject = subject_of(&state.master_key, &typed.phone);
    let tried = state
        .db
        .tx(SystemScope::for_job("log a client in"), move |tx| {
            Box::pin(async move {
                let right = codes::try_code(tx, &keys, &typed, now).await?;
                if !right || !is_client {
                    return Ok::<_, pg::Error>(false);
                }
                // crm may know the number for some seconds more (CAB-33).
                if erasures::runs(tx, typed.account, &subject).await? {
                    return Ok(false);
                }
                let client = clients::of_phone(tx, typed.account, &typed.phone, now).await?;
                clients::insert_session(tx, typed.account, client, &digest, now, expire_time)
                    .await?;
                Ok(true)
            })
        });
    if !tried.await? {
        return Err(Refusal::code_invalid());
    }
    Ok(ConfirmCodeResponse {
        session_token: token.text,
        expire_time: Some(kit::time::to_proto(expire_time)),
    })
}

async fn count(state: &Parts, account: AccountId, address: Option<&str>) -> Result<(), Refusal> {
    let Some(address) = address else {
        return Ok(());
    };
    let (limit, now) = (state.limits.tries, state.clock.now());
    let key = state.keys.number(account, address);
    let counted = state.db.tx(SystemScope::for_job("count tries"), move |tx| {
        Box::pin(async move { counters::count(tx, account, &limit, &key, now).await })
    });
    match counted.await? {
        Some(wait) => Err(Refusal::rate_limited(wait)),
        None => Ok(()),
    }
}

/// Nobody comes into a cabinet that was switched off after the code went out.
async fn require_open(state: &Parts, account: AccountId) -> Result<(), Refusal> {
    let read = state
        .db
        .tx(SystemScope::for_job("read a cabinet"), move |tx| {
            Box::pin(async move { cabinets::find(tx, account).await })
        });
    match read.await? {
        Some(cabinet) if cabinet.settings.enabled => Ok(()),
        Some(cabinet) => Err(Refusal::cabinet_disabled(cabinet.id)),
        None => Err(Refusal::code_invalid()),
    }
}
