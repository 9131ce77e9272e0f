//! The next tokens of a session.

use api::identity::v1::{RefreshSessionRequest, RefreshSessionResponse};
use kit::validate::Fields;
use pg::{SystemScope, Tx};
use time::OffsetDateTime;

use super::token_pair;
use crate::Error;
use crate::changes;
use crate::core::Core;
use crate::domain::refresh::RefreshToken;
use crate::domain::session::{REFRESH_LIFE, Session, Shown};
use crate::domain::user::User;
use crate::store::{accounts, sessions, users};

/// A refresh token has 132 letters.
const MAX_BYTES: usize = 200;

/// A session with what its next access token says.
struct GoesOn {
    session: Session,
    user: User,
    account_language: String,
}

pub async fn handle(
    core: &Core,
    request: RefreshSessionRequest,
) -> Result<RefreshSessionResponse, Error> {
    let mut fields = Fields::new();
    fields.key("refresh_token", &request.refresh_token, 1..=MAX_BYTES);
    fields.finish()?;
    let shown = RefreshToken::parse(&request.refresh_token).ok_or(Error::TokenInvalid)?;
    let next = shown.next();
    let (now, account, stored) = (core.now(), shown.account, next.clone());
    let scope = SystemScope::for_job("refresh a session");
    let outcome = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { rotate(tx, &shown, &stored, now).await })
        })
        .await?;
    match outcome {
        Some(GoesOn {
            session,
            user,
            account_language,
        }) => {
            let access = core.employee_token(account, &user, &account_language, session.id)?;
            Ok(RefreshSessionResponse {
                tokens: Some(token_pair(access, &next, &session)),
            })
        }
        None => Err(Error::RefreshTokenReused),
    }
}

/// `None` when the token ended the session: that must be committed, so it is no error inside the transaction.
async fn rotate(
    tx: &mut Tx,
    shown: &RefreshToken,
    next: &RefreshToken,
    now: OffsetDateTime,
) -> Result<Option<GoesOn>, Error> {
    let known = sessions::lock(tx, shown.account, shown.session).await?;
    // Without the session's own secret it is a made-up token: nothing is told of the session, and nothing done to it.
    let known = known
        .filter(|known| known.family == shown.family_digest())
        .ok_or(Error::TokenInvalid)?;
    let mut session = known.session;
    if session.end_time.is_some() {
        return Err(Error::SessionEnded);
    }
    let Shown::Accepted(rotation) = known.rotation.show(shown.digest(), next.digest(), now) else {
        changes::sessions::end(tx, session.account, session.id, now).await?;
        return Ok(None);
    };
    if session.expire_time <= now {
        return Err(Error::TokenExpired);
    }
    let user = users::get(tx, session.account, session.user)
        .await?
        .filter(|user| user.active);
    let user = user.ok_or(Error::SessionEnded)?;
    let account = accounts::get(tx, session.account)
        .await?
        .ok_or(Error::SessionEnded)?;
    session.last_use_time = now;
    session.expire_time = now + REFRESH_LIFE;
    sessions::rotate(tx, &session, &rotation).await?;
    Ok(Some(GoesOn {
        session,
        user,
        account_language: account.language,
    }))
}
