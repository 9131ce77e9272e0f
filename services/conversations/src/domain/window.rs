//! The chat window: chats as it shows them, and what may be done with them.

use time::OffsetDateTime;
use types::{ChatId, ConnectionId, ContactId, ConversationId, DealId, UserId};

use super::card::Cards;

/// Where the window is opened (CHW-04): of the five places, imBox shows a deal as its card does, and a customer's contact is a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The left side menu.
    LeftMenu,
    /// A deal.
    Deal(DealId),
    /// A contact.
    Contact(ContactId),
}

/// How the window lies in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Which part of the screen it takes.
    pub area: Area,
    /// Where its close cross leads back to; `None` without one (CHW-06).
    pub return_to: Option<String>,
    /// Does it close by itself when the user goes elsewhere? (CHW-07)
    pub closes_on_leaving: bool,
    /// Can chats be searched in it? (CHW-14)
    pub search: bool,
    /// Are group chats shown in it? (CHW-19, CHW-20)
    pub groups: bool,
}

/// Which part of the screen the window takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// All of it (CHW-05).
    Screen,
    /// Where one communicates in a deal (CHW-08).
    Deal,
    /// Where one communicates with a contact (CHW-09).
    Contact,
}

impl Place {
    /// How the window lies there, for somebody who sees group chats or does not.
    #[must_use]
    pub fn layout(self, sees_groups: bool) -> Layout {
        let (area, return_to) = match self {
            Self::LeftMenu => (Area::Screen, None),
            Self::Deal(id) => (Area::Deal, Some(id.to_string())),
            Self::Contact(id) => (Area::Contact, Some(id.to_string())),
        };
        let everything = self == Self::LeftMenu;
        Layout {
            area,
            return_to,
            closes_on_leaving: true,
            search: everything,
            groups: everything && sees_groups,
        }
    }
}

/// Whose entry of the window's list a conversation belongs to: a contact's, or that of a client without one, or of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whose {
    /// A contact's.
    Contact(ContactId),
    /// The chat's own.
    Chat(ChatId),
}

impl Whose {
    /// Whose a conversation of a chat with these cards is.
    #[must_use]
    pub fn of(chat: ChatId, cards: &Cards) -> Self {
        match cards.contact.as_ref().filter(|_| !cards.group) {
            Some(contact) => Self::Contact(contact.id.into()),
            None => Self::Chat(chat),
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_left_menu_fills_the_screen_and_searches() {
        let menu = Place::LeftMenu.layout(true);
        assert_eq!((menu.area, menu.return_to), (Area::Screen, None));
        assert!(menu.search && menu.groups && menu.closes_on_leaving);
        assert!(!Place::LeftMenu.layout(false).groups);
        let (deal, contact) = (DealId::generate(), ContactId::generate());
        for (place, area, id) in [
            (Place::Deal(deal), Area::Deal, deal.to_string()),
            (Place::Contact(contact), Area::Contact, contact.to_string()),
        ] {
            let layout = place.layout(true);
            assert_eq!((layout.area, layout.return_to), (area, Some(id)));
            assert!(!layout.search && !layout.groups && layout.closes_on_leaving);
        }
    }
}
