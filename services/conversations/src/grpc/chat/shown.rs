//! Chats as somebody sees them.

use std::collections::HashMap;

use access::Visibility;
use api::conversations::v1 as proto;
use kit::time::to_proto;
use pg::Tx;
use time::OffsetDateTime;
use types::ChatId;

use super::status::{Place, refusal_of};
use crate::domain::card::{Cards, Sight};
use crate::domain::conversation::{Answer, Conversation};
use crate::domain::window::{ChatAction, WindowChat};
use crate::domain::writability::{Obstacle, Writability, decide};
use crate::grpc::By;
use crate::grpc::conversation::Error;
use crate::store::{cards, chats, conversations, writability};
use crate::wire;

/// What is needed beside the rows.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time.
    pub now: OffsetDateTime,
    /// May the account send?
    pub has_subscription: bool,
}

/// A chat, and how much somebody sees of it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The chat.
    pub chat: WindowChat,
    /// The conversation to show of it.
    pub conversation: Option<Conversation>,
    /// What is seen.
    pub sight: Sight,
    /// What may be written, in whichever conversation.
    pub writability: Writability,
}

/// The chats of these that are not hidden, in their order.
pub async fn shown(
    tx: &mut Tx,
    by: &By,
    ids: &[ChatId],
    moment: Moment,
) -> Result<Vec<Shown>, Error> {
    let (scope, account) = (by.scope, by.scope.account());
    let chats = chats::of_window(tx, scope, ids).await?;
    let wanted: Vec<_> = chats.iter().filter_map(|chat| chat.conversation).collect();
    let keys: Vec<_> = wanted.iter().map(|id| (account, *id)).collect();
    let mut cards = cards::of_conversations(tx, &keys).await?;
    let rows = conversations::all(tx, account, &wanted).await?;
    let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
    let facts = writability::of_chats(tx, scope, ids).await?;
    let mut shown = Vec::with_capacity(chats.len());
    for chat in chats {
        let of_row = chat.conversation.and_then(|id| cards.remove(&id));
        let cards: Cards = match of_row {
            Some(cards) => cards,
            None => cards::of_chat(tx, account, chat.id).await?,
        };
        let sight = by.viewer.sight(&cards);
        let Some(facts) = facts.get(&chat.id) else {
            continue;
        };
        if sight.visibility != Visibility::Hidden {
            shown.push(Shown {
                conversation: chat.conversation.and_then(|id| rows.remove(&id)),
                writability: decide(&facts.facts(moment.now, moment.has_subscription, false)),
                chat,
                sight,
            });
        }
    }
    Ok(shown)
}

/// Is a chat there for somebody?
///
/// # Errors
/// When the database fails.
pub async fn is_seen(tx: &mut Tx, by: &By, id: ChatId) -> Result<bool, Error> {
    let account = by.scope.account();
    let found = chats::of_window(tx, by.scope, &[id]).await?;
    let Some(chat) = found.into_iter().next() else {
        return Ok(false);
    };
    let cards = match chat.conversation {
        Some(conversation) => cards::of_conversation(tx, account, conversation).await?,
        None => cards::of_chat(tx, account, id).await?,
    };
    Ok(by.viewer.sight(&cards).visibility != Visibility::Hidden)
}

impl Shown {
    /// As the contract shows it.
    #[must_use]
    pub fn proto(&self, is_administrator: bool) -> proto::Chat {
        let (chat, readable) = (&self.chat, self.sight.visibility.shows_messages());
        let waits = |row: &Conversation| row.is_open() && row.answer == Answer::Required;
        proto::Chat {
            id: chat.id.to_string(),
            connection_id: chat.connection.to_string(),
            connection_title: chat.connection_title.clone(),
            channel: chat.connector_key.clone(),
            client_name: chat.client_name.clone(),
            group: chat.group,
            unanswered: self.conversation.as_ref().is_some_and(waits),
            conversation: self
                .conversation
                .as_ref()
                .map(|row| wire::conversation(row, &self.sight)),
            writability: readable.then(|| {
                let place = Place {
                    chat: chat.id,
                    connection: chat.connection,
                    conversation: None,
                };
                writable(&self.writability, place)
            }),
            allowed_actions: chat
                .allowed_actions(is_administrator)
                .into_iter()
                .map(|action| action_of(action).into())
                .collect(),
            block: block(chat, is_administrator),
        }
    }
}

fn action_of(action: ChatAction) -> proto::ChatAction {
    match action {
        ChatAction::Block => proto::ChatAction::Block,
        ChatAction::Unblock => proto::ChatAction::Unblock,
        ChatAction::Profile => proto::ChatAction::Profile,
    }
}

/// That the client is blocked concerns everybody who writes; by whom, and what came since, administrators.
fn block(chat: &WindowChat, is_administrator: bool) -> Option<proto::ChatBlock> {
    let block = chat.block.as_ref()?;
    let since = proto::ChatBlock {
        block_time: Some(to_proto(block.since)),
        ..proto::ChatBlock::default()
    };
    if !is_administrator {
        return Some(since);
    }
    Some(proto::ChatBlock {
        user_id: block.by.map(|user| user.to_string()).unwrap_or_default(),
        refused_count: block.refused,
        refused_time: block.refused_time.map(to_proto),
        ..since
    })
}

/// What may be written, as the contract shows it, in the language of the call.
#[must_use]
pub fn writable(writability: &Writability, place: Place) -> proto::Writability {
    let reason = |said: Result<(), Obstacle>| match said {
        Ok(()) => (String::new(), String::new()),
        Err(obstacle) => {
            let refusal = refusal_of(obstacle, place);
            let text = refusal.text(kit::language::current());
            (refusal.reason_name().to_owned(), text.to_owned())
        }
    };
    let (free_text_reason, free_text_reason_text) = reason(writability.free_text);
    let (template_reason, template_reason_text) = reason(writability.template);
    proto::Writability {
        free_text: writability.free_text.is_ok(),
        template: writability.template.is_ok(),
        free_text_reason,
        free_text_reason_text,
        template_reason,
        template_reason_text,
        free_text_end_time: writability.end.map(to_proto),
    }
}
