//! Sets a new password.

use api::identity::v1::{SetPasswordRequest, SetPasswordResponse};
use auth::{AccountScope, Permission, Principal};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::{SessionId, UserId};

use crate::Error;
use crate::changes::users::set_password;
use crate::core::Core;
use crate::domain::email::Email;
use crate::domain::password;
use crate::grpc::split;
use crate::store::users;

pub async fn handle(
    core: &Core,
    request: Request<SetPasswordRequest>,
) -> Result<SetPasswordResponse, Error> {
    let (caller, request) = split(request)?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let mut fields = Fields::new();
    let asked = fields.optional_id::<UserId>("user_id", &request.user_id);
    fields.finish()?;
    let (own_user, own_session) = match caller.principal() {
        Principal::Employee { user, session, .. } => (Some(*user), Some(*session)),
        Principal::Program { .. } | Principal::Service { .. } => (None, None),
    };
    let id = asked
        .or(own_user)
        .ok_or_else(|| Refusal::field("user_id", "is required: a program has no password"))?;
    let kept_session: Option<SessionId> = if own_user == Some(id) {
        check_old(core, scope, id, &request.old_password).await?;
        own_session
    } else {
        caller.require(Permission::SettingsWrite)?;
        None
    };
    check_new(core, scope, id, &request.new_password).await?;
    let hash = core.passwords.hash(&request.new_password).await?;
    core.db
        .tx(scope, move |tx| {
            Box::pin(async move { set_password(tx, by, id, &hash, kept_session).await })
        })
        .await?;
    Ok(SetPasswordResponse {})
}

/// Whoever holds a stolen session must not be able to guess the password: tries are counted as log-ins are.
async fn check_old(core: &Core, scope: AccountScope, id: UserId, old: &str) -> Result<(), Error> {
    if old.is_empty() || old.chars().count() > *password::LENGTH.end() {
        return Err(Refusal::field("old_password", "is required to change one's own").into());
    }
    let paid = core.limits.take(&[format!("password of {id}")]).await?;
    let known = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { users::credentials(tx, scope.account(), id).await })
        })
        .await?;
    let expected = known.as_ref().map(|known| known.password_hash.as_str());
    if !core.passwords.verify(old, expected).await? {
        return Err(Error::CredentialsInvalid);
    }
    paid.give_back().await;
    Ok(())
}

async fn check_new(core: &Core, scope: AccountScope, id: UserId, new: &str) -> Result<(), Error> {
    let user = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { users::get(tx, scope.account(), id).await })
        })
        .await?;
    let user = user.ok_or(Error::UserNotFound(id))?;
    let email = Email::parse(&user.email).ok_or(Error::Defect("a stored e-mail is none"))?;
    password::check(new, &email).map_err(|problem| Refusal::field("new_password", problem).into())
}
