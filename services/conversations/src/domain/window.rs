//! The chat window: chats as it shows them, and what may be done with them.

use time::OffsetDateTime;
use types::{ChatId, ConnectionId, ConversationId, UserId};

/// A chat as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowChat {
    /// Its id.
    pub id: ChatId,
    /// Its connection.
    pub connection: ConnectionId,
    /// Name of the connection.
    pub connection_title: String,
    /// Its channel.
    pub connector_key: String,
    /// The channel's id of it.
    pub external_id: String,
    /// The client's name as the channel knows it.
    pub client_name: String,
    /// Several people write in it.
    pub group: bool,
    /// The conversation to show; `None` for a chat without any.
    pub conversation: Option<ConversationId>,
    /// The client is on the black list.
    pub block: Option<Block>,
}

/// A client on the black list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Since when.
    pub since: OffsetDateTime,
    /// The employee who blocked; `None` for a program.
    pub by: Option<UserId>,
    /// How many messages were refused.
    pub refused: i64,
    /// When the last of them came.
    pub refused_time: Option<OffsetDateTime>,
}

/// What can be done with a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatAction {
    /// «Заблокировать».
    Block,
    /// «Разблокировать».
    Unblock,
    /// «Профиль».
    Profile,
}

impl WindowChat {
    /// What can be done with it: the black list is an administrator's (CHW-45, CHW-51).
    #[must_use]
    pub fn allowed_actions(&self, is_administrator: bool) -> Vec<ChatAction> {
        let block = match self.block {
            None => ChatAction::Block,
            Some(_) => ChatAction::Unblock,
        };
        [(true, ChatAction::Profile), (is_administrator, block)]
            .into_iter()
            .filter_map(|(offered, action)| offered.then_some(action))
            .collect()
    }
}
