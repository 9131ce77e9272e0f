//! «Избранные» (CNV-23).

use api::conversations::v1::{
    AddFavouriteRequest, AddFavouriteResponse, RemoveFavouriteRequest, RemoveFavouriteResponse,
};
use auth::{Caller, Permission};
use kit::Refusal;
use pg::Tx;
use tonic::Request;
use types::ConversationId;
use uuid::Uuid;

use super::Inbox;
use crate::changes;
use crate::grpc::conversation::{Error, conversation_id, visible};
use crate::grpc::{By, caller_id, seeing};
use crate::store::{conversations, favourites};

/// The most favourites of a user: a list of them looks through all.
pub const MOST: i64 = 1_000;

pub async fn add(
    inbox: &Inbox,
    request: &Request<AddFavouriteRequest>,
) -> Result<AddFavouriteResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let id = conversation_id(&request.get_ref().conversation_id)?;
    let (owner, now) = (caller_id(&caller), inbox.clock.now());
    seeing(&inbox.db, &inbox.rights, &caller, move |tx, by| {
        Box::pin(async move {
            let (conversation, _) = visible(tx, &by, id).await?;
            if !favourites::add(tx, by.scope, owner, id, now).await? {
                return Ok(());
            }
            if favourites::count(tx, by.scope, owner, MOST).await? > MOST {
                return Err(Error::from(Refusal::limit_reached(MOST)));
            }
            Ok(changes::append_favourite(tx, &conversation, owner, true).await?)
        })
    })
    .await?;
    inbox.after.changed([]);
    Ok(AddFavouriteResponse {})
}

pub async fn remove(
    inbox: &Inbox,
    request: &Request<RemoveFavouriteRequest>,
) -> Result<RemoveFavouriteResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let id = conversation_id(&request.get_ref().conversation_id)?;
    let owner = caller_id(&caller);
    seeing(&inbox.db, &inbox.rights, &caller, move |tx, by| {
        Box::pin(async move { take_off(tx, &by, owner, id).await })
    })
    .await?;
    inbox.after.changed([]);
    Ok(RemoveFavouriteResponse {})
}

async fn take_off(tx: &mut Tx, by: &By, owner: Uuid, id: ConversationId) -> Result<(), Error> {
    if !favourites::remove(tx, by.scope, owner, id).await? {
        return Ok(());
    }
    if let Some(conversation) = conversations::get(tx, by.scope, id).await? {
        changes::append_favourite(tx, &conversation, owner, false).await?;
    }
    Ok(())
}
