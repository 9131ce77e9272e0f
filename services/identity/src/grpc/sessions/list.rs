//! Live sessions of a user.

use api::identity::v1::{ListSessionsRequest, ListSessionsResponse};
use auth::{Caller, Permission, Principal};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use tonic::Request;
use types::{SessionId, UserId};

use crate::Error;
use crate::core::Core;
use crate::grpc::{PAGE, split, wire};
use crate::store::{sessions, users};

const METHOD: &str = "ListSessions";

pub async fn handle(
    core: &Core,
    request: Request<ListSessionsRequest>,
) -> Result<ListSessionsResponse, Error> {
    let (caller, request) = split(request)?;
    let scope = caller.scope()?;
    let account = scope.account();
    let (user, own_session) = whose(&caller, &request.user_id)?;
    let size = page_size(request.page_size, PAGE.0, PAGE.1)?;
    let before: Option<SessionId> = PageToken {
        method: METHOD,
        account,
    }
    .decode(&user, &request.page_token)?;
    let now = core.now();
    let found = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move {
                users::get(tx, account, user)
                    .await?
                    .ok_or(Error::UserNotFound(user))?;
                Ok::<_, Error>(sessions::list_live(tx, account, user, before, now, size + 1).await?)
            })
        })
        .await?;
    let page = wire::page(found, size, (METHOD, account), &user, |session| session.id);
    let sessions = page
        .items
        .into_iter()
        .map(|session| wire::session(session, own_session))
        .collect();
    Ok(ListSessionsResponse {
        sessions,
        next_page_token: page.next,
    })
}

/// Whose sessions are asked for, and which of them is the caller's own.
fn whose(caller: &Caller, user_id: &str) -> Result<(UserId, Option<SessionId>), Refusal> {
    let mut fields = Fields::new();
    let asked = fields.optional_id::<UserId>("user_id", user_id);
    fields.finish()?;
    let (own_user, own_session) = match caller.principal() {
        Principal::Employee { user, session, .. } => (Some(*user), Some(*session)),
        Principal::Program { .. } | Principal::Service { .. } => (None, None),
    };
    let user = asked
        .or(own_user)
        .ok_or_else(|| Refusal::field("user_id", "is required: a program has no sessions"))?;
    if own_user != Some(user) {
        caller.require(Permission::SettingsRead)?;
    }
    Ok((user, own_session))
}
