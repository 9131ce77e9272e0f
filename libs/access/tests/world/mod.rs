//! Random people, rules and cards, few enough to meet each other often.

use access::{
    Action, Card, CardFacts, Cells, Entity, FieldRight, Level, Options, RuleSet, Rules, StageRight,
    Subject,
};
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use types::{GroupId, Role, StageId, UserId};
use uuid::Uuid;

/// Keys of fields that rules may name.
pub const FIELDS: [&str; 2] = ["price", "fld_00000000000000000000000001"];

/// One viewer in an account.
#[derive(Debug, Clone)]
pub struct World {
    pub me: UserId,
    pub my_group: Option<GroupId>,
    pub my_role: Role,
    pub rules: RuleSet,
}

fn user(number: u8) -> UserId {
    uuid(number).into()
}

fn group(number: u8) -> GroupId {
    uuid(number).into()
}

fn stage(number: u8) -> StageId {
    uuid(number).into()
}

fn uuid(number: u8) -> Uuid {
    Uuid::from_u128(number.into())
}

/// The stages that rules and cards name.
pub fn stages() -> Vec<StageId> {
    (0..3).map(stage).collect()
}

/// Nothing is set.
pub fn empty() -> World {
    World {
        me: user(0),
        my_group: Some(group(0)),
        my_role: Role::Manager,
        rules: RuleSet::default(),
    }
}

pub fn any() -> impl Strategy<Value = World> {
    (option::of((0..2_u8).prop_map(group)), role(), rule_set()).prop_map(
        |(my_group, my_role, rules)| World {
            me: user(0),
            my_group,
            my_role,
            rules,
        },
    )
}

/// Mostly managers: of administrators there is little to say.
pub fn role() -> impl Strategy<Value = Role> {
    prop_oneof![9 => Just(Role::Manager), 1 => Just(Role::Administrator)]
}

pub fn rule_set() -> impl Strategy<Value = RuleSet> {
    (btree_map(subject(), rules(), 0..5), proptest::bool::ANY).prop_map(|(subjects, beats)| {
        RuleSet {
            subjects,
            options: Options {
                subscription_beats_forbidden_stage: beats,
            },
        }
    })
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        Just(Subject::Role(Role::Manager)),
        (0..2_u8).prop_map(|number| Subject::Group(group(number))),
        (0..2_u8).prop_map(|number| Subject::User(user(number))),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let cells = proptest::collection::vec(option::of(level()), 25);
    let stage_right = prop_oneof![
        Just(StageRight::NotSet),
        Just(StageRight::Allowed),
        Just(StageRight::Forbidden)
    ];
    let field_right = prop_oneof![
        Just(FieldRight::NotSet),
        Just(FieldRight::Hidden),
        Just(FieldRight::ReadOnly),
        Just(FieldRight::Allowed)
    ];
    let stages = btree_map(((0..3_u8).prop_map(stage), action()), stage_right, 0..4);
    let field = proptest::sample::select(FIELDS.to_vec()).prop_map(str::to_owned);
    let fields = btree_map((entity(), field), field_right, 0..4);
    let flag = || option::of(proptest::bool::ANY);
    (cells, stages, fields, flag(), flag()).prop_map(|(levels, stages, fields, mail, lists)| {
        let mut cells = Cells::default();
        let places = Entity::ALL
            .into_iter()
            .flat_map(|entity| Action::ALL.map(|action| (entity, action)));
        for ((entity, action), level) in places.zip(levels) {
            cells.set(entity, action, level);
        }
        Rules {
            cells,
            stages,
            fields,
            mail,
            lists,
        }
    })
}

fn level() -> impl Strategy<Value = Level> {
    proptest::sample::select(vec![
        Level::Forbidden,
        Level::Own,
        Level::Group,
        Level::Allowed,
    ])
}

/// Mostly View: that is what visibility asks for.
fn action() -> impl Strategy<Value = Action> {
    prop_oneof![3 => Just(Action::View), 1 => proptest::sample::select(Action::ALL.to_vec())]
}

fn entity() -> impl Strategy<Value = Entity> {
    proptest::sample::select(Entity::ALL.to_vec())
}

pub fn facts() -> impl Strategy<Value = CardFacts> {
    let stage = option::of((0..3_u8).prop_map(stage));
    let card = (responsible(), stage, proptest::bool::ANY).prop_map(
        |((owner, owner_group), stage, subscribed)| Card {
            owner,
            owner_group,
            stage,
            subscribed,
        },
    );
    (responsible(), option::weighted(0.8, card)).prop_map(
        |((contact_owner, contact_owner_group), card)| CardFacts {
            contact_owner,
            contact_owner_group,
            card,
        },
    )
}

/// A responsible user with a group; also one without, and nobody with a group left behind.
fn responsible() -> impl Strategy<Value = (Option<UserId>, Option<GroupId>)> {
    (
        option::weighted(0.9, (0..3_u8).prop_map(user)),
        option::weighted(0.8, (0..2_u8).prop_map(group)),
    )
}
