//! What sending and starting share: may it be sent, the message, its delivery, the repeated call.

use api::conversations::v1::TemplateUse;
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use pg::idempotency::{Once, hash};
use time::OffsetDateTime;
use types::{AttachmentId, DeliveryId, MessageId};
use uuid::Uuid;

use super::Conversations;
use super::content::{Content, Wish};
use super::status::Error;
use crate::domain::attachment::{Attachment, MOST, UNUSED_LIFE, can_carry};
use crate::domain::conversation::{Conversation, LastMessage};
use crate::domain::delivery::Delivery;
use crate::domain::message::{Author, Message, Status};
use crate::domain::template::Filled;
use crate::grpc::caller_id;
use crate::store::chats::LockedChat;
use crate::store::{attachments, connections, crm_feed, deliveries, messages};

/// The longest text of an employee, in characters.
pub const MAX_TEXT: usize = 4096;

/// Who writes what.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Author.
    pub author: Author,
    /// Text.
    pub text: String,
    /// A template instead of text.
    pub template: Option<Wish>,
    /// Files that the caller uploaded.
    pub attachments: Vec<AttachmentId>,
    /// The caller, as the uploader of files.
    pub uploader: Uuid,
    /// May the account send? (CHW-54)
    pub has_subscription: bool,
    /// The bot that crm's timelines name as the author (CHW-69); empty: they name the employee.
    pub feed_bot_name: String,
    /// When.
    pub now: OffsetDateTime,
    /// The call, where it may be repeated.
    pub once: Once,
}

/// What a caller asks to be written.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Text.
    pub text: &'a str,
    /// Files.
    pub attachment_ids: &'a [String],
    /// A template.
    pub template: Option<&'a TemplateUse>,
    /// What makes a repeated call safe.
    pub request_id: &'a str,
}

/// Checks what a request asks to be written; `rest` is the request without its id. Ask before the transaction: it may call identity.
pub async fn draft(
    service: &Conversations,
    caller: &Caller,
    method: &'static str,
    asked: Asked<'_>,
    rest: &impl prost::Message,
) -> Result<Draft, Refusal> {
    let mut fields = Fields::new();
    // Files speak for themselves, and a template has its own text.
    let is_alone = asked.attachment_ids.is_empty() && asked.template.is_none();
    let text = fields.text("text", asked.text, usize::from(is_alone)..=MAX_TEXT);
    let attachments = attachment_ids(&mut fields, asked.attachment_ids);
    let template = asked.template.map(|it| Wish::parse(&mut fields, it));
    if template.is_some() && !(text.is_empty() && attachments.is_empty()) {
        fields.reject("template", "must not come with text or files");
    }
    let request_id = fields.optional_uuid("request_id", asked.request_id);
    fields.finish()?;
    let once = Once::new(caller, method, request_id, hash(rest))?;
    let state = service.accounts.state(caller.scope()?).await?;
    Ok(Draft {
        author: crate::grpc::author(caller)?,
        text,
        template,
        attachments,
        uploader: caller_id(caller),
        has_subscription: state.subscription_active,
        feed_bot_name: state.feed_bot_name,
        now: service.clock.now(),
        once,
    })
}

fn attachment_ids(fields: &mut Fields, given: &[String]) -> Vec<AttachmentId> {
    if given.len() > MOST {
        fields.reject("attachment_ids", format!("must be at most {MOST}"));
    }
    let ids = given.iter().take(MOST);
    let ids: Vec<AttachmentId> = ids
        .filter_map(|id| fields.id("attachment_ids", id))
        .collect();
    if ids
        .iter()
        .enumerate()
        .any(|(place, id)| ids[..place].contains(id))
    {
        fields.reject("attachment_ids", "must differ from one another");
    }
    ids
}

/// The files of a draft, locked: uploaded by the caller within a day, sent nowhere yet, and such as the channel can carry.
pub async fn files(
    tx: &mut Tx,
    scope: AccountScope,
    connector_key: &str,
    draft: &Draft,
) -> Result<Vec<Attachment>, Error> {
    if draft.attachments.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<_> = draft
        .attachments
        .iter()
        .map(|id| (scope.account(), *id))
        .collect();
    let mut found = attachments::lock(tx, &wanted).await?;
    let rules = connections::media_rules(tx, scope, connector_key).await?;
    let mut files = Vec::with_capacity(found.len());
    for id in &draft.attachments {
        let place = found.iter().position(|kept| kept.file.id == *id);
        let kept = place.map(|place| found.swap_remove(place));
        let kept = kept.filter(|kept| kept.uploader == draft.uploader);
        let kept = kept.ok_or(Error::AttachmentNotFound(*id))?;
        if kept.sent.is_some() {
            return Err(Error::AttachmentUsed(*id));
        }
        if draft.now - kept.create_time > UNUSED_LIFE {
            return Err(Error::AttachmentNotFound(*id));
        }
        if !can_carry(&rules, &kept.file) {
            return Err(Error::AttachmentNotSupported(*id));
        }
        files.push(kept.file);
    }
    Ok(files)
}

/// The next message of a locked chat.
#[derive(Debug)]
pub struct Next<'a> {
    /// Who writes.
    pub draft: &'a Draft,
    /// What is written.
    pub content: Content,
    /// Its files, locked.
    pub files: Vec<Attachment>,
    /// Its place.
    pub seq: i64,
}

/// The message, and as lists show it.
pub fn message(next: Next<'_>, conversation: types::ConversationId) -> (Message, LastMessage) {
    let Next {
        draft,
        content,
        files,
        seq,
    } = next;
    let message = Message {
        id: MessageId::generate(),
        conversation,
        seq,
        author: draft.author.clone(),
        text: content.text,
        unsupported_kind: String::new(),
        external_event_id: String::new(),
        sent_time: None,
        status: Some(Status::Queued),
        failure_text: String::new(),
        create_time: draft.now,
        attachments: files,
        cart: None,
        edits: Vec::new(),
        deleted: None,
    };
    let last = LastMessage {
        id: message.id,
        seq,
        author: message.author.clone(),
        preview: message.preview(),
        time: draft.now,
    };
    (message, last)
}

/// Stores the message and queues it for its connector, and for crm's timelines.
pub async fn store(
    tx: &mut Tx,
    draft: &Draft,
    chat: &LockedChat,
    conversation: &Conversation,
    message: &Message,
    template: Option<Filled>,
) -> Result<(), Error> {
    messages::insert(tx, &[(conversation.account, message.clone())]).await?;
    let place = attachments::Chat {
        account: conversation.account,
        connection: conversation.connection,
        external_id: &chat.external_id,
    };
    attachments::send(tx, place, message).await?;
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
        template,
        rich: !message.attachments.is_empty(),
        author_name: message.author.name.clone(),
        create_time: message.create_time,
    };
    deliveries::insert(tx, &[delivery]).await?;
    crm_feed::insert(tx, conversation.account, message, &draft.feed_bot_name).await?;
    Ok(())
}
