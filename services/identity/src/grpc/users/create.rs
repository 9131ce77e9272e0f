//! Adds an employee.

use api::identity::v1::{CreateUserRequest, CreateUserResponse};
use auth::Role;
use kit::validate::Fields;
use pg::Tx;
use pg::idempotency::Once;
use tonic::Request;
use types::GroupId;
use uuid::Uuid;

use crate::Error;
use crate::changes::By;
use crate::changes::users::{NewUser, create};
use crate::core::Core;
use crate::domain::email::Email;
use crate::domain::password;
use crate::grpc::{split, wire};

/// A request whose fields fit.
struct Valid {
    email: Email,
    name: String,
    role: Role,
    group: Option<GroupId>,
    language: Option<String>,
    request_id: Option<Uuid>,
}

pub async fn handle(
    core: &Core,
    request: Request<CreateUserRequest>,
) -> Result<CreateUserResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let Valid {
        email,
        name,
        role,
        group,
        language,
        request_id,
    } = validated(&request)?;
    let once = Once::new(&caller, "CreateUser", request_id, core.hash(&request))?;
    let password_hash = core.passwords.hash(&request.password).await?;
    let new = NewUser {
        email,
        name,
        role,
        group,
        language,
        password_hash,
    };
    let answer = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { store(tx, by, new, once).await })
        })
        .await?;
    core.waker.wake();
    Ok(answer)
}

async fn store(tx: &mut Tx, by: By, new: NewUser, once: Once) -> Result<CreateUserResponse, Error> {
    if let Some(answer) = once.answered(tx).await?? {
        return Ok(answer);
    }
    let (user, event) = create(tx, by, new).await?;
    let answer = CreateUserResponse {
        user: Some(user.into()),
    };
    once.keep(tx, &answer).await?;
    events::append(tx, &[event]).await?;
    Ok(answer)
}

fn validated(request: &CreateUserRequest) -> Result<Valid, Error> {
    let user = request.user.clone().unwrap_or_default();
    let mut fields = Fields::new();
    let email = Email::parse(&user.email);
    match &email {
        Some(email) => {
            if let Err(problem) = password::check(&request.password, email) {
                fields.reject("password", problem);
            }
        }
        None => fields.reject(
            "user.email",
            "is not an e-mail address of at most 254 characters",
        ),
    }
    let name = fields.line("user.name", &user.name, 1..=200);
    let role = wire::role(&mut fields, "user.role", user.role);
    let group = fields.optional_id("user.group_id", &user.group_id);
    let language = wire::language(&mut fields, "user.language", &user.language);
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    // Without an address `finish` has refused.
    let email = email.ok_or(Error::Defect("an unchecked e-mail"))?;
    Ok(Valid {
        email,
        name,
        role,
        group,
        language,
        request_id,
    })
}
