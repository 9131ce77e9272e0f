//! Cards, as far as they decide who sees a conversation (decision table 2.1 of the requirements).

use std::borrow::Cow;
use std::sync::Arc;

use access::{
    AccountRights, Action, CardFacts, ContactCondition, Entity, Explanation, Rights, Source,
    UnknownUser, Visibility,
};
use types::{ContactId, CustomerId, DealId, GroupId, PipelineId, StageId, TagId, UserId};
use uuid::Uuid;

/// Kind of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A contact.
    Contact,
    /// A company.
    Company,
    /// A deal.
    Deal,
    /// A customer.
    Customer,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The employee who is responsible.
    pub responsible: Option<UserId>,
    /// Pipeline of a deal.
    pub pipeline: Option<PipelineId>,
    /// Stage of a deal.
    pub stage: Option<StageId>,
    /// Its tags; one that was deleted since may still be among them.
    pub tags: Vec<TagId>,
    /// Employees who are subscribed.
    pub followers: Vec<UserId>,
    /// Contacts of a deal or customer, the main one first.
    pub contacts: Vec<ContactId>,
}

impl Card {
    /// Its id as text.
    #[must_use]
    pub fn id_text(&self) -> String {
        match self.kind {
            Kind::Contact | Kind::Company => ContactId::from(self.id).to_string(),
            Kind::Deal => DealId::from(self.id).to_string(),
            Kind::Customer => CustomerId::from(self.id).to_string(),
        }
    }
}

/// The cards of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cards {
    /// The client's contact.
    pub contact: Option<Card>,
    /// The deal or customer that the conversation is conducted in.
    pub card: Option<Card>,
    /// The chat is a group.
    pub group: bool,
}

impl Cards {
    /// Who is responsible: for the deal or customer, else for the contact.
    #[must_use]
    pub fn responsible(&self) -> Option<UserId> {
        let cards = [&self.card, &self.contact];
        cards
            .into_iter()
            .flatten()
            .find_map(|card| card.responsible)
    }
}

/// How much of a conversation somebody sees, and what its row is called for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// How much.
    pub visibility: Visibility,
    /// Name of the card that the row shows; `None` where there is none, and where it may not be read.
    pub title: Option<String>,
    /// The contact's id.
    pub contact_id: Option<ContactId>,
    /// The deal's or customer's id, where it is shown.
    pub card_id: Option<String>,
}

impl Sight {
    /// Everything, for events: who reads them decides anew.
    #[must_use]
    pub fn whole() -> Self {
        Self {
            visibility: Visibility::DealAndChat,
            title: None,
            contact_id: None,
            card_id: None,
        }
    }
}

/// Whose contacts' conversations somebody sees: the branches of the rights matrix as a list can read them, each by its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    /// Everybody's, and those without a contact.
    All,
    /// Those of these employees, who are all different.
    Only(Vec<UserId>),
}

impl Owners {
    /// Of nobody?
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        matches!(self, Self::Only(users) if users.is_empty())
    }
}

/// Who looks at conversations, with the rights that hold now.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Their effective rights.
    pub rights: Arc<Rights>,
    /// Who works in the account; `None` while identity has not told yet.
    pub account: Option<Arc<AccountRights>>,
}

impl Viewer {
    /// Somebody of the same account; `None` for whoever is switched off: they see nothing.
    ///
    /// # Errors
    /// When the account has no such employee.
    pub fn member(&self, user: UserId) -> Result<Option<Self>, UnknownUser> {
        if self.rights.user() == Some(user) {
            return Ok(Some(self.clone()));
        }
        let account = self.account.as_ref().ok_or(UnknownUser(user))?;
        Ok(account.member(user)?.map(|rights| Self {
            rights: Arc::new(rights),
            account: Some(Arc::clone(account)),
        }))
    }

    /// The department of an employee of the account.
    #[must_use]
    pub fn group_of(&self, user: UserId) -> Option<GroupId> {
        self.account.as_ref()?.group_of(user)
    }

    /// How much they see of a conversation with these cards. A group chat is an administrator's alone, whatever its cards.
    #[must_use]
    pub fn sees(&self, cards: &Cards) -> Visibility {
        match self.is_hidden_group(cards) {
            true => Visibility::Hidden,
            false => self.rights.sees(&self.facts(cards)),
        }
    }

    /// The same with the rule that decides.
    #[must_use]
    pub fn explain(&self, cards: &Cards) -> Explanation {
        if self.is_hidden_group(cards) {
            return Explanation {
                visibility: Visibility::Hidden,
                rule: "CHW-19",
                assumption: Some("A-42"),
                source: Source::Role,
            };
        }
        self.rights.explain(&self.facts(cards))
    }

    fn is_hidden_group(&self, cards: &Cards) -> bool {
        cards.group && !self.sees_groups()
    }

    /// What they see of a conversation with these cards.
    #[must_use]
    pub fn sight(&self, cards: &Cards) -> Sight {
        let visibility = self.sees(cards);
        let shown = match visibility {
            Visibility::DealAndChat => cards.card.as_ref(),
            Visibility::Hidden | Visibility::ContactOnly | Visibility::ContactAndChat => None,
        };
        let titled = shown.or(cards.contact.as_ref());
        Sight {
            visibility,
            title: titled
                .filter(|card| !card.name.is_empty() && self.reads_name(card.kind))
                .map(|card| card.name.clone()),
            contact_id: cards
                .contact
                .as_ref()
                .map(|contact| ContactId::from(contact.id)),
            card_id: shown.map(Card::id_text),
        }
    }

    /// May they read the names of such cards? (IDN-13)
    #[must_use]
    pub fn reads_name(&self, kind: Kind) -> bool {
        self.reads(kind, "name")
    }

    /// May they read who is responsible for contacts? (IDN-13)
    #[must_use]
    pub fn reads_owners(&self) -> bool {
        self.reads(Kind::Contact, "responsible_user_id")
    }

    fn reads(&self, kind: Kind, field: &str) -> bool {
        let entity = match kind {
            Kind::Contact => Entity::Contacts,
            Kind::Company => Entity::Companies,
            Kind::Deal | Kind::Customer => Entity::Deals,
        };
        self.rights.field(entity, field).is_readable()
    }

    /// A card without what they may not read of it (IDN-13).
    #[must_use]
    pub fn readable<'c>(&self, card: &'c Card) -> Cow<'c, Card> {
        let mut readable = Cow::Borrowed(card);
        if self.rights.is_everything() {
            return readable;
        }
        if !self.reads(card.kind, "responsible_user_id") {
            readable.to_mut().responsible = None;
        }
        if !self.reads(card.kind, "pipeline_id") {
            readable.to_mut().pipeline = None;
        }
        if !self.reads(card.kind, "stage_id") {
            readable.to_mut().stage = None;
        }
        if !self.reads(card.kind, "tag_ids") {
            readable.to_mut().tags.clear();
        }
        if !self.reads(card.kind, "contact_ids") {
            readable.to_mut().contacts.clear();
        }
        if !self.reads_name(card.kind) {
            readable.to_mut().name.clear();
        }
        readable
    }

    /// Do they see group chats? (CHW-19)
    #[must_use]
    pub fn sees_groups(&self) -> bool {
        self.rights.is_everything()
    }

    /// May they do this to a card? A deal or customer is also seen by a subscription, where the matrix says so (IDN-21).
    #[must_use]
    pub fn may(&self, action: Action, card: &Card) -> bool {
        let group = card.responsible.and_then(|user| self.group_of(user));
        let relation = self.rights.relation(card.responsible, group);
        match card.kind {
            Kind::Contact => self.rights.may(Entity::Contacts, action, relation, None),
            Kind::Company => self.rights.may(Entity::Companies, action, relation, None),
            Kind::Deal | Kind::Customer if action == Action::View => {
                self.rights.shows_deal(&self.deal(card))
            }
            Kind::Deal | Kind::Customer => {
                self.rights.may(Entity::Deals, action, relation, card.stage)
            }
        }
    }

    fn deal(&self, card: &Card) -> access::Card {
        access::Card {
            owner: card.responsible,
            owner_group: card.responsible.and_then(|user| self.group_of(user)),
            stage: card.stage,
            subscribed: self
                .rights
                .user()
                .is_some_and(|user| card.followers.contains(&user)),
        }
    }

    /// Whose contacts' conversations they see.
    #[must_use]
    pub fn owners(&self) -> Owners {
        let mut owners = Vec::new();
        for branch in self.rights.list_branches() {
            match branch.contact {
                ContactCondition::All => return Owners::All,
                ContactCondition::OwnedBy(user) => owners.push(user),
                ContactCondition::OwnedByGroup { group, except } => {
                    owners.extend(self.members(group).filter(|user| *user != except));
                }
            }
        }
        Owners::Only(owners)
    }

    fn members(&self, group: GroupId) -> impl Iterator<Item = UserId> + '_ {
        let members = self.account.iter().flat_map(|account| &account.members);
        members
            .filter(move |(_, member)| member.group == Some(group))
            .map(|(user, _)| *user)
    }

    /// The cards as the rights matrix asks for them.
    #[must_use]
    fn facts(&self, cards: &Cards) -> CardFacts {
        let contact_owner = cards.contact.as_ref().and_then(|card| card.responsible);
        CardFacts {
            contact_owner,
            contact_owner_group: contact_owner.and_then(|user| self.group_of(user)),
            card: cards.card.as_ref().map(|card| self.deal(card)),
        }
    }
}
