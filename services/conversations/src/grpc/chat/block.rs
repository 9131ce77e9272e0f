//! The black list (IDN-38, A-15, A-16).

use api::conversations::v1::{
    BlockChatRequest, BlockChatResponse, ChangeKind, UnblockChatRequest, UnblockChatResponse,
};
use auth::{Caller, Principal};
use kit::Refusal;
use pg::Tx;
use tonic::Request;
use types::{ChatId, UserId};

use super::Chats;
use super::get::{chat_id, moment, visible};
use super::shown::{Moment, Shown};
use crate::changes::{self, Change};
use crate::grpc::conversation::Error;
use crate::grpc::hub::report::tell;
use crate::grpc::{By, seeing};
use crate::store::deliveries::{self, Locked};
use crate::store::{black_list, conversations};

/// Why a message failed that waited when its client was blocked.
const WITHDRAWN: &str = "The client was blocked before this was sent.";

/// What is to become of the client.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Blocked { by: Option<UserId> },
    Unblocked,
}

pub async fn block_chat(
    service: &Chats,
    request: &Request<BlockChatRequest>,
) -> Result<BlockChatResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_administrator()?;
    let by = match caller.principal() {
        Principal::Employee { user, .. } => Some(*user),
        Principal::Program { .. } | Principal::Service { .. } => None,
    };
    let id = &request.get_ref().chat_id;
    let chat = change(service, &caller, id, Wanted::Blocked { by }).await?;
    Ok(BlockChatResponse {
        chat: Some(chat.proto(true)),
    })
}

pub async fn unblock_chat(
    service: &Chats,
    request: &Request<UnblockChatRequest>,
) -> Result<UnblockChatResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_administrator()?;
    let id = &request.get_ref().chat_id;
    let chat = change(service, &caller, id, Wanted::Unblocked).await?;
    Ok(UnblockChatResponse {
        chat: Some(chat.proto(true)),
    })
}

async fn change(
    service: &Chats,
    caller: &Caller,
    id: &str,
    wanted: Wanted,
) -> Result<Shown, Refusal> {
    let id = chat_id(id)?;
    let moment = moment(service, caller).await?;
    let done = seeing(&service.db, &service.rights, caller, move |tx, by| {
        Box::pin(async move { apply(tx, &by, id, wanted, moment).await })
    });
    let (chat, told): (Shown, Vec<Change>) = done.await?;
    service.after.changed(told.iter().map(Change::touched));
    Ok(chat)
}

async fn apply(
    tx: &mut Tx,
    by: &By,
    id: ChatId,
    wanted: Wanted,
    moment: Moment,
) -> Result<(Shown, Vec<Change>), Error> {
    visible(tx, by, id, moment).await?;
    let scope = by.scope;
    let person = black_list::person(tx, scope, id)
        .await?
        .ok_or(Error::ChatNotFound(id))?;
    let chats = black_list::lock(tx, scope, &person).await?;
    let is_news = match wanted {
        Wanted::Blocked { by } => black_list::add(tx, scope, &person, by, moment.now).await?,
        Wanted::Unblocked => black_list::remove(tx, scope, &person).await?,
    };
    let shown = visible(tx, by, id, moment).await?;
    if !is_news {
        return Ok((shown, Vec::new()));
    }
    let ids: Vec<ChatId> = chats.iter().map(|(chat, _)| *chat).collect();
    let withdrawn = match wanted {
        Wanted::Blocked { .. } => withdraw(tx, by, &ids).await?,
        Wanted::Unblocked => Vec::new(),
    };
    let open = black_list::open_conversations(tx, scope, &ids).await?;
    let news = conversations::all(tx, scope.account(), &open)
        .await?
        .into_iter()
        .map(|conversation| Change {
            kind: ChangeKind::WritabilityChanged,
            message: None,
            external_chat_id: chats
                .iter()
                .find(|(chat, _)| *chat == conversation.chat)
                .map(|(_, external)| external.clone())
                .unwrap_or_default(),
            facts: Vec::new(),
            previous: None,
            silent: false,
            conversation,
        });
    let told: Vec<Change> = withdrawn.into_iter().chain(news).collect();
    changes::append(tx, &told).await?;
    Ok((shown, told))
}

/// What waits to be sent is not sent any more (CHW-49). What a connector has on its hands may still go out.
async fn withdraw(tx: &mut Tx, by: &By, chats: &[ChatId]) -> Result<Vec<Change>, Error> {
    let waiting = deliveries::waiting(tx, by.scope.account(), chats).await?;
    let before = deliveries::locked(tx, &waiting).await?;
    let mut changed: Vec<Locked> = before.values().cloned().collect();
    changed.retain_mut(|delivery| {
        let is_withdrawn = delivery.progress.withdraw(WITHDRAWN);
        delivery.settle();
        is_withdrawn
    });
    deliveries::store(tx, &before, &changed).await?;
    Ok(tell(tx, &before, &changed).await?)
}
