//! Begins a session for somebody for whom the company's CRM vouches.

use api::identity::v1::{BeginCrmSessionRequest, BeginCrmSessionResponse};
use auth::{AccountScope, Caller, Permission, Principal, Role};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{ApiKeyId, UserId};

use super::token_pair;
use crate::Error;
use crate::changes::By;
use crate::changes::users::{self as changes, NewUser};
use crate::core::Core;
use crate::domain::account::Account;
use crate::domain::email::Email;
use crate::domain::refresh::RefreshToken;
use crate::domain::session::Session;
use crate::domain::user::{User, UserChange};
use crate::grpc::{split, wire};
use crate::store::{accounts, sessions, users};

/// Who uses the CRM.
#[derive(Debug, Clone)]
struct Person {
    email: Email,
    name: String,
    language: Option<String>,
    device: String,
}

pub async fn handle(
    core: &Core,
    request: Request<BeginCrmSessionRequest>,
) -> Result<BeginCrmSessionResponse, Error> {
    let (caller, request) = split(request)?;
    let key = widget_key(&caller)?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let person = validated(&request)?;
    let (user, created) = employee(core, scope, by, &person).await?;
    let session = Session {
        begun_by: Some(key),
        ..Session::begin(by.account, user, person.device.clone(), by.now)
    };
    let refresh = RefreshToken::first(by.account, session.id);
    let (stored, token, language) = (session.clone(), refresh.clone(), person.language);
    let begun = core.db.tx(scope, move |tx| {
        Box::pin(async move { begin(tx, by, &stored, &token, language).await })
    });
    let (user, account) = begun.await?;
    core.waker.wake();
    let access = core.employee_token(by.account, &user, &account.language, session.id)?;
    Ok(BeginCrmSessionResponse {
        tokens: Some(token_pair(access, &refresh, &session)),
        user: Some(user.into()),
        created,
    })
}

/// The key of the CRM widget. No employee has this permission, and no other key can.
fn widget_key(caller: &Caller) -> Result<ApiKeyId, Refusal> {
    caller.require(Permission::SessionsBegin)?;
    match caller.principal() {
        Principal::Program { key, .. } => Ok(*key),
        Principal::Employee { .. } | Principal::Service { .. } => Err(Refusal::permission_missing(
            Permission::SessionsBegin.name(),
        )),
    }
}

fn validated(request: &BeginCrmSessionRequest) -> Result<Person, Error> {
    let mut fields = Fields::new();
    let email = Email::parse(&request.email);
    if email.is_none() {
        fields.reject(
            "email",
            "is not an e-mail address of at most 254 characters",
        );
    }
    let name = fields.line("name", &request.name, 1..=200);
    let language = wire::language(&mut fields, "language", &request.language);
    let device = fields.line("device", &request.device, 0..=200);
    fields.finish()?;
    // Without an address `finish` has refused.
    let email = email.ok_or(Error::Defect("an unchecked e-mail"))?;
    Ok(Person {
        email,
        name,
        language,
        device,
    })
}

/// Who it is: the employee with this e-mail, else a new one. Of two first openings at once one creates, the other finds.
async fn employee(
    core: &Core,
    scope: AccountScope,
    by: By,
    person: &Person,
) -> Result<(UserId, bool), Error> {
    if let Some(known) = find(core, scope, person).await? {
        return Ok((known, false));
    }
    let new = NewUser {
        email: person.email.clone(),
        name: person.name.clone(),
        role: Role::Manager,
        group: None,
        language: person.language.clone(),
        password_hash: core.passwords.of_nobody().to_owned(),
    };
    let created = core.db.tx(scope, move |tx| {
        Box::pin(async move {
            let (user, event) = changes::create(tx, by, new).await?;
            events::append(tx, &[event]).await?;
            Ok::<_, Error>(user.id)
        })
    });
    match created.await {
        Ok(user) => Ok((user, true)),
        Err(Error::EmailTaken) => {
            let known = find(core, scope, person).await?;
            Ok((known.ok_or(Error::EmailTaken)?, false))
        }
        Err(error) => Err(error),
    }
}

/// The employee of this account with this e-mail.
async fn find(core: &Core, scope: AccountScope, person: &Person) -> Result<Option<UserId>, Error> {
    let digest = person.email.digest();
    let found = core.db.tx(scope, move |tx| {
        Box::pin(async move { Ok::<_, Error>(users::by_email(tx, &digest).await?) })
    });
    Ok(found.await?.map(|known| known.user()))
}

/// Stores the session, and the language that the CRM reports. This ends the transaction's work.
async fn begin(
    tx: &mut Tx,
    by: By,
    session: &Session,
    token: &RefreshToken,
    language: Option<String>,
) -> Result<(User, Account), Error> {
    let user = users::lock(tx, by.account, session.user).await?;
    let user = user.ok_or(Error::UserNotFound(session.user))?;
    if !user.active {
        return Err(Error::UserSwitchedOff(user.id));
    }
    let account = accounts::get(tx, by.account).await?;
    let account = account.ok_or(Error::Defect("the account of a token is none"))?;
    sessions::insert(tx, session, token).await?;
    let change = UserChange {
        language: language.map(Some),
        ..UserChange::default()
    };
    let user = changes::update(tx, by, user.id, change, "").await?;
    Ok((user, account))
}
