//! Laws over random rights and facts: the evaluator equals a model written from the table, the list equals the evaluator.

mod model;
mod world;

use access::{AccountRights, Action, Entity, Level, Relation, Rights, Visibility};
use proptest::prelude::*;
use types::{Language, Role};

use world::{World, facts, role, rule_set};

fn compiled(world: &World) -> Rights {
    world.rules.compile(world.me, world.my_group, world.my_role)
}

/// Two thousand cases a law, or as many as PROPTEST_CASES says.
fn config() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(2_048),
    }
}

proptest! {
    #![proptest_config(config())]

    /// IDN-14…IDN-31, IDN-33, IDN-35 and A-01…A-05 for any rights, set for anybody.
    #[test]
    fn the_evaluator_equals_the_table(world in world::any(), facts in facts()) {
        let rights = compiled(&world);
        prop_assert_eq!(rights.sees(&facts), model::visibility(&world, &facts));
        prop_assert_eq!(rights.explain(&facts).visibility, rights.sees(&facts));
    }

    /// What is listed is exactly what is not hidden, each conversation once.
    #[test]
    fn branches_are_disjoint_and_their_union_is_what_is_seen(world in world::any(), facts in facts()) {
        let rights = compiled(&world);
        let branches = rights.list_branches();
        prop_assert!(branches.len() <= 4);
        let of: Vec<_> = branches.iter().filter(|branch| branch.contact.matches(&facts)).collect();
        let sees = rights.sees(&facts);
        prop_assert_eq!(of.len(), usize::from(sees > Visibility::Hidden));
        for branch in of {
            prop_assert!(sees >= branch.least, "{sees:?} of a branch that shows {:?}", branch.least);
        }
    }

    /// IDN-01, IDN-05, IDN-06, IDN-13: user over group over role, cell by cell; nothing set is refused.
    #[test]
    fn the_nearest_subject_decides_each_cell(world in world::any()) {
        let rights = compiled(&world);
        for entity in Entity::ALL {
            for action in Action::ALL {
                prop_assert_eq!(rights.level_from(entity, action), model::level(&world, entity, action));
                for stage in world::stages() {
                    prop_assert_eq!(rights.stage(stage, action), model::stage(&world, stage, action));
                }
            }
            for field in world::FIELDS {
                prop_assert_eq!(rights.field(entity, field), model::field(&world, entity, field));
            }
        }
        prop_assert_eq!(rights.mail().0, model::flag(&world, |rules| rules.mail));
        prop_assert_eq!(rights.lists().0, model::flag(&world, |rules| rules.lists));
    }

    /// IDN-08…IDN-12, IDN-29…IDN-31 for every action, not only View.
    #[test]
    fn a_stage_replaces_the_right_on_deals_and_on_nothing_else(world in world::any()) {
        let rights = compiled(&world);
        for stage in world::stages().into_iter().map(Some).chain([None]) {
            for relation in [Relation::Own, Relation::Group, Relation::Other] {
                for (entity, action) in Entity::ALL.into_iter().flat_map(|entity| Action::ALL.map(|action| (entity, action))) {
                    let may = rights.may(entity, action, relation, stage);
                    prop_assert_eq!(may, model::may(&world, entity, action, relation, stage));
                }
            }
        }
    }

    /// What is said about an action is what the action itself asks, for every action on every entity and field.
    #[test]
    fn a_decision_is_what_the_action_asks(world in world::any(), facts in facts()) {
        let rights = compiled(&world);
        let card = facts.card.unwrap_or_default();
        let relation = rights.relation(card.owner, card.owner_group);
        for (entity, action) in Entity::ALL.into_iter().flat_map(|entity| Action::ALL.map(|action| (entity, action))) {
            let decision = rights.decide(entity, action, &card);
            let expected = match (entity, action) {
                (Entity::Deals, Action::View) => rights.shows_deal(&card),
                _ => rights.may(entity, action, relation, card.stage),
            };
            prop_assert_eq!(decision.allowed, expected, "{} by {}", action.name(), decision.rule);
            for field in world::FIELDS {
                let of_field = rights.decide_field(entity, action, &card, field);
                prop_assert!(decision.allowed || !of_field.allowed, "a field never widens");
                let right = rights.field(entity, field);
                let shut = if matches!(action, Action::View | Action::Export) { !right.is_readable() } else { !right.is_writable() };
                prop_assert_eq!(of_field.allowed, decision.allowed && !shut);
            }
        }
    }

    /// IDN-35…IDN-37: who may not open the contact sees no conversation of it, and a row carries a deal's name exactly where
    /// the deal may be opened.
    #[test]
    fn opening_and_seeing_agree(world in world::any(), facts in facts()) {
        let rights = compiled(&world);
        let contact = rights.shows_contact(facts.contact_owner, facts.contact_owner_group);
        prop_assert_eq!(contact, rights.sees(&facts) > Visibility::Hidden);
        if let Some(card) = &facts.card {
            let named = rights.sees(&facts) == Visibility::DealAndChat;
            prop_assert_eq!(contact && rights.shows_deal(card), named);
        }
    }

    /// What is set for users and groups that are gone, or for others, changes nothing.
    #[test]
    fn rules_of_others_change_nothing(world in world::any(), strangers in rule_set(), facts in facts()) {
        let mut crowded = world.clone();
        for (subject, rules) in strangers.subjects {
            if !model::is_mine(&world, subject) {
                crowded.rules.subjects.insert(subject, rules);
            }
        }
        prop_assert_eq!(compiled(&crowded).explain(&facts), compiled(&world).explain(&facts));
    }

    /// Whoever is switched off or unknown has no rights; everybody else those of their group and role.
    #[test]
    fn only_active_members_have_rights(world in world::any(), active in any::<bool>(), role in role(), facts in facts()) {
        let member = access::Member {
            name: "Анна".to_owned(),
            group: world.my_group,
            role,
            active,
            language: Language::Ru,
        };
        let account = AccountRights {
            epoch: 1,
            groups: std::collections::BTreeMap::new(),
            members: [(world.me, member)].into(),
            rules: world.rules.clone(),
        };
        let rights = account.rights_of(world.me);
        let expected = active.then(|| world.rules.compile(world.me, world.my_group, role).sees(&facts));
        prop_assert_eq!(rights.map(|rights| rights.sees(&facts)), expected);
        prop_assert!(account.rights_of(types::UserId::generate()).is_none());
    }
}

/// IDN-33.
#[test]
fn an_administrator_may_everything_whatever_is_set() {
    let mut world = world::empty();
    let red = access::Rules {
        cells: access::Cells::all(Some(Level::Forbidden)),
        ..access::Rules::default()
    };
    world
        .rules
        .subjects
        .insert(access::Subject::User(world.me), red);
    let rights = world
        .rules
        .compile(world.me, world.my_group, Role::Administrator);
    assert!(rights.is_everything());
    for (entity, action) in Entity::ALL
        .into_iter()
        .flat_map(|entity| Action::ALL.map(|action| (entity, action)))
    {
        assert!(rights.may(entity, action, Relation::Other, None));
    }
    let nobodys = access::CardFacts::default();
    assert_eq!(rights.sees(&nobodys), Visibility::ContactAndChat);
    assert_eq!(rights.explain(&nobodys).rule, "IDN-33");
    assert!(rights.mail().0 && rights.lists().0);
}

#[test]
fn where_nothing_is_set_everything_is_refused() {
    let world = world::empty();
    let rights = compiled(&world);
    assert!(rights.list_branches().is_empty());
    assert!(!rights.may(Entity::Tasks, Action::View, Relation::Own, None));
    assert_eq!(
        rights.explain(&access::CardFacts::default()).source,
        access::Source::Default
    );
}

/// A conversation that is not linked to a contact yet belongs to nobody: all contacts is what it takes to see it.
#[test]
fn without_a_contact_only_green_sees_the_conversation() {
    for (level, sees) in [
        (Level::Forbidden, false),
        (Level::Own, false),
        (Level::Group, false),
        (Level::Allowed, true),
    ] {
        let mut world = world::empty();
        let mut rules = access::Rules::default();
        rules.cells.set(Entity::Contacts, Action::View, Some(level));
        world
            .rules
            .subjects
            .insert(access::Subject::User(world.me), rules);
        let seen = compiled(&world).sees(&access::CardFacts::default());
        assert_eq!(seen > Visibility::Hidden, sees, "{level:?}");
    }
}
