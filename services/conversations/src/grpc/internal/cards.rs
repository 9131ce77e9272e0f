//! GetConversationCards: to which cards a conversation belongs.

use api::conversations::internal::v1::{GetConversationCardsRequest, GetConversationCardsResponse};
use auth::Caller;
use kit::Refusal;
use tonic::Request;
use types::{AccountId, ConversationId};

use super::{Internal, id};
use crate::domain::card::{Card, Cards, Kind};
use crate::grpc::conversation::Error;
use crate::store::{cards, conversations};

pub(super) async fn get(
    service: &Internal,
    request: &Request<GetConversationCardsRequest>,
) -> Result<GetConversationCardsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_service()?;
    let request = request.get_ref();
    let account: AccountId = id("account_id", &request.account_id)?.into();
    let scope = caller.service_scope(account)?;
    let conversation: ConversationId = id("conversation_id", &request.conversation_id)?.into();
    let found = service.db.tx(scope, move |tx| {
        Box::pin(async move {
            let known = conversations::get(tx, scope, conversation).await?;
            known.ok_or(Error::NotFound(conversation))?;
            Ok(cards::of_conversation(tx, account, conversation).await?)
        })
    });
    let found: Result<Cards, Error> = found.await;
    let found = found?;
    let id = |card: Option<&Card>| card.map(|card| card.id.as_bytes().to_vec());
    let of = |kind| id(found.card.as_ref().filter(|card| card.kind == kind)).unwrap_or_default();
    Ok(GetConversationCardsResponse {
        contact_id: id(found.contact.as_ref()).unwrap_or_default(),
        deal_id: of(Kind::Deal),
        customer_id: of(Kind::Customer),
    })
}
