//! May something be done to a card, and which rule says so.

use crate::{Action, Card, Entity, FieldRight, Level, Rights, Source, StageRight};

/// May it be done, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// May it?
    pub allowed: bool,
    /// The requirement that decides, for example "IDN-11".
    pub rule: &'static str,
    /// Where the right that decides was set.
    pub source: Source,
}

impl Rights {
    /// May the user do this to a card of an entity? The same answer as [`Rights::may`] and, for viewing deals, as
    /// [`Rights::shows_deal`]. The card's stage and subscription count for deals only.
    #[must_use]
    pub fn decide(&self, entity: Entity, action: Action, card: &Card) -> Decision {
        let (rule, source) = self.rule_of(entity, action, card);
        let relation = self.relation(card.owner, card.owner_group);
        if entity == Entity::Deals && action == Action::View {
            let allowed = self.shows_deal(card);
            // What a red right forbids only a subscription opens.
            let subscribed = allowed && matches!(rule, "IDN-12" | "IDN-31");
            let rule = if subscribed { "IDN-21" } else { rule };
            return Decision {
                allowed,
                rule,
                source,
            };
        }
        Decision {
            allowed: self.may(entity, action, relation, card.stage),
            rule,
            source,
        }
    }

    fn rule_of(&self, entity: Entity, action: Action, card: &Card) -> (&'static str, Source) {
        if self.everything {
            return ("IDN-33", Source::Administrator);
        }
        if entity == Entity::Deals {
            match self.stage_from(card.stage, action) {
                (StageRight::Allowed, source) => return ("IDN-29", source),
                (StageRight::Forbidden, source) => return ("IDN-31", source),
                (StageRight::NotSet, _) => {}
            }
        }
        let (level, source) = self.level_from(entity, action);
        let rule = match level {
            Level::Allowed => "IDN-09",
            Level::Own => "IDN-10",
            Level::Group => "IDN-11",
            Level::Forbidden => "IDN-12",
        };
        (rule, source)
    }

    /// The same for one field of the card (IDN-13): its right narrows what may be done to the card.
    #[must_use]
    pub fn decide_field(&self, entity: Entity, action: Action, card: &Card, key: &str) -> Decision {
        let decision = self.decide(entity, action, card);
        let (right, source) = self.field_from(entity, key);
        if decision.allowed && !permits(right, action) {
            return Decision {
                allowed: false,
                rule: "IDN-13",
                source,
            };
        }
        decision
    }
}

fn permits(right: FieldRight, action: Action) -> bool {
    match action {
        Action::View | Action::Export => right.is_readable(),
        Action::Create | Action::Edit | Action::Delete => right.is_writable(),
    }
}
