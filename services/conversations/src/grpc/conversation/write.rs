//! What sending and starting share: may it be sent, the message, its delivery, the repeated call.

use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use pg::idempotency::{self, Call};
use time::OffsetDateTime;
use types::{DeliveryId, MessageId};

use super::Conversations;
use super::status::Error;
use crate::domain::connection::Connection;
use crate::domain::conversation::{Conversation, LastMessage};
use crate::domain::delivery::Delivery;
use crate::domain::message::{Author, Message, Status, preview};
use crate::grpc::caller_id;
use crate::store::chats::LockedChat;
use crate::store::{connections, deliveries, messages};

/// The longest text of an employee, in characters.
pub const MAX_TEXT: usize = 4096;

/// Who writes what.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Author.
    pub author: Author,
    /// Text.
    pub text: String,
    /// When.
    pub now: OffsetDateTime,
    /// The call, where it may be repeated.
    pub call: Option<Call>,
}

/// Checks the text and the request id of a request; `rest` is the request without its id.
pub fn draft(
    service: &Conversations,
    caller: &Caller,
    method: &'static str,
    text: &str,
    request_id: &str,
    rest: &impl prost::Message,
) -> Result<Draft, Refusal> {
    let mut fields = Fields::new();
    let text = fields.text("text", text, 1..=MAX_TEXT);
    let request_id = fields.optional_uuid("request_id", request_id);
    fields.finish()?;
    let call = match request_id {
        Some(request_id) => Some(Call {
            account: caller.scope()?.account(),
            caller: caller_id(caller),
            method,
            request_id,
            hash: kit::secrets::sha256(&rest.encode_to_vec()),
        }),
        None => None,
    };
    Ok(Draft {
        author: crate::grpc::author(caller)?,
        text,
        now: service.clock.now(),
        call,
    })
}

/// May the account send at all? (CHW-54)
pub async fn check_subscription(service: &Conversations, caller: &Caller) -> Result<(), Refusal> {
    if service
        .accounts
        .subscription_active(caller.scope()?)
        .await?
    {
        Ok(())
    } else {
        Err(Refusal::subscription_unpaid())
    }
}

/// The connection of a chat, switched on.
pub async fn connection_of(
    tx: &mut Tx,
    scope: AccountScope,
    chat: &LockedChat,
) -> Result<Connection, Error> {
    let found = connections::get(tx, scope, chat.connection).await?;
    found
        .filter(|connection| connection.enabled)
        .ok_or(Error::ConnectionDisabled(chat.connection))
}

/// The answer to the same call made before.
pub async fn answered<M: prost::Message + Default>(
    tx: &mut Tx,
    draft: &Draft,
) -> Result<Option<M>, Error> {
    let Some(call) = &draft.call else {
        return Ok(None);
    };
    let known = idempotency::begin(tx, call).await?;
    Ok(known.answer(call, |bytes| M::decode(bytes).ok())?)
}

/// Keeps the answer for the same call made again.
pub async fn keep_answer(
    tx: &mut Tx,
    draft: &Draft,
    answer: &impl prost::Message,
) -> Result<(), Error> {
    if let Some(call) = &draft.call {
        idempotency::record(tx, call, answer.encode_to_vec()).await?;
    }
    Ok(())
}

/// The message, and as lists show it.
pub fn message(
    draft: &Draft,
    conversation: types::ConversationId,
    seq: i64,
) -> (Message, LastMessage) {
    let message = Message {
        id: MessageId::generate(),
        conversation,
        seq,
        author: draft.author.clone(),
        text: draft.text.clone(),
        unsupported_kind: String::new(),
        external_event_id: String::new(),
        sent_time: None,
        status: Some(Status::Queued),
        failure_text: String::new(),
        create_time: draft.now,
    };
    let last = LastMessage {
        id: message.id,
        seq,
        author: message.author.clone(),
        preview: preview(&message.text),
        time: draft.now,
    };
    (message, last)
}

/// Stores the message and queues it for its connector.
pub async fn store(
    tx: &mut Tx,
    chat: &LockedChat,
    conversation: &Conversation,
    message: &Message,
) -> Result<(), Error> {
    messages::insert(tx, &[(conversation.account, message.clone())]).await?;
    let delivery = Delivery {
        account: conversation.account,
        id: DeliveryId::generate(),
        connector_key: conversation.connector_key.clone(),
        connection: conversation.connection,
        chat: chat.id,
        conversation: conversation.id,
        message: message.id,
        seq: message.seq,
        external_chat_id: chat.external_id.clone(),
        thread: conversation.thread.clone(),
        text: message.text.clone(),
        author_name: message.author.name.clone(),
        create_time: message.create_time,
    };
    deliveries::insert(tx, &[delivery]).await?;
    Ok(())
}
