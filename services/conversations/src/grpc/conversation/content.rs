//! What a message says: free text, or a template with what belongs into it.

use api::conversations::v1::TemplateUse;
use auth::AccountScope;
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;

use super::status::Error;
use super::write::{Draft, MAX_TEXT};
use crate::domain::conversation::Conversation;
use crate::domain::template::{Filled, LONGEST_VALUE, Parameter, Template, Unfit};
use crate::domain::writability::{Obstacle, Writability, decide};
use crate::grpc::chat::{Place, refusal_of};
use crate::store::chats::LockedChat;
use crate::store::{templates, writability};

/// A template that somebody wants to send.
#[derive(Debug, Clone)]
pub struct Wish {
    key: String,
    language: String,
    values: Vec<Parameter>,
}

impl Wish {
    /// Checks what can be checked without the template.
    pub fn parse(fields: &mut Fields, wish: &TemplateUse) -> Self {
        let values = wish.parameters.iter().take(100).map(|it| Parameter {
            name: fields.key("template.parameters.name", &it.name, 1..=100),
            value: fields.text("template.parameters.value", &it.value, 1..=LONGEST_VALUE),
        });
        let values = values.collect();
        if wish.parameters.len() > 100 {
            fields.reject("template.parameters", "must be at most 100");
        }
        Self {
            key: fields.key("template.key", &wish.key, 1..=200),
            language: fields.key("template.language", &wish.language, 1..=20),
            values,
        }
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What a person reads.
    pub text: String,
    /// The template it was made from.
    pub template: Option<Filled>,
}

impl Content {
    /// Free text.
    #[must_use]
    pub fn free(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            template: None,
        }
    }
}

/// What is written in the locked chat, in this conversation of it, if it may be (decision table 2.4).
pub async fn content(
    tx: &mut Tx,
    scope: AccountScope,
    chat: &LockedChat,
    conversation: Option<&Conversation>,
    draft: &Draft,
) -> Result<Content, Error> {
    let place = Place {
        chat: chat.id,
        connection: chat.connection,
        conversation: conversation.map(|conversation| conversation.id),
    };
    let refused = |obstacle: Obstacle| Error::from(refusal_of(obstacle, place));
    let decided = writable(tx, scope, chat, conversation, draft).await?;
    let Some(wish) = &draft.template else {
        decided.free_text.map_err(refused)?;
        return Ok(Content::free(&draft.text));
    };
    // Another template of the connection may be there where this one is not.
    match decided.template {
        Err(Obstacle::NoTemplates) | Ok(()) => {}
        Err(obstacle) => return Err(refused(obstacle)),
    }
    let found = templates::get(tx, scope, chat.connection, &wish.key, &wish.language).await?;
    let template = found
        .filter(|template| template.approved)
        .ok_or_else(|| Refusal::template_not_found(&wish.key))?;
    if !template.paid {
        return Err(refused(Obstacle::TemplatesUnpaid));
    }
    Ok(fill(&template, wish)?)
}

fn fill(template: &Template, wish: &Wish) -> Result<Content, Refusal> {
    let filled = template.filled(&wish.values).map_err(|unfit| {
        let description = match unfit {
            Unfit::Missing(name) => format!("must have a value for \"{name}\""),
            Unfit::Surplus(name) => format!("must not have this value for \"{name}\""),
        };
        Refusal::field("template.parameters", description)
    })?;
    let text = template.text(&filled);
    if text.chars().count() > MAX_TEXT {
        let description = format!("make a text of more than {MAX_TEXT} characters");
        return Err(Refusal::field("template.parameters", description));
    }
    Ok(Content {
        text,
        template: Some(filled),
    })
}

/// What may be written in the locked chat, in this conversation of it (decision table 2.4).
pub async fn writable(
    tx: &mut Tx,
    scope: AccountScope,
    chat: &LockedChat,
    conversation: Option<&Conversation>,
    draft: &Draft,
) -> Result<Writability, Error> {
    let known = writability::of_chats(tx, scope, &[chat.id]).await?;
    let known = known.get(&chat.id).ok_or(Error::ChatNotFound(chat.id))?;
    let is_closed = conversation.is_some_and(|conversation| !conversation.is_open());
    Ok(decide(&known.facts(
        draft.now,
        draft.has_subscription,
        is_closed,
    )))
}
