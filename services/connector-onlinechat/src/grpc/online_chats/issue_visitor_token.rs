//! IssueVisitorToken: the site's backend vouches for who sits at the browser.

use api::onlinechat::v1::{IssueVisitorTokenRequest, IssueVisitorTokenResponse};
use auth::{AccountScope, Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use time::OffsetDateTime;
use tonic::Request;
use types::{OnlineChatId, VisitorId};

use super::existing;
use crate::domain::external_id::Field;
use crate::domain::online_chat::OnlineChat;
use crate::domain::session::{ISSUED_LIFE, new_issued_token, new_resume_token};
use crate::hub::Chat;
use crate::state::Parts;
use crate::store::visitors::{self, External, Known};

pub(super) async fn issue(
    state: &Parts,
    request: &Request<IssueVisitorTokenRequest>,
) -> Result<IssueVisitorTokenResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::VisitorsIssue)?;
    let scope = caller.scope()?;
    let message = request.get_ref();
    let mut fields = Fields::new();
    let id: Option<OnlineChatId> = fields.id("online_chat_id", &message.online_chat_id);
    let name = fields.line("visitor_name", &message.visitor_name, 0..=200);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::online_chat_not_found(&message.online_chat_id))?;
    let chat = existing(&state.db, scope, id).await?;
    let not_set_up = || Refusal::external_id_not_set_up(id);
    let field: Field = chat.settings.external_field.ok_or_else(not_set_up)?;
    let external = field
        .read(&message.external_id)
        .map_err(|why| Refusal::field("external_id", why))?;
    let owner = state.crm.owner(chat.account, field.id, &external).await?;
    let owner = owner.ok_or_else(not_set_up)?;
    let external = External {
        field: field.id,
        key: external.key(),
    };
    let issued = store(state, scope, id, external, name).await?;
    if let Some(contact) = owner.contact {
        bind(state, &chat, &issued.visitor, contact).await;
    }
    Ok(IssueVisitorTokenResponse {
        visitor_token: issued.token,
        expire_time: Some(kit::time::to_proto(issued.expire_time)),
        visitor_id: issued.visitor.id.to_string(),
        card_id: owner.card,
        contact_id: owner.contact.map(|id| id.to_string()).unwrap_or_default(),
        conflict: owner.conflict,
    })
}

/// What was stored.
struct Issued {
    visitor: Known,
    token: String,
    expire_time: OffsetDateTime,
}

async fn store(
    state: &Parts,
    scope: AccountScope,
    online_chat: OnlineChatId,
    external: External,
    name: String,
) -> Result<Issued, Refusal> {
    let now = state.clock.now();
    let expire_time = now + ISSUED_LIFE;
    let stored = state.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            // They come back by what the backend says, so nobody has this resume token.
            let (_, nobodys) = new_resume_token();
            let new = Known {
                id: VisitorId::generate(),
                name,
            };
            let visitor =
                visitors::named(tx, account, online_chat, &external, &new, &nobodys, now).await?;
            let (token, digest) = new_issued_token();
            visitors::insert_token(tx, account, visitor.id, &digest, expire_time).await?;
            Ok::<_, pg::Error>(Issued {
                visitor,
                token,
                expire_time,
            })
        })
    });
    Ok(stored.await?)
}

/// A chat that cannot be bound now is bound by the next call: the visitor need not wait for it.
async fn bind(state: &Parts, chat: &OnlineChat, visitor: &Known, contact: types::ContactId) {
    let at = Chat {
        connection: chat.connection,
        visitor: visitor.id,
    };
    let bound = state.hub.bind(chat.account, at, &visitor.name, contact);
    if let Err(status) = bound.await {
        tracing::warn!(code = ?status.code(), visitor.id = %visitor.id, "a visitor's chat could not be bound to its contact; the next token tries again");
    }
}
