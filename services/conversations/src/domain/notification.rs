//! What is new for employees, beside the list of conversations (CNV-02).

use time::OffsetDateTime;
use types::{ConversationId, MessageId, UserId};

use super::card::Cards;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A client began a conversation, or opened one again.
    NewConversation,
    /// A client wrote in an open one.
    ClientMessage,
    /// Somebody else became responsible.
    Assigned,
    /// A client rated.
    Rated,
}

/// An entry of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub position: i64,
    /// What happened.
    pub kind: Kind,
    /// In which conversation.
    pub conversation: ConversationId,
    /// The client's message and its place in the chat.
    pub message: Option<(MessageId, i64)>,
    /// When.
    pub time: OffsetDateTime,
    /// It is everybody's, as long as nobody is responsible.
    pub for_everybody: bool,
}

impl Entry {
    /// Is it still of interest for who may see the conversation with these cards?
    #[must_use]
    pub fn holds(&self, cards: &Cards) -> bool {
        !self.for_everybody || cards.responsible().is_none()
    }
}

/// May what happens in a conversation with these cards be in the feed of `user`? Who worked in it is not asked: this can only say no.
#[must_use]
pub fn may_concern(cards: &Cards, user: Option<UserId>) -> bool {
    let Some(responsible) = cards.responsible() else {
        return true;
    };
    let follows = |user: &UserId| {
        cards
            .card
            .as_ref()
            .is_some_and(|card| card.followers.contains(user))
    };
    user.is_some_and(|user| user == responsible || follows(&user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::card::{Card, Kind as CardKind};

    fn cards(responsible: Option<UserId>, followers: &[UserId]) -> Cards {
        Cards {
            contact: None,
            card: Some(Card {
                id: uuid::Uuid::nil(),
                kind: CardKind::Deal,
                name: String::new(),
                responsible,
                pipeline: None,
                stage: None,
                tags: Vec::new(),
                followers: followers.to_vec(),
                contacts: Vec::new(),
            }),
            group: false,
        }
    }

    #[test]
    fn what_somebody_is_responsible_for_concerns_them_and_subscribers() {
        let [owner, follower, other] = [(); 3].map(|()| UserId::generate());
        let owned = cards(Some(owner), &[follower]);
        for (user, concerned) in [(owner, true), (follower, true), (other, false)] {
            assert_eq!(may_concern(&owned, Some(user)), concerned);
            assert!(may_concern(&cards(None, &[]), Some(user)));
        }
        assert!(!may_concern(&owned, None), "a program");
    }

    #[test]
    fn what_is_everybodys_is_nobodys_once_somebody_is_responsible() {
        let entry = Entry {
            position: 1,
            kind: Kind::NewConversation,
            conversation: ConversationId::generate(),
            message: None,
            time: OffsetDateTime::UNIX_EPOCH,
            for_everybody: true,
        };
        let owned = cards(Some(UserId::generate()), &[]);
        assert!(entry.holds(&cards(None, &[])));
        assert!(!entry.holds(&owned));
        let own = Entry {
            for_everybody: false,
            ..entry
        };
        assert!(own.holds(&owned));
    }
}
