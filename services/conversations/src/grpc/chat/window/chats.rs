//! The chats of a contact.

use api::conversations::v1::{ListContactChatsRequest, ListContactChatsResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{ChatId, ContactId};

use crate::grpc::chat::Chats;
use crate::grpc::chat::get::moment;
use crate::grpc::chat::shown::{Moment, Shown, shown};
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::store::chats;

pub async fn list_contact_chats(
    service: &Chats,
    request: &Request<ListContactChatsRequest>,
) -> Result<ListContactChatsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let request = request.get_ref();
    let mut fields = Fields::new();
    let contact: Option<ContactId> = fields.id("contact_id", &request.contact_id);
    fields.finish()?;
    let contact = contact.ok_or_else(|| Refusal::contact_not_found(&request.contact_id))?;
    let size = page_size(request.page_size, 20, 100)?;
    let token = PageToken {
        method: "ListContactChats",
        account: caller.scope()?.account(),
    };
    let after: Option<ChatId> = token.decode(&request.contact_id, &request.page_token)?;
    let moment = moment(service, &caller).await?;
    let is_administrator = caller.require_administrator().is_ok();
    let read = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { page(tx, &by, contact, after, size, moment).await })
    });
    let (chats, next): (Vec<Shown>, Option<ChatId>) = read.await?;
    let chats = chats.iter().map(|chat| chat.proto(is_administrator));
    Ok(ListContactChatsResponse {
        chats: chats.collect(),
        next_page_token: next
            .map_or_else(String::new, |chat| token.encode(&request.contact_id, &chat)),
    })
}

async fn page(
    tx: &mut Tx,
    by: &By,
    id: ContactId,
    after: Option<ChatId>,
    size: i64,
    moment: Moment,
) -> Result<(Vec<Shown>, Option<ChatId>), Error> {
    super::contact(tx, by, id).await?;
    let mut found = chats::of_contact(tx, by.scope, id, after, size + 1).await?;
    let most = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let next = found.last().copied().filter(|_| more);
    Ok((shown(tx, by, &found, moment).await?, next))
}
