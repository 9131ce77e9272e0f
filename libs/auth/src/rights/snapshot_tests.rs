use access::{Action, Card, CardFacts, Entity, Visibility};
use types::StageId;

use super::*;

fn member(role: Role, group: Option<GroupId>) -> Member {
    Member {
        name: "Анна".to_owned(),
        group,
        role,
        active: true,
        language: Language::Es,
    }
}

fn state() -> (UserId, StageId, AccountRights) {
    let (user, group, stage) = (UserId::generate(), GroupId::generate(), StageId::generate());
    let mut rules = Rules {
        mail: Some(true),
        ..Rules::default()
    };
    rules
        .cells
        .set(Entity::Contacts, Action::View, Some(Level::Allowed));
    rules
        .cells
        .set(Entity::Deals, Action::View, Some(Level::Group));
    rules
        .stages
        .insert((stage, Action::View), StageRight::Allowed);
    rules
        .fields
        .insert((Entity::Deals, "price".to_owned()), FieldRight::ReadOnly);
    let subjects = [
        (Subject::Group(group), rules),
        (Subject::Role(Role::Manager), Rules::default()),
        (Subject::User(user), Rules::default()),
    ];
    let state = AccountRights {
        epoch: 7,
        groups: [(group, "Продажи".to_owned())].into(),
        members: [(user, member(Role::Manager, Some(group)))].into(),
        rules: RuleSet {
            subjects: subjects.into(),
            options: Options {
                subscription_beats_forbidden_stage: true,
            },
        },
    };
    (user, stage, state)
}

#[test]
fn a_snapshot_says_everything() {
    let (account, (_, _, state)) = (AccountId::generate(), state());
    let snapshot = write_account(account, &state);
    assert_eq!(read_account(&snapshot), Ok((account, state)));
}

#[test]
fn what_this_version_does_not_know_gives_nothing() {
    let (user, stage, state) = state();
    let mut snapshot = write_account(AccountId::generate(), &state);
    snapshot.members[0].role = 77;
    for rights in &mut snapshot.rights {
        for cell in &mut rights.cells {
            if cell.entity() == proto::RightEntity::Deals {
                cell.level = 77;
            }
        }
        for rule in &mut rights.stages {
            rule.right = 77;
        }
        for rule in &mut rights.fields {
            rule.right = 77;
        }
    }
    let (_, read) = read_account(&snapshot).expect("a snapshot");
    let rights = read.rights_of(user).expect("a member");
    assert!(!rights.is_everything());
    assert_eq!(rights.level(Entity::Deals, Action::View), Level::Forbidden);
    assert!(!rights.field(Entity::Deals, "price").is_readable());
    let card = Card {
        stage: Some(stage),
        ..Card::default()
    };
    let facts = CardFacts {
        card: Some(card),
        ..CardFacts::default()
    };
    assert_eq!(rights.sees(&facts), Visibility::ContactOnly);
}

#[test]
fn an_id_that_is_none_is_an_error() {
    let (_, _, state) = state();
    let mut snapshot = write_account(AccountId::generate(), &state);
    snapshot.members[0].user_id.pop();
    assert_eq!(read_account(&snapshot), Err(InvalidSnapshot("user_id")));
}
