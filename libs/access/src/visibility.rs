//! Who sees a conversation, and how: the decision table.

use types::{GroupId, StageId, UserId};

use crate::{Action, Entity, Level, Relation, Rights, Source, StageRight};

/// How much of a conversation somebody sees, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Visibility {
    /// Nothing: it does not exist for them.
    Hidden,
    /// The contact's name without the chat.
    ContactOnly,
    /// The contact's name and the chat.
    ContactAndChat,
    /// The deal's name and the chat.
    DealAndChat,
}

impl Visibility {
    /// May messages be read and written?
    #[must_use]
    pub fn shows_messages(self) -> bool {
        self >= Self::ContactAndChat
    }
}

/// What the decision needs to know of a conversation. Nobody responsible for the contact, or no contact yet, is a stranger's
/// contact: only who sees all contacts sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CardFacts {
    /// Who is responsible for the contact.
    pub contact_owner: Option<UserId>,
    /// The group of that user.
    pub contact_owner_group: Option<GroupId>,
    /// The deal or customer the conversation is conducted in.
    pub card: Option<Card>,
}

/// A deal or customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Card {
    /// Who is responsible for it.
    pub owner: Option<UserId>,
    /// The group of that user.
    pub owner_group: Option<GroupId>,
    /// Its stage; customers may have none.
    pub stage: Option<StageId>,
    /// Is the viewer subscribed to it?
    pub subscribed: bool,
}

/// What is seen, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// What is seen.
    pub visibility: Visibility,
    /// The requirement that decides, for example "IDN-24". [`crate::rule_text`] says it in words.
    pub rule: &'static str,
    /// The assumptions that it needed, for example "A-04 A-03".
    pub assumption: Option<&'static str>,
    /// Where the right that decides was set.
    pub source: Source,
}

impl Explanation {
    const fn new(
        visibility: Visibility,
        rule: &'static str,
        assumption: Option<&'static str>,
        source: Source,
    ) -> Self {
        Self {
            visibility,
            rule,
            assumption,
            source,
        }
    }
}

impl Rights {
    /// How much of a conversation the user sees.
    #[must_use]
    #[inline]
    pub fn sees(&self, facts: &CardFacts) -> Visibility {
        self.explain(facts).visibility
    }

    /// May the card itself be opened (IDN-36)? It may exactly where conversations of it carry its name.
    #[must_use]
    pub fn shows_deal(&self, card: &Card) -> bool {
        let visibility = if self.everything {
            Visibility::DealAndChat
        } else {
            self.appearance(card, true).visibility
        };
        visibility == Visibility::DealAndChat
    }

    /// May a contact with this responsible user be seen (IDN-37)? The conversations of any other are hidden (IDN-35).
    #[must_use]
    #[inline]
    pub fn shows_contact(&self, owner: Option<UserId>, owner_group: Option<GroupId>) -> bool {
        let level = self.level(Entity::Contacts, Action::View);
        level.reaches(self.relation(owner, owner_group))
    }

    /// How much of a conversation the user sees, and which rule says so.
    #[must_use]
    #[inline]
    pub fn explain(&self, facts: &CardFacts) -> Explanation {
        if self.everything {
            return of_an_administrator(facts);
        }
        let (level, source) = self.level_from(Entity::Contacts, Action::View);
        let relation = self.relation(facts.contact_owner, facts.contact_owner_group);
        if !level.reaches(relation) {
            return self.behind_the_contact(facts, level, relation, source);
        }
        let all_contacts = level == Level::Allowed;
        match &facts.card {
            Some(card) => self.appearance(card, all_contacts),
            None => self.without_a_card(all_contacts, source),
        }
    }

    /// The first gate is closed.
    #[inline]
    fn behind_the_contact(
        &self,
        facts: &CardFacts,
        level: Level,
        relation: Relation,
        source: Source,
    ) -> Explanation {
        let stage = facts.card.and_then(|card| card.stage);
        let (rule, assumption) = match (level, relation) {
            (Level::Forbidden, _) => {
                let (right, _) = self.stage_from(stage, Action::View);
                let tempted = right == StageRight::Allowed;
                ("IDN-27", tempted.then_some("A-02"))
            }
            (_, Relation::Group) => ("IDN-22", Some("A-01")),
            (_, _) => ("IDN-22", None),
        };
        Explanation::new(Visibility::Hidden, rule, assumption, source)
    }

    /// Past the first gate, without a deal or customer.
    #[inline]
    fn without_a_card(&self, all_contacts: bool, contacts: Source) -> Explanation {
        let (deals, source) = self.level_from(Entity::Deals, Action::View);
        let assumption = Some("A-05");
        if deals == Level::Forbidden {
            let rule = pick(all_contacts, "IDN-20", "IDN-26");
            return Explanation::new(Visibility::ContactOnly, rule, assumption, source);
        }
        let rule = pick(all_contacts, "IDN-14", "IDN-22");
        Explanation::new(Visibility::ContactAndChat, rule, assumption, contacts)
    }

    /// Past the first gate: the stage replaces the right on deals, and the right says how the row looks.
    #[inline]
    fn appearance(&self, card: &Card, all_contacts: bool) -> Explanation {
        use Visibility::{ContactAndChat, ContactOnly, DealAndChat};
        match self.stage_from(card.stage, Action::View) {
            (StageRight::Allowed, source) => {
                let assumption = pick(all_contacts, None, Some("A-02"));
                return Explanation::new(DealAndChat, "IDN-29", assumption, source);
            }
            (StageRight::Forbidden, source) => {
                return self.forbidden_stage(card, all_contacts, source);
            }
            (StageRight::NotSet, _) => {}
        }
        let (level, source) = self.level_from(Entity::Deals, Action::View);
        let reached = level.reaches(self.relation(card.owner, card.owner_group));
        let (visibility, full, limited) = match level {
            Level::Allowed => (DealAndChat, "IDN-15", "IDN-23"),
            Level::Own if reached => (DealAndChat, "IDN-16", "IDN-24"),
            Level::Own => (ContactAndChat, "IDN-17", "IDN-24"),
            Level::Group if reached => (DealAndChat, "IDN-18", "IDN-25"),
            Level::Group => (ContactAndChat, "IDN-19", "IDN-25"),
            Level::Forbidden if card.subscribed => (DealAndChat, "IDN-21", "IDN-26"),
            Level::Forbidden => (ContactOnly, "IDN-20", "IDN-26"),
        };
        Explanation::new(visibility, pick(all_contacts, full, limited), None, source)
    }

    #[inline]
    fn forbidden_stage(&self, card: &Card, all_contacts: bool, source: Source) -> Explanation {
        let (visibility, rule, assumption) = match card.subscribed {
            true if self.options.subscription_beats_forbidden_stage => {
                let rule = pick(all_contacts, "IDN-21", "IDN-26");
                (Visibility::DealAndChat, rule, "A-03")
            }
            true => (Visibility::ContactOnly, "IDN-31", "A-04 A-03"),
            false => (Visibility::ContactOnly, "IDN-31", "A-04"),
        };
        Explanation::new(visibility, rule, Some(assumption), source)
    }
}

fn of_an_administrator(facts: &CardFacts) -> Explanation {
    let (visibility, assumption) = match facts.card {
        Some(_) => (Visibility::DealAndChat, None),
        None => (Visibility::ContactAndChat, Some("A-05")),
    };
    Explanation::new(visibility, "IDN-33", assumption, Source::Administrator)
}

/// The rule where all contacts are seen, or where only some are.
fn pick<T>(all_contacts: bool, full: T, limited: T) -> T {
    if all_contacts { full } else { limited }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_only_where_the_chat_is_shown() {
        let readable = [
            Visibility::Hidden,
            Visibility::ContactOnly,
            Visibility::ContactAndChat,
            Visibility::DealAndChat,
        ]
        .map(Visibility::shows_messages);
        assert_eq!(readable, [false, false, true, true]);
    }
}
