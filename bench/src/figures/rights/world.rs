//! Random rights and conversations, the same in every run.

use access::{
    Action, Card, CardFacts, Entity, Level, Options, RuleSet, Rules, StageRight, Subject,
};
use types::{GroupId, Role, StageId, UserId};
use uuid::Uuid;

use crate::dice::Dice;

const GROUPS: u64 = 8;
const STAGES: u64 = 40;
/// How many stages have a rule for a user.
const RULES: u64 = 12;

/// A user's rights, in words and compiled.
pub struct User {
    pub id: UserId,
    pub group: GroupId,
    pub contacts: Level,
    pub deals: Level,
    pub stages: Vec<(StageId, StageRight)>,
    rights: access::Rights,
}

/// Who asks, and for what.
pub struct World {
    pub users: Vec<User>,
    pub cards: Vec<CardFacts>,
}

impl World {
    pub fn random(users: usize, cards: usize) -> Self {
        let mut dice = Dice::new(0x5EED);
        let users: Vec<User> = (0..users).map(|_| user(&mut dice)).collect();
        let mut cards: Vec<CardFacts> = (0..cards).map(|_| facts(&mut dice, &users)).collect();
        for card in &mut cards {
            if let Some(card) = &mut card.card {
                card.subscribed = dice.roll(4) == 0;
            }
        }
        Self { users, cards }
    }

    /// Which question comes when: in no order that a processor could learn.
    pub fn question(&self, number: usize) -> (usize, usize) {
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let (user, card) = (mixed % self.users.len(), mixed / self.users.len());
        (user, card % self.cards.len())
    }

    /// Our answer.
    pub fn may_read(&self, user: usize, card: usize) -> bool {
        let rights = &self.users[user].rights;
        rights.sees(&self.cards[card]).shows_messages()
    }
}

fn user(dice: &mut Dice) -> User {
    let (id, group) = (UserId::from(dice.uuid()), group(dice));
    let level = |dice: &mut Dice| match dice.roll(8) {
        0 => Level::Forbidden,
        1 | 2 => Level::Own,
        3 | 4 => Level::Group,
        _ => Level::Allowed,
    };
    let (contacts, deals) = (level(dice), level(dice));
    let mut rules = Rules::default();
    rules
        .cells
        .set(Entity::Contacts, Action::View, Some(contacts));
    rules.cells.set(Entity::Deals, Action::View, Some(deals));
    for _ in 0..RULES {
        let right = match dice.roll(2) {
            0 => StageRight::Allowed,
            _ => StageRight::Forbidden,
        };
        rules.stages.insert((stage(dice), Action::View), right);
    }
    let stages = rules.stages.iter();
    let stages = stages.map(|((stage, _), right)| (*stage, *right)).collect();
    let set = RuleSet {
        subjects: [(Subject::User(id), rules)].into(),
        options: Options::default(),
    };
    let rights = set.compile(id, Some(group), Role::Manager);
    User {
        id,
        group,
        contacts,
        deals,
        stages,
        rights,
    }
}

fn facts(dice: &mut Dice, users: &[User]) -> CardFacts {
    let responsible = |dice: &mut Dice| match dice.roll(users.len() as u64 + 1) {
        0 => (None, None),
        number => {
            let user = &users[number as usize - 1];
            (Some(user.id), Some(user.group))
        }
    };
    let (contact_owner, contact_owner_group) = responsible(dice);
    let card = (dice.roll(10) > 0).then(|| {
        let (owner, owner_group) = responsible(dice);
        Card {
            owner,
            owner_group,
            stage: Some(stage(dice)),
            subscribed: false,
        }
    });
    CardFacts {
        contact_owner,
        contact_owner_group,
        card,
    }
}

fn group(dice: &mut Dice) -> GroupId {
    GroupId::from(numbered(dice.roll(GROUPS)))
}

fn stage(dice: &mut Dice) -> StageId {
    StageId::from(numbered(dice.roll(STAGES)))
}

/// One of few ids, with the bits of a random one.
fn numbered(number: u64) -> Uuid {
    Dice::new(number).uuid()
}
