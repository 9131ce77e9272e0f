//! Begins a session with e-mail and password.

use api::identity::v1::{LogInRequest, LogInResponse};
use kit::validate::Fields;
use pg::{SystemScope, Tx};
use tonic::Request;

use super::token_pair;
use crate::Error;
use crate::core::Core;
use crate::domain::account::Account;
use crate::domain::email::{self, Email};
use crate::domain::password;
use crate::domain::refresh::RefreshToken;
use crate::domain::session::Session;
use crate::domain::user::User;
use crate::grpc::client_address;
use crate::store::users::Credentials;
use crate::store::{accounts, sessions, users};

pub async fn handle(core: &Core, request: Request<LogInRequest>) -> Result<LogInResponse, Error> {
    let address = client_address(&request);
    let request = request.into_inner();
    let device = validated(&request)?;
    let email = Email::parse(&request.email);
    let who = format!("e-mail {}", request.email.trim().to_lowercase());
    let paid = core.limits.take(&[address, who]).await?;
    let known = match &email {
        Some(email) => find(core, email).await?,
        None => None,
    };
    // A wrong password, an unknown address and a user who is switched off take the same time and get the same answer.
    let expected = known.as_ref().map(|known| known.password_hash.as_str());
    let matches = core.passwords.verify(&request.password, expected).await?;
    let known = known
        .filter(|known| matches && known.active)
        .ok_or(Error::CredentialsInvalid)?;
    let reply = begin(core, known, device).await?;
    paid.give_back().await;
    Ok(reply)
}

/// Only lengths are said: what an address has to look like is nothing to learn here.
fn validated(request: &LogInRequest) -> Result<String, Error> {
    let mut fields = Fields::new();
    fields.key("email", &request.email, 1..=email::MAX_BYTES);
    if request.password.is_empty() || request.password.chars().count() > *password::LENGTH.end() {
        fields.reject(
            "password",
            format!("must have 1 to {} characters", password::LENGTH.end()),
        );
    }
    let device = fields.line("device", &request.device, 0..=200);
    fields.finish()?;
    Ok(device)
}

async fn find(core: &Core, email: &Email) -> Result<Option<Credentials>, Error> {
    let digest = email.digest();
    let scope = SystemScope::for_job("log-in");
    core.db
        .tx(scope, move |tx| {
            Box::pin(async move { Ok(users::by_email(tx, &digest).await?) })
        })
        .await
}

async fn begin(core: &Core, known: Credentials, device: String) -> Result<LogInResponse, Error> {
    let (account, user) = (known.account(), known.user());
    let session = Session::begin(account, user, device, core.now());
    let refresh = RefreshToken::first(account, session.id);
    let (stored, token) = (session.clone(), refresh.clone());
    let scope = SystemScope::for_job("log-in");
    let begun = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            let found = still_as_checked(tx, &known).await?;
            sessions::insert(tx, &stored, &token).await?;
            Ok::<_, Error>(found)
        })
    });
    let (user, account) = begun.await?;
    let access = core.employee_token(account.id, &user, &account.language, session.id)?;
    Ok(LogInResponse {
        tokens: Some(token_pair(access, &refresh, &session)),
        user: Some(user.into()),
    })
}

/// The password was checked outside the transaction: whoever was switched off or got another one meanwhile stays out.
async fn still_as_checked(tx: &mut Tx, known: &Credentials) -> Result<(User, Account), Error> {
    let (account, id) = (known.account(), known.user());
    let user = users::lock(tx, account, id).await?;
    let user = user
        .filter(|user| user.active)
        .ok_or(Error::CredentialsInvalid)?;
    let now_known = users::credentials(tx, account, id).await?;
    if now_known.is_none_or(|now| now.password_hash != known.password_hash) {
        return Err(Error::CredentialsInvalid);
    }
    let account = accounts::get(tx, account).await?;
    Ok((user, account.ok_or(Error::CredentialsInvalid)?))
}
