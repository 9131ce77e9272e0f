//! One user's rights, in tables that answer in nanoseconds.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use types::{GroupId, StageId, UserId};

use crate::{Action, Cells, Entity, FieldRight, Level, Options, Relation, Source, StageRight};

/// The effective rights of a user, or of a program that acts for a whole account.
#[derive(Debug, Clone)]
pub struct Rights {
    pub(crate) user: Option<UserId>,
    pub(crate) group: Option<GroupId>,
    pub(crate) everything: bool,
    pub(crate) options: Options,
    pub(crate) levels: Cells<(Level, Source)>,
    pub(crate) stages: StageTable,
    pub(crate) fields: FieldTable,
    pub(crate) flags: Flags,
}

/// Access to mail and lists.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    pub(crate) mail: (bool, Source),
    pub(crate) lists: (bool, Source),
}

impl Rights {
    /// The rights of a program that acts for the whole account: those of an administrator, without a person (IDN-33).
    #[must_use]
    pub fn everything() -> Self {
        Self {
            user: None,
            group: None,
            everything: true,
            options: Options::default(),
            levels: Cells::all((Level::Allowed, Source::Administrator)),
            stages: StageTable::default(),
            fields: FieldTable::default(),
            flags: Flags {
                mail: (true, Source::Administrator),
                lists: (true, Source::Administrator),
            },
        }
    }

    pub(crate) fn everything_as(user: UserId, group: Option<GroupId>) -> Self {
        Self {
            user: Some(user),
            group,
            ..Self::everything()
        }
    }

    pub(crate) fn nothing(user: UserId, group: Option<GroupId>, options: Options) -> Self {
        Self {
            user: Some(user),
            group,
            everything: false,
            options,
            levels: Cells::all((Level::Forbidden, Source::Default)),
            stages: StageTable::default(),
            fields: FieldTable::default(),
            flags: Flags::default(),
        }
    }

    /// Are these the rights of an administrator, or of a program for the whole account? They see what no rule is about, such as
    /// group chats (IDN-33, A-42).
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whose rights; `None` for a program.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    /// The user's group.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        self.group
    }

    /// How far an action on an entity goes, stages aside.
    #[must_use]
    pub fn level(&self, entity: Entity, action: Action) -> Level {
        self.levels.get(entity, action).0
    }

    /// The same with its origin.
    #[must_use]
    pub fn level_from(&self, entity: Entity, action: Action) -> (Level, Source) {
        self.levels.get(entity, action)
    }

    /// The special right on a stage.
    #[must_use]
    pub fn stage(&self, stage: StageId, action: Action) -> StageRight {
        self.stage_from(Some(stage), action).0
    }

    /// The same with its origin; without a stage nothing is set.
    #[inline]
    pub(crate) fn stage_from(
        &self,
        stage: Option<StageId>,
        action: Action,
    ) -> (StageRight, Source) {
        match stage.and_then(|stage| self.stages.get(stage)) {
            Some(rights) => rights.get(action),
            None => (StageRight::NotSet, Source::Default),
        }
    }

    /// How far an action on deals goes on a stage: its special right replaces the right on deals (IDN-29…IDN-31).
    #[must_use]
    pub fn deal_level(&self, stage: Option<StageId>, action: Action) -> Level {
        self.deal_level_from(stage, action).0
    }

    /// The same with its origin.
    #[must_use]
    pub fn deal_level_from(&self, stage: Option<StageId>, action: Action) -> (Level, Source) {
        match self.stage_from(stage, action) {
            (StageRight::Allowed, source) => (Level::Allowed, source),
            (StageRight::Forbidden, source) => (Level::Forbidden, source),
            (StageRight::NotSet, _) => self.level_from(Entity::Deals, action),
        }
    }

    /// May the user do this to a card with this relation to its responsible user? `stage` counts for deals only. For whether a
    /// deal is shown to somebody who may have subscribed to it, ask [`Rights::shows_deal`].
    #[must_use]
    pub fn may(
        &self,
        entity: Entity,
        action: Action,
        relation: Relation,
        stage: Option<StageId>,
    ) -> bool {
        let level = match entity {
            Entity::Deals => self.deal_level(stage, action),
            Entity::Contacts | Entity::Companies | Entity::Tasks | Entity::Unsorted => {
                self.level(entity, action)
            }
        };
        level.reaches(relation)
    }

    /// The right on one field of an entity's cards, by the name of a standard field or the id of a custom one. Where nothing is
    /// set the right on the card applies: [`FieldRight::Allowed`].
    #[must_use]
    pub fn field(&self, entity: Entity, key: &str) -> FieldRight {
        self.field_from(entity, key).0
    }

    /// The same with its origin.
    #[must_use]
    pub fn field_from(&self, entity: Entity, key: &str) -> (FieldRight, Source) {
        let known = self.fields.get(entity, key);
        known.unwrap_or((FieldRight::Allowed, Source::Default))
    }

    /// Access to corporate mail (IDN-06), and its origin.
    #[must_use]
    pub fn mail(&self) -> (bool, Source) {
        self.flags.mail
    }

    /// Access to custom lists (IDN-06), and its origin.
    #[must_use]
    pub fn lists(&self) -> (bool, Source) {
        self.flags.lists
    }

    /// The special rights on stages, in no order.
    pub fn stages(&self) -> impl Iterator<Item = (StageId, StageRights)> + '_ {
        self.stages.iter()
    }

    /// The rights on fields, in the order of their keys.
    pub fn fields(&self) -> impl Iterator<Item = (Entity, &str, FieldRight, Source)> + '_ {
        self.fields.iter()
    }

    /// What the user is to the responsible user of a card. `group` is that user's.
    #[must_use]
    #[inline]
    pub fn relation(&self, owner: Option<UserId>, group: Option<GroupId>) -> Relation {
        match owner {
            None => Relation::Other,
            Some(_) if owner == self.user => Relation::Own,
            Some(_) if group.is_some() && group == self.group => Relation::Group,
            Some(_) => Relation::Other,
        }
    }
}

/// The special rights on one stage, by action, with their origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageRights([(StageRight, Source); 5]);

impl StageRights {
    /// The right for one action, and its origin.
    #[must_use]
    pub fn get(&self, action: Action) -> (StageRight, Source) {
        self.0[action as usize]
    }

    pub(crate) fn set(&mut self, action: Action, right: StageRight, source: Source) {
        self.0[action as usize] = (right, source);
    }
}

/// Stages with special rights. Looked up for every card of a list: so it hashes an id by its own random bits.
#[derive(Debug, Clone, Default)]
pub(crate) struct StageTable(HashMap<StageKey, StageRights, BuildHasherDefault<IdHasher>>);

impl StageTable {
    pub(crate) fn new(stages: &BTreeMap<StageId, StageRights>) -> Self {
        let rows = stages.iter();
        Self(
            rows.map(|(stage, rights)| (StageKey(*stage), *rights))
                .collect(),
        )
    }

    #[inline]
    fn get(&self, stage: StageId) -> Option<&StageRights> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&StageKey(stage))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (StageId, StageRights)> + '_ {
        self.0.iter().map(|(key, rights)| (key.0, *rights))
    }
}

/// A stage as a key: hashed as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StageKey(StageId);

impl Hash for StageKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.0.uuid().as_u128());
    }
}

/// Hashes ids, whose bits are random: a multiplication spreads them. Who could choose ids to collide administers the account
/// and can set a few hundred.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u128(u128::from(*byte));
        }
    }

    fn write_u128(&mut self, id: u128) {
        #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
        let folded = (id >> 64) as u64 ^ id as u64;
        self.0 = (self.0.rotate_left(5) ^ folded).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// Fields with rights, by entity and key.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldTable([BTreeMap<String, (FieldRight, Source)>; 5]);

impl FieldTable {
    pub(crate) fn set(&mut self, entity: Entity, key: String, right: FieldRight, source: Source) {
        self.0[entity as usize].insert(key, (right, source));
    }

    fn get(&self, entity: Entity, key: &str) -> Option<(FieldRight, Source)> {
        self.0[entity as usize].get(key).copied()
    }

    fn iter(&self) -> impl Iterator<Item = (Entity, &str, FieldRight, Source)> + '_ {
        Entity::ALL.into_iter().flat_map(|entity| {
            let fields = self.0[entity as usize].iter();
            fields.map(move |(key, (right, source))| (entity, key.as_str(), *right, *source))
        })
    }
}
