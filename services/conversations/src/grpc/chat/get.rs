//! One chat.

use api::conversations::v1::{GetChatRequest, GetChatResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::ChatId;

use super::Chats;
use super::shown::{Moment, Shown, shown};
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};

pub async fn get_chat(
    service: &Chats,
    request: &Request<GetChatRequest>,
) -> Result<GetChatResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let id = chat_id(&request.get_ref().chat_id)?;
    let moment = moment(service, &caller).await?;
    let is_administrator = caller.require_administrator().is_ok();
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { visible(tx, &by, id, moment).await })
    });
    let chat: Shown = read.await?;
    Ok(GetChatResponse {
        chat: Some(chat.proto(is_administrator)),
    })
}

/// The id in a request.
pub fn chat_id(text: &str) -> Result<ChatId, Refusal> {
    let mut fields = Fields::new();
    let id = fields.id("chat_id", text);
    fields.finish()?;
    id.ok_or_else(|| Refusal::chat_not_found(text))
}

/// What is needed beside the rows. Ask before the transaction: it may call identity.
pub async fn moment(service: &Chats, caller: &Caller) -> Result<Moment, Refusal> {
    Ok(Moment {
        now: service.clock.now(),
        has_subscription: service
            .accounts
            .subscription_active(caller.scope()?)
            .await?,
    })
}

/// A chat that the viewer may see. A hidden one, a foreign one and none at all are the same.
pub async fn visible(tx: &mut Tx, by: &By, id: ChatId, moment: Moment) -> Result<Shown, Error> {
    let found = shown(tx, by, &[id], moment).await?;
    found.into_iter().next().ok_or(Error::ChatNotFound(id))
}
