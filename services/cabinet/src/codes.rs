//! Codes: asking for one, and trying one. The same for both of their purposes.

use std::time::Duration;

use kit::Refusal;
use kit::secrets::Token;
use pg::{SystemScope, Tx};
use time::OffsetDateTime;
use types::{AccountId, Language, SmsMessageId};

use crate::domain::code::{Code, LIFE, REQUEST, same};
use crate::domain::settings::Cabinet;
use crate::domain::text::{self, Purpose};
use crate::limits::Limit;
use crate::sms::worker::{Payload, seal_context};
use crate::state::Parts;
use crate::store::codes::{self, NewCode};
use crate::store::counters;
use crate::store::messages::{self, Waiting};

/// When another code can be asked for.
const RETRY: Duration = Duration::from_secs(30);

/// A code is on its way.
pub struct Asked {
    /// The request's token.
    pub token: String,
    /// When the code stops working.
    pub expire_time: OffsetDateTime,
    /// When another can be asked for.
    pub retry_time: OffsetDateTime,
}

/// Makes a code for a number and puts its SMS in the queue. Does the same whoever has the number.
///
/// # Errors
/// RATE_LIMITED, or when the database fails.
pub async fn request(
    state: &Parts,
    cabinet: &Cabinet,
    purpose: Purpose,
    phone: String,
    address: Option<&str>,
) -> Result<Asked, Refusal> {
    let (account, now) = (cabinet.account, state.clock.now());
    let language = &state.accounts.get(account).await?.language;
    let template = cabinet
        .settings
        .text(purpose, Language::from_tag(language))
        .to_owned();
    let counted = counted(state, account, &phone, address);
    let token = REQUEST.generate(account);
    let (code, sms) = make(state, account, purpose, phone, &template, &token, now);
    let stored = state.db.tx(SystemScope::for_job("make a code"), move |tx| {
        Box::pin(async move {
            for (limit, key) in &counted {
                if let Some(wait) = counters::count(tx, account, limit, key, now).await? {
                    return Err(Refusal::rate_limited(wait));
                }
            }
            codes::insert(tx, account, &code).await?;
            messages::insert(tx, &sms, now).await?;
            Ok(())
        })
    });
    stored.await?;
    state.wake_sms.notify_one();
    Ok(Asked {
        token: token.text,
        expire_time: now + LIFE,
        retry_time: now + RETRY,
    })
}

/// What counts, and for whom.
fn counted(
    state: &Parts,
    account: AccountId,
    phone: &str,
    address: Option<&str>,
) -> Vec<(Limit, Vec<u8>)> {
    let of = |text: &str| state.keys.number(account, text).to_vec();
    let number = of(phone);
    let limits = state.limits.number.iter();
    let mut counted: Vec<_> = limits.map(|limit| (*limit, number.clone())).collect();
    counted.extend(address.map(|address| (state.limits.address, of(address))));
    counted
}

fn make(
    state: &Parts,
    account: AccountId,
    purpose: Purpose,
    phone: String,
    template: &str,
    token: &Token,
    now: OffsetDateTime,
) -> (NewCode, Waiting) {
    let code = Code::generate();
    let (id, expire_time) = (SmsMessageId::generate(), now + LIFE);
    let payload = Payload {
        phone: phone.clone(),
        text: text::fill(template, &code.text),
    };
    // Two texts always encode.
    let payload = serde_json::to_vec(&payload).unwrap_or_default();
    let sms = Waiting {
        account,
        id,
        purpose,
        sealed: state.master_key.seal(&payload, &seal_context(id)),
        attempts: 0,
        expire_time,
    };
    let kept = state.keys.code(&token.digest, &phone, purpose, &code.text);
    let code = NewCode {
        token: token.digest,
        purpose,
        phone,
        code: kept,
        create_time: now,
        expire_time,
    };
    (code, sms)
}

/// The number of a request for this purpose, whatever became of its code.
///
/// # Errors
/// CODE_INVALID, or when the database fails.
pub async fn phone_of(
    state: &Parts,
    account: AccountId,
    token: [u8; 32],
    purpose: Purpose,
) -> Result<String, Refusal> {
    let read = state.db.tx(SystemScope::for_job("read a code"), move |tx| {
        Box::pin(async move { codes::find(tx, account, &token).await })
    });
    let found: Option<(String, Purpose)> = read.await?;
    let found = found.filter(|(_, known)| *known == purpose);
    found
        .map(|(phone, _)| phone)
        .ok_or_else(Refusal::code_invalid)
}

/// A code that a client has typed.
pub struct Typed {
    /// Whose client.
    pub account: AccountId,
    /// SHA-256 of the request's token.
    pub token: [u8; 32],
    /// The request's number.
    pub phone: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What was typed.
    pub code: String,
}

/// Tries a code, in a transaction that must be committed also when it is wrong: the try counts. True: it is the one, and is used now.
///
/// # Errors
/// When the database fails.
pub async fn try_code(
    tx: &mut Tx,
    keys: &crate::domain::code::Keys,
    typed: &Typed,
    now: OffsetDateTime,
) -> Result<bool, pg::Error> {
    let kept = codes::count_try(tx, typed.account, &typed.token, now).await?;
    let said = keys.code(&typed.token, &typed.phone, typed.purpose, &typed.code);
    let right = kept.is_some_and(|kept| same(&kept, &said));
    if right {
        codes::mark_used(tx, typed.account, &typed.token).await?;
    }
    Ok(right)
}
