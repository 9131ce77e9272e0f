//! The names of groups. Telegram tells them with every message, and the hub is told each once.

use api::connector::v1::channel_event::Event;
use api::connector::v1::{ChannelEvent, ChatRenamed};
use data_encoding::HEXLOWER;
use quick_cache::sync::Cache;

use crate::domain::update::{Told, What};

/// Groups whose names are remembered; the least used go first, and are only told again.
const GROUPS: usize = 10_000;

/// The names that were told.
pub(super) struct Groups(Cache<i64, String>);

impl std::fmt::Debug for Groups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Groups({})", self.0.len())
    }
}

impl Default for Groups {
    fn default() -> Self {
        Self(Cache::new(GROUPS))
    }
}

impl Groups {
    /// What the group of a message is called, if that is news; told after the message, which makes the chat.
    pub fn name(&self, told: &Told) -> Option<ChannelEvent> {
        let is_message = told.is_group && matches!(told.what, What::Written { .. });
        let mut facts = told.facts.iter().filter(|_| is_message);
        let (_, title) = facts.find(|(name, _)| *name == "telegram_group")?;
        if self.0.get(&told.chat).as_ref() == Some(title) {
            return None;
        }
        self.0.insert(told.chat, title.clone());
        let digest = HEXLOWER.encode(&kit::secrets::sha256(title.as_bytes())[..8]);
        Some(ChannelEvent {
            external_event_id: format!("{}:called:{digest}", told.chat),
            external_chat_id: told.chat.to_string(),
            event: Some(Event::Renamed(ChatRenamed {
                title: title.chars().take(200).collect(),
            })),
            group_chat: true,
            ..ChannelEvent::default()
        })
    }
}
