//! The correspondence with the company, which the hub keeps.

use api::cabinet::v1::{
    CabinetMessage, ListCabinetMessagesRequest, ListCabinetMessagesResponse,
    SendCabinetMessageRequest, SendCabinetMessageResponse,
};
use api::connector::v1::list_chat_messages_request::Position;
use api::connector::v1::{ChatMessage, PublishOutcome};
use kit::Refusal;
use kit::page::page_size;
use kit::validate::Fields;
use tonic::Request;

use super::caller::Caller;
use crate::hub::{Chat, MAX_TEXT, Written, client_message_id, refused_event};
use crate::state::Parts;

pub(super) async fn list(
    state: &Parts,
    request: &Request<ListCabinetMessagesRequest>,
) -> Result<ListCabinetMessagesResponse, Refusal> {
    let caller = Caller::of(state, request).await?;
    let message = request.get_ref();
    if message.before_seq < 0 {
        return Err(Refusal::field("before_seq", "must not be negative"));
    }
    let size = page_size(message.page_size, 50, 200)?;
    let position = (message.before_seq > 0).then_some(Position::BeforeSeq(message.before_seq));
    let size = i32::try_from(size).unwrap_or(200);
    let page = state.hub.messages(caller.chat()?, size, position).await?;
    Ok(ListCabinetMessagesResponse {
        messages: page.messages.into_iter().map(to_proto).collect(),
        has_more: page.has_more,
    })
}

/// A message as the client sees it.
pub(super) fn to_proto(message: ChatMessage) -> CabinetMessage {
    CabinetMessage {
        id: message.id,
        seq: message.seq,
        mine: message.from_client,
        client_message_id: client_message_id(&message.external_event_id).to_owned(),
        author_name: if message.from_client {
            String::new()
        } else {
            message.author_name
        },
        text: message.text,
        create_time: message.create_time,
        attachments: message.attachments,
    }
}

pub(super) async fn send(
    state: &Parts,
    request: &Request<SendCabinetMessageRequest>,
) -> Result<SendCabinetMessageResponse, Refusal> {
    let caller = Caller::of(state, request).await?;
    let message = request.get_ref();
    let mut fields = Fields::new();
    let id = fields.uuid("client_message_id", &message.client_message_id);
    let most = usize::try_from(MAX_TEXT).unwrap_or_default();
    let text = fields.text("text", &message.text, 1..=most);
    fields.finish()?;
    let chat = caller.chat()?;
    let name = introduce(state, &caller, chat).await?;
    let written = Written {
        id: id.unwrap_or_default(),
        text,
        name,
        phone: caller.phone.clone(),
    };
    let published = state.hub.write(chat, written, state.clock.now());
    let result = published.await?;
    match result.outcome() {
        PublishOutcome::Accepted | PublishOutcome::Duplicate => {}
        PublishOutcome::Refused | PublishOutcome::Unspecified => {
            return Err(refused_event(&result.reason, caller.cabinet.id));
        }
    }
    // What is open on the client's other devices; where nothing is, nobody listens.
    let _ = state.answers.send(chat.client);
    let stored = stored(state, chat, result.seq, &result.message_id).await?;
    Ok(SendCabinetMessageResponse {
        message: Some(to_proto(stored)),
    })
}

/// What employees call the client: the name of the contact. The chat is the contact's: a code has proved the number. Where several
/// contacts carry it, an employee says whose it is.
async fn introduce(state: &Parts, caller: &Caller, chat: Chat) -> Result<String, Refusal> {
    let read = state.crm.read(caller.account, &caller.phone).await?;
    let name = read.contacts.first().map(|contact| &contact.name[..]);
    let name: String = name.unwrap_or_default().chars().take(200).collect();
    if let [contact] = &read.contacts[..]
        && let Ok(contact) = contact.id.parse()
    {
        let bound = state.hub.bind(caller.account, chat, contact, &name);
        bound.await?;
    }
    Ok(name)
}

/// The message as it was stored, the first time when it was sent twice.
async fn stored(state: &Parts, chat: Chat, seq: i64, id: &str) -> Result<ChatMessage, Refusal> {
    let place = Position::BeforeSeq(seq.saturating_add(1));
    let page = state.hub.messages(chat, 1, Some(place)).await?;
    let found = page.messages.into_iter().find(|message| message.id == id);
    found.ok_or_else(|| Refusal::internal(anyhow::anyhow!("the hub has lost a message it knew")))
}
