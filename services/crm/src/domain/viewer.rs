//! Who asks, and what they may do with a card.

use std::sync::Arc;

use access::{
    AccountRights, Action, Card as DealFacts, CardFacts, Decision, Entity, Relation, Rights,
    UnknownUser,
};
use types::{GroupId, StageId, UserId};

use super::card::Card;
use super::ids::{CardId, Kind};
use super::timeline::Author;

/// Somebody with their rights.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// As the timeline names them.
    pub author: Author,
    /// Their effective rights.
    pub rights: Arc<Rights>,
    /// Who works in the account; `None` while identity has not told yet.
    pub account: Option<Arc<AccountRights>>,
}

impl Viewer {
    /// Somebody of the same account; `None` for whoever is switched off: they may nothing.
    ///
    /// # Errors
    /// When the account has no such employee.
    pub fn member(&self, user: UserId) -> Result<Option<Self>, UnknownUser> {
        if self.user() == Some(user) {
            return Ok(Some(self.clone()));
        }
        let account = self.account.as_ref().ok_or(UnknownUser(user))?;
        Ok(account.member(user)?.map(|rights| Self {
            author: Author::default(),
            rights: Arc::new(rights),
            account: Some(Arc::clone(account)),
        }))
    }

    /// May they do this to a card, or to one field of it, and which rule says so? Agrees with [`Viewer::may`]; no field is the
    /// empty text.
    #[must_use]
    pub fn decide(&self, action: Action, card: &Card, field: &str) -> Decision {
        let (entity, facts) = (card.id.kind().entity(), self.facts(card));
        if field.is_empty() {
            self.rights.decide(entity, action, &facts)
        } else {
            self.rights.decide_field(entity, action, &facts, field)
        }
    }

    /// The employee; `None` for a program.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.rights.user()
    }

    /// The department of an employee.
    #[must_use]
    pub fn group_of(&self, user: UserId) -> Option<GroupId> {
        self.account.as_ref()?.group_of(user)
    }

    /// What they are to whom is responsible.
    #[must_use]
    pub fn relation(&self, responsible: UserId) -> Relation {
        self.rights
            .relation(Some(responsible), self.group_of(responsible))
    }

    /// May they do this to what somebody is responsible for? `stage` counts for deals only.
    #[must_use]
    pub fn may_do(
        &self,
        entity: Entity,
        action: Action,
        responsible: UserId,
        stage: Option<StageId>,
    ) -> bool {
        self.rights
            .may(entity, action, self.relation(responsible), stage)
    }

    /// May they do this to a card? A deal or customer is also seen by a subscription, where the matrix says so (IDN-21).
    #[must_use]
    pub fn may(&self, action: Action, card: &Card) -> bool {
        match (action, card.id.kind()) {
            (Action::View, Kind::Deal | Kind::Customer) => {
                self.rights.shows_deal(&self.facts(card))
            }
            _ => self.may_do(
                card.id.kind().entity(),
                action,
                card.responsible,
                card.stage(),
            ),
        }
    }

    /// May they read the messages of a conversation with this contact, which is conducted in `card`? A contact itself stands for a
    /// conversation that is conducted in no deal or customer.
    #[must_use]
    pub fn reads_messages(&self, contact: Option<&Card>, card: &Card) -> bool {
        let owner = contact.map(|contact| contact.responsible);
        let is_deal = matches!(card.id.kind(), Kind::Deal | Kind::Customer);
        let facts = CardFacts {
            contact_owner: owner,
            contact_owner_group: owner.and_then(|owner| self.group_of(owner)),
            card: is_deal.then(|| self.facts(card)),
        };
        self.rights.sees(&facts).shows_messages()
    }

    fn facts(&self, card: &Card) -> DealFacts {
        let subscribed = self
            .user()
            .is_some_and(|user| card.followers.contains(&user));
        DealFacts {
            owner: Some(card.responsible),
            owner_group: self.group_of(card.responsible),
            stage: card.stage(),
            subscribed,
        }
    }

    /// The fields of a kind of card that they may not see.
    #[must_use]
    pub fn hidden_fields(&self, kind: Kind) -> Vec<String> {
        let entity = kind.entity();
        self.rights
            .fields()
            .filter(|(of, _, right, _)| *of == entity && !right.is_readable())
            .map(|(_, key, _, _)| key.to_owned())
            .collect()
    }

    /// May they see a field of a kind of card?
    #[must_use]
    pub fn reads_field(&self, kind: Kind, field: &str) -> bool {
        self.rights.field(kind.entity(), field).is_readable()
    }

    /// May they change a field of a card that they may change?
    #[must_use]
    pub fn writes_field(&self, id: CardId, field: &str) -> bool {
        self.rights.field(id.kind().entity(), field).is_writable()
    }
}
