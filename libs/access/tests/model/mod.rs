//! The rule as the requirements' tables print it, slowly and plainly. It shares no code with the crate.

use access::{
    Action, CardFacts, Entity, FieldRight, Level, Relation, Rules, Source, StageRight, Subject,
    Visibility,
};
use types::{GroupId, Role, StageId, UserId};

use crate::world::World;

use Visibility::{
    ContactAndChat as CONTACT, ContactOnly as NO_CHAT, DealAndChat as DEAL, Hidden as HIDDEN,
};

/// Is this the viewer, their group or their role?
pub fn is_mine(world: &World, subject: Subject) -> bool {
    match subject {
        Subject::User(user) => user == world.me,
        Subject::Group(group) => Some(group) == world.my_group,
        Subject::Role(role) => role == world.my_role,
    }
}

/// The first thing set, from the user to the role.
fn first<T>(world: &World, pick: impl Fn(&Rules) -> Option<T>) -> Option<(T, Source)> {
    let user = Some((Subject::User(world.me), Source::User));
    let group = world
        .my_group
        .map(|group| (Subject::Group(group), Source::Group));
    let role = Some((Subject::Role(world.my_role), Source::Role));
    [user, group, role]
        .into_iter()
        .flatten()
        .find_map(|(subject, source)| {
            let rules = world.rules.subjects.get(&subject)?;
            Some((pick(rules)?, source))
        })
}

fn administers(world: &World) -> bool {
    world.my_role == Role::Administrator
}

pub fn level(world: &World, entity: Entity, action: Action) -> (Level, Source) {
    if administers(world) {
        return (Level::Allowed, Source::Administrator);
    }
    first(world, |rules| rules.cells.get(entity, action))
        .unwrap_or((Level::Forbidden, Source::Default))
}

pub fn stage(world: &World, stage: StageId, action: Action) -> StageRight {
    if administers(world) {
        return StageRight::NotSet;
    }
    let set = |rules: &Rules| match rules.stages.get(&(stage, action)) {
        Some(StageRight::NotSet) | None => None,
        Some(right) => Some(*right),
    };
    first(world, set).map_or(StageRight::NotSet, |(right, _)| right)
}

pub fn field(world: &World, entity: Entity, key: &str) -> FieldRight {
    if administers(world) {
        return FieldRight::Allowed;
    }
    let set = |rules: &Rules| match rules.fields.get(&(entity, key.to_owned())) {
        Some(FieldRight::NotSet) | None => None,
        Some(right) => Some(*right),
    };
    first(world, set).map_or(FieldRight::Allowed, |(right, _)| right)
}

pub fn flag(world: &World, pick: impl Fn(&Rules) -> Option<bool>) -> bool {
    administers(world) || first(world, pick).is_some_and(|(on, _)| on)
}

pub fn may(
    world: &World,
    entity: Entity,
    action: Action,
    relation: Relation,
    at: Option<StageId>,
) -> bool {
    let special = match (entity, at) {
        (Entity::Deals, Some(at)) => stage(world, at, action),
        _ => StageRight::NotSet,
    };
    match (special, level(world, entity, action).0, relation) {
        (StageRight::Allowed, _, _) => true,
        (StageRight::Forbidden, _, _) => false,
        (StageRight::NotSet, Level::Allowed, _) => true,
        (StageRight::NotSet, Level::Group, Relation::Own | Relation::Group) => true,
        (StageRight::NotSet, Level::Own, Relation::Own) => true,
        (StageRight::NotSet, _, _) => false,
    }
}

fn relation(world: &World, owner: Option<UserId>, group: Option<GroupId>) -> Relation {
    if owner.is_none() {
        return Relation::Other;
    }
    if owner == Some(world.me) {
        return Relation::Own;
    }
    if world.my_group.is_some() && group == world.my_group {
        return Relation::Group;
    }
    Relation::Other
}

/// The table of chapter 2.1, row by row; then the table of stages.
pub fn visibility(world: &World, facts: &CardFacts) -> Visibility {
    let contacts = level(world, Entity::Contacts, Action::View).0;
    let deals = level(world, Entity::Deals, Action::View).0;
    let contact = relation(world, facts.contact_owner, facts.contact_owner_group);
    let shown = match (contacts, contact) {
        (Level::Allowed, _) => true,
        (Level::Group, Relation::Own | Relation::Group) => true,
        (Level::Group, Relation::Other) => false,
        (Level::Own, Relation::Own) => true,
        (Level::Own, Relation::Group | Relation::Other) => false,
        (Level::Forbidden, _) => false,
    };
    if !shown {
        return HIDDEN;
    }
    let Some(card) = facts.card else {
        return if deals == Level::Forbidden {
            NO_CHAT
        } else {
            CONTACT
        };
    };
    let mine = relation(world, card.owner, card.owner_group);
    let beats = world.rules.options.subscription_beats_forbidden_stage;
    let special = card
        .stage
        .map_or(StageRight::NotSet, |at| stage(world, at, Action::View));
    match (special, deals, mine, card.subscribed) {
        (StageRight::Allowed, _, _, _) => DEAL,
        (StageRight::Forbidden, _, _, true) if beats => DEAL,
        (StageRight::Forbidden, _, _, _) => NO_CHAT,
        (StageRight::NotSet, Level::Allowed, _, _) => DEAL,
        (StageRight::NotSet, Level::Own, Relation::Own, _) => DEAL,
        (StageRight::NotSet, Level::Own, _, _) => CONTACT,
        (StageRight::NotSet, Level::Group, Relation::Own | Relation::Group, _) => DEAL,
        (StageRight::NotSet, Level::Group, Relation::Other, _) => CONTACT,
        (StageRight::NotSet, Level::Forbidden, _, true) => DEAL,
        (StageRight::NotSet, Level::Forbidden, _, false) => NO_CHAT,
    }
}
