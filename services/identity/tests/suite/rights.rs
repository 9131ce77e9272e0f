//! The rights matrix: setting it, what it gives, and what other services hear of it.

use std::collections::BTreeMap;

use access::{AccountRights, Action, Entity};
use api::error::v1::ErrorReason;
use api::events::internal::v1::ReadEventsRequest;
use api::events::internal::v1::event_log_service_client::EventLogServiceClient;
use api::identity::internal::v1 as internal;
use api::identity::v1::rights_subject::Subject;
use api::identity::v1::{
    Account, DeleteGroupRequest, EffectiveRights, FieldRight, FieldRule, GetEffectiveRightsRequest,
    GetRightsOptionsRequest, GetRightsRequest, Group, RightAction, RightCell, RightEntity,
    RightLevel, RightSource, Rights, RightsOptions, RightsSubject, Role, SetRightsOptionsRequest,
    SetRightsRequest, StageRight, StageRule, UpdateAccountRequest, UpdateGroupRequest,
    UpdateUserRequest, User,
};
use prost::Message;
use prost_types::FieldMask;
use tonic::Status;
use tonic_types::StatusExt;
use types::{AccountId, GroupId, StageId, UserId};

use crate::app::{Caller, TestApp, reason};
use crate::internal::service;

pub fn of_user(id: &str) -> Option<RightsSubject> {
    of(Subject::UserId(id.to_owned()))
}

fn of_group(id: &str) -> Option<RightsSubject> {
    of(Subject::GroupId(id.to_owned()))
}

pub fn of_managers() -> Option<RightsSubject> {
    of(Subject::Role(Role::Manager.into()))
}

fn of(subject: Subject) -> Option<RightsSubject> {
    Some(RightsSubject {
        subject: Some(subject),
    })
}

fn cell(entity: RightEntity, action: RightAction, level: RightLevel) -> RightCell {
    RightCell {
        entity: entity.into(),
        action: action.into(),
        level: level.into(),
        source: 0,
    }
}

fn stage_rule(stage: StageId, right: StageRight) -> StageRule {
    StageRule {
        stage_id: stage.to_string(),
        action: RightAction::View.into(),
        right: right.into(),
        source: 0,
    }
}

pub fn field_rule(field: &str, right: FieldRight) -> FieldRule {
    FieldRule {
        entity: RightEntity::Deals.into(),
        field: field.to_owned(),
        right: right.into(),
        source: 0,
    }
}

pub async fn set(caller: &Caller, rights: Rights) -> Result<Rights, Status> {
    let request = SetRightsRequest {
        rights: Some(rights),
    };
    let reply = caller.rights().set_rights(caller.with(request)).await?;
    Ok(reply.into_inner().rights.expect("rights"))
}

pub async fn get(caller: &Caller, subject: Option<RightsSubject>) -> Rights {
    let request = GetRightsRequest { subject };
    let reply = caller.rights().get_rights(caller.with(request)).await;
    let reply = reply.expect("rights").into_inner();
    reply.rights.expect("rights")
}

async fn effective(caller: &Caller, user_id: &str) -> Result<EffectiveRights, Status> {
    let request = GetEffectiveRightsRequest {
        user_id: user_id.to_owned(),
    };
    let reply = caller
        .rights()
        .get_effective_rights(caller.with(request))
        .await?;
    Ok(reply.into_inner().rights.expect("rights"))
}

fn level_of(
    rights: &EffectiveRights,
    entity: RightEntity,
    action: RightAction,
) -> (RightLevel, RightSource) {
    let cell = rights
        .cells
        .iter()
        .find(|cell| cell.entity() == entity && cell.action() == action);
    let cell = cell.expect("every cell is there");
    (cell.level(), cell.source())
}

/// The account as other services would have it, from the internal API.
async fn state(app: &TestApp, account: AccountId) -> AccountRights {
    let conversations = service(app, "conversations").await;
    let request = internal::GetAccountRightsRequest {
        account_id: account.uuid().as_bytes().to_vec(),
    };
    let reply = app
        .internal()
        .get_account_rights(conversations.with(request))
        .await;
    let snapshot = reply.expect("a state").into_inner().rights;
    let (read, state) =
        auth::rights::read_account(&snapshot.expect("a state")).expect("a snapshot");
    assert_eq!(read, account);
    state
}

/// Every state that was published, in order.
async fn published(app: &TestApp, account: AccountId) -> Vec<AccountRights> {
    let gateway = service(app, "gateway").await;
    let request = ReadEventsRequest {
        shard: u32::from(events::shard_of(account)),
        after_position: 0,
        limit: 0,
    };
    let mut log = EventLogServiceClient::new(app.channel.clone());
    let events = log.read_events(gateway.with(request)).await;
    let events = events.expect("events").into_inner().events;
    let of_rights = events.iter().filter(|event| {
        event.kind == identity::RIGHTS_CHANGED && event.account_id == account.uuid().as_bytes()
    });
    of_rights
        .map(|event| {
            let snapshot =
                internal::AccountRights::decode(&event.payload[..]).expect("an AccountRights");
            auth::rights::read_account(&snapshot).expect("a snapshot").1
        })
        .collect()
}

/// IDN-02…IDN-08, IDN-13, IDN-28.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_is_read_and_replaced_as_a_whole() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let untouched = get(&anna, of_user(&boris.id)).await;
    assert_eq!((untouched.cells.len(), &untouched.etag[..]), (0, "v0"));
    let (stage, other) = (app.crm.stage(anna.account), app.crm.stage(anna.account));
    let custom = app.crm.field(anna.account).to_string();
    let mut wanted = Rights {
        subject: of_user(&boris.id),
        stages: vec![
            stage_rule(stage, StageRight::Allowed),
            stage_rule(other, StageRight::Forbidden),
        ],
        fields: vec![
            field_rule(&custom, FieldRight::Hidden),
            field_rule("price", FieldRight::ReadOnly),
        ],
        mail: Some(true),
        lists: Some(false),
        etag: untouched.etag,
        ..Rights::default()
    };
    for entity in 1..=5 {
        for action in 1..=5 {
            wanted.cells.push(RightCell {
                entity,
                action,
                level: (entity + action) % 4 + 1,
                source: 0,
            });
        }
    }
    let stored = set(&anna, wanted.clone()).await.expect("set");
    let expected = Rights {
        etag: "v1".to_owned(),
        ..wanted
    };
    assert_eq!(stored, expected);
    assert_eq!(get(&anna, of_user(&boris.id)).await, expected);

    let less = Rights {
        subject: of_user(&boris.id),
        stages: vec![stage_rule(stage, StageRight::Unspecified)],
        etag: stored.etag,
        ..Rights::default()
    };
    let stored = set(&anna, less).await.expect("replaced");
    let nothing = Rights {
        subject: of_user(&boris.id),
        etag: "v2".to_owned(),
        ..Rights::default()
    };
    assert_eq!(stored, nothing, "what is left out is not set any more");
    assert_eq!(get(&anna, of_user(&boris.id)).await, nothing);
}

/// IDN-01.
#[tokio::test(flavor = "multi_thread")]
async fn the_user_goes_over_the_group_and_the_group_over_the_role() {
    use RightAction::{Delete, Edit, View};
    use RightEntity::Contacts;
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let group = anna.add_group("Продажи").await;
    let mut new = crate::app::new_user("boris@example.com", Role::Manager);
    new.user.as_mut().expect("a user").group_id = group.id.clone();
    let boris = anna.create_user(new).await.expect("a user");
    let of = |subject, cells: &[(RightAction, RightLevel)]| Rights {
        subject,
        cells: cells
            .iter()
            .map(|(action, level)| cell(Contacts, *action, *level))
            .collect(),
        ..Rights::default()
    };
    let all = [View, Edit, Delete];
    let role = of(of_managers(), &all.map(|it| (it, RightLevel::Allowed)));
    let of_the_group = of(
        of_group(&group.id),
        &[(View, RightLevel::Group), (Edit, RightLevel::Group)],
    );
    let own = of(of_user(&boris.id), &[(View, RightLevel::Own)]);
    for rights in [role, of_the_group, own] {
        set(&anna, rights).await.expect("set");
    }
    let boris = app.log_in("boris@example.com").await;
    let rights = effective(&boris, "").await.expect("one's own");
    assert_eq!(rights.user_id, boris.user.id);
    let level = |action| level_of(&rights, Contacts, action);
    assert_eq!(level(View), (RightLevel::Own, RightSource::User));
    assert_eq!(level(Edit), (RightLevel::Group, RightSource::Group));
    assert_eq!(level(Delete), (RightLevel::Allowed, RightSource::Role));
    assert_eq!(
        level(RightAction::Export),
        (RightLevel::Forbidden, RightSource::Default)
    );
    assert_eq!(rights.cells.len(), 25);
    assert!(!rights.administrator && !rights.mail);

    let of_anna = effective(&anna, &anna.user.id).await.expect("rights");
    assert!(of_anna.administrator && of_anna.mail && of_anna.lists);
    let everything = (RightLevel::Allowed, RightSource::Administrator);
    assert!(
        of_anna
            .cells
            .iter()
            .all(|it| (it.level(), it.source()) == everything)
    );
    let refused = effective(&boris, &anna.user.id)
        .await
        .expect_err("a manager");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_no_rights_of_its_own_but_may_read_and_set_those_of_people() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let (key, secret) = anna.add_key(&["settings.write"]).await.expect("a key");
    let request = api::identity::v1::IssueClientTokenRequest {
        client_id: key.id,
        client_secret: secret,
    };
    let reply = anna.sessions().issue_client_token(request).await;
    let program = app.caller(&reply.expect("a token").into_inner().access_token);
    let refused = effective(&program, "").await.expect_err("nobody");
    assert_eq!(reason(&refused), ErrorReason::FieldInvalid);
    effective(&program, &anna.user.id).await.expect("rights");
    let rights = Rights {
        subject: of_managers(),
        mail: Some(true),
        ..Rights::default()
    };
    set(&program, rights).await.expect("set");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_do_not_fit_are_refused_and_each_place_is_named() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let stage = StageId::generate();
    let view = cell(RightEntity::Deals, RightAction::View, RightLevel::Allowed);
    let wrong = Rights {
        subject: of(Subject::Role(Role::Administrator.into())),
        cells: vec![
            view,
            cell(RightEntity::Deals, RightAction::View, RightLevel::Own),
            RightCell { entity: 77, ..view },
            RightCell { action: 0, ..view },
            RightCell { level: 77, ..view },
        ],
        stages: vec![
            stage_rule(stage, StageRight::Allowed),
            stage_rule(stage, StageRight::Unspecified),
            StageRule {
                stage_id: UserId::generate().to_string(),
                ..stage_rule(stage, StageRight::Allowed)
            },
        ],
        fields: vec![
            field_rule("Price", FieldRight::Hidden),
            field_rule("fld_1", FieldRight::Hidden),
            FieldRule {
                entity: RightEntity::Tasks.into(),
                ..field_rule("price", FieldRight::Hidden)
            },
        ],
        ..Rights::default()
    };
    let refused = set(&anna, wrong).await.expect_err("does not fit");
    let fields = violations(&refused);
    let expected = [
        "rights.subject.role",
        "rights.cells[1]",
        "rights.cells[2].entity",
        "rights.cells[3].action",
        "rights.cells[4].level",
        "rights.stages[1]",
        "rights.stages[2].stage_id",
        "rights.fields[0].field",
        "rights.fields[1].field",
        "rights.fields[2].entity",
    ];
    assert_eq!(fields, expected);

    let too_long = Rights {
        subject: of_managers(),
        cells: vec![view; 26],
        stages: (0..501)
            .map(|_| stage_rule(StageId::generate(), StageRight::Allowed))
            .collect(),
        fields: (0..501)
            .map(|number| field_rule(&format!("f{number}"), FieldRight::Hidden))
            .collect(),
        ..Rights::default()
    };
    let refused = set(&anna, too_long).await.expect_err("too long");
    assert_eq!(
        violations(&refused),
        ["rights.cells", "rights.stages", "rights.fields"]
    );
    let refused = set(&anna, Rights::default()).await.expect_err("of nobody");
    assert_eq!(violations(&refused), ["rights.subject"]);
    assert_eq!(
        published(&app, anna.account).await.len(),
        1,
        "nothing changed"
    );
}

pub fn violations(status: &Status) -> Vec<String> {
    assert_eq!(reason(status), ErrorReason::FieldInvalid, "{status:?}");
    let details = status.get_error_details();
    let bad = details.bad_request().expect("fields");
    let fields = bad.field_violations.iter();
    fields.map(|violation| violation.field.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_subjects_are_refused() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let vera = app.account("vera@example.org").await;
    let group = vera.add_group("Чужие").await;
    for (subject, expected) in [
        (
            of_user(&UserId::generate().to_string()),
            ErrorReason::UserNotFound,
        ),
        (of_user(&vera.user.id), ErrorReason::UserNotFound),
        (
            of_group(&GroupId::generate().to_string()),
            ErrorReason::GroupNotFound,
        ),
        (of_group(&group.id), ErrorReason::GroupNotFound),
    ] {
        let rights = Rights {
            subject: subject.clone(),
            mail: Some(true),
            ..Rights::default()
        };
        let refused = set(&anna, rights).await.expect_err("unknown");
        assert_eq!(reason(&refused), expected);
        let request = anna.with(GetRightsRequest { subject });
        let refused = anna.rights().get_rights(request).await;
        assert_eq!(reason(&refused.expect_err("unknown")), expected);
    }
}

/// What is unknown when it is named is refused; what is deleted later stays named and does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_stages_are_refused_and_deleted_ones_may_stay_named() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let stage = app.crm.stage(anna.account);
    let foreign = app.crm.stage(AccountId::generate());
    let naming = |stages: &[StageId]| Rights {
        subject: of_user(&boris.id),
        stages: stages
            .iter()
            .map(|stage| stage_rule(*stage, StageRight::Forbidden))
            .collect(),
        ..Rights::default()
    };
    for unknown in [StageId::generate(), foreign] {
        let refused = set(&anna, naming(&[stage, unknown])).await;
        let refused = refused.expect_err("there is no such stage");
        assert_eq!(reason(&refused), ErrorReason::StageNotFound);
        let details = String::from_utf8_lossy(refused.details());
        assert!(details.contains(&unknown.to_string()), "it is named");
    }
    assert_eq!(get(&anna, of_user(&boris.id)).await.stages.len(), 0);
    set(&anna, naming(&[stage])).await.expect("it is there");
    app.crm.delete_stage(stage);
    let read = get(&anna, of_user(&boris.id)).await;
    assert_eq!(read.stages, naming(&[stage]).stages, "it stays named");
    let changed = Rights {
        mail: Some(true),
        ..read
    };
    let set_again = set(&anna, changed).await.expect("what was read is set");
    assert_eq!(set_again.stages.len(), 1);
    let other = set(&anna, naming(&[app.crm.stage(anna.account)])).await;
    other.expect("without it");
    let refused = set(&anna, naming(&[stage])).await.expect_err("gone");
    assert_eq!(reason(&refused), ErrorReason::StageNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_set_the_same_version_one_is_told() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let attempt = |mail: bool, level: RightLevel| {
        let rights = Rights {
            subject: of_managers(),
            cells: vec![cell(RightEntity::Contacts, RightAction::View, level)],
            mail: Some(mail),
            etag: "v0".to_owned(),
            ..Rights::default()
        };
        let caller = anna.caller.clone();
        async move { set(&caller, rights).await }
    };
    let (one, other) = tokio::join!(
        attempt(true, RightLevel::Own),
        attempt(false, RightLevel::Group)
    );
    let lost = match (&one, &other) {
        (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
        _ => panic!("one of two is stored: {one:?} {other:?}"),
    };
    assert_eq!(reason(lost), ErrorReason::EtagMismatch);
    assert_eq!(get(&anna, of_managers()).await.etag, "v1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rights_is_in_the_audit_log_before_and_after() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let view = |level| cell(RightEntity::Contacts, RightAction::View, level);
    let rights = |level| Rights {
        subject: of_managers(),
        cells: vec![view(level)],
        ..Rights::default()
    };
    set(&anna, rights(RightLevel::Own)).await.expect("set");
    set(&anna, rights(RightLevel::Allowed)).await.expect("set");
    let entries = anna.audit().await.len();
    set(&anna, rights(RightLevel::Allowed)).await.expect("same");
    let audit = anna.audit().await;
    assert_eq!(audit.len(), entries, "what is already so changes nothing");
    let last = &audit[0];
    assert_eq!(
        (
            &last.actor_id[..],
            &last.action[..],
            &last.target_id[..],
            &last.changes_json[..]
        ),
        (
            &anna.user.id[..],
            "rights.set",
            "role_manager",
            r#"{"contacts.view":{"after":"allowed","before":"own"}}"#
        )
    );
}

/// A-03.
#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_stage_beats_a_subscription_until_the_account_says_otherwise() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let request = anna.with(GetRightsOptionsRequest {});
    let reply = anna.rights().get_rights_options(request).await;
    let before = reply.expect("options").into_inner().options;
    let before = before.expect("options");
    assert!(!before.subscription_beats_forbidden_stage, "off by default");
    let change = |etag: &str| {
        anna.with(SetRightsOptionsRequest {
            options: Some(RightsOptions {
                subscription_beats_forbidden_stage: true,
                etag: etag.to_owned(),
            }),
        })
    };
    let reply = anna.rights().set_rights_options(change(&before.etag)).await;
    let after = reply.expect("set").into_inner().options.expect("options");
    assert!(after.subscription_beats_forbidden_stage && after.etag == "v1");
    let refused = anna.rights().set_rights_options(change(&before.etag)).await;
    let refused = refused.expect_err("an old etag");
    assert_eq!(reason(&refused), ErrorReason::EtagMismatch);
    let missing = anna.with(SetRightsOptionsRequest { options: None });
    let refused = anna.rights().set_rights_options(missing).await;
    assert_eq!(
        reason(&refused.expect_err("nothing to set")),
        ErrorReason::FieldInvalid
    );
    assert_eq!(anna.audit().await[0].action, "rights.set_options");
    let state = state(&app, anna.account).await;
    assert!(state.rules.options.subscription_beats_forbidden_stage);
}

/// The state of an account that names users, groups and stages which come and go.
#[tokio::test(flavor = "multi_thread")]
async fn rights_of_whoever_is_gone_do_nothing() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let group = anna.add_group("Продажи").await;
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let user: UserId = boris.id.parse().expect("an id");
    for subject in [of_group(&group.id), of_user(&boris.id)] {
        let rights = Rights {
            subject,
            cells: vec![cell(
                RightEntity::Contacts,
                RightAction::View,
                RightLevel::Allowed,
            )],
            stages: vec![stage_rule(
                app.crm.stage(anna.account),
                StageRight::Forbidden,
            )],
            ..Rights::default()
        };
        set(&anna, rights).await.expect("set");
    }
    let may = |state: &AccountRights| {
        let rights = state.rights_of(user);
        rights.map(|rights| rights.level(Entity::Contacts, Action::View))
    };
    assert_eq!(
        may(&state(&app, anna.account).await),
        Some(access::Level::Allowed)
    );

    let switch = async |active: bool| {
        let user = User {
            id: boris.id.clone(),
            active,
            ..User::default()
        };
        let request = UpdateUserRequest {
            user: Some(user),
            update_mask: mask("active"),
        };
        anna.users().update_user(anna.with(request)).await
    };
    switch(false).await.expect("off");
    assert_eq!(may(&state(&app, anna.account).await), None);
    let off = effective(&anna, &boris.id).await.expect("rights");
    let view = level_of(&off, RightEntity::Contacts, RightAction::View);
    assert_eq!(view, (RightLevel::Forbidden, RightSource::Default));
    switch(true).await.expect("on again");
    assert_eq!(
        may(&state(&app, anna.account).await),
        Some(access::Level::Allowed),
        "what was set for them is theirs again"
    );

    let request = anna.with(DeleteGroupRequest {
        group_id: group.id.clone(),
    });
    anna.groups().delete_group(request).await.expect("deleted");
    let state = state(&app, anna.account).await;
    let gone = access::Subject::Group(group.id.parse().expect("an id"));
    assert!(!state.rules.subjects.contains_key(&gone));
    assert!(state.groups.is_empty());
    let request = anna.with(GetRightsRequest {
        subject: of_group(&group.id),
    });
    let refused = anna.rights().get_rights(request).await;
    assert_eq!(
        reason(&refused.expect_err("deleted")),
        ErrorReason::GroupNotFound
    );
}

fn mask(path: &str) -> Option<FieldMask> {
    Some(FieldMask {
        paths: vec![path.to_owned()],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_members_groups_and_rights_is_published_whole() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let group = anna.add_group("Продажи").await;
    let mut boris = anna.add("boris@example.com", Role::Manager).await;
    boris.group_id.clone_from(&group.id);
    boris.role = Role::Administrator.into();
    boris.name = "Боря".to_owned();
    for path in ["group_id", "role", "name"] {
        let request = UpdateUserRequest {
            user: Some(User {
                etag: String::new(),
                ..boris.clone()
            }),
            update_mask: mask(path),
        };
        let request = anna.with(request);
        anna.users().update_user(request).await.expect("changed");
    }
    let renamed = Group {
        id: group.id.clone(),
        name: "Отдел продаж".to_owned(),
        ..Group::default()
    };
    let request = anna.with(UpdateGroupRequest {
        group: Some(renamed),
        update_mask: None,
    });
    anna.groups().update_group(request).await.expect("renamed");
    let rights = Rights {
        subject: of_group(&group.id),
        stages: vec![stage_rule(
            app.crm.stage(anna.account),
            StageRight::Forbidden,
        )],
        ..Rights::default()
    };
    set(&anna, rights).await.expect("set");
    let account = Account {
        language: "es".to_owned(),
        ..Account::default()
    };
    let request = anna.with(UpdateAccountRequest {
        account: Some(account),
        update_mask: mask("language"),
    });
    anna.accounts().update_account(request).await.expect("es");

    let published = published(&app, anna.account).await;
    let epochs: Vec<i64> = published.iter().map(|state| state.epoch).collect();
    assert_eq!(epochs, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(published.last(), Some(&state(&app, anna.account).await));
    let last = published.last().expect("a state");
    let member = &last.members[&boris.id.parse().expect("an id")];
    assert_eq!(
        (&member.name[..], member.role, member.active),
        ("Боря", auth::Role::Administrator, true)
    );
    assert_eq!(member.language, types::Language::Es, "the account's");
    let names: BTreeMap<_, _> = [(
        group.id.parse::<GroupId>().expect("an id"),
        "Отдел продаж".to_owned(),
    )]
    .into();
    assert_eq!(last.groups, names);
    assert_eq!(last.rules.subjects.len(), 1);
}

/// Whoever changes what at the same time: the last state published is the state of the account, and no epoch is missing.
#[tokio::test(flavor = "multi_thread")]
async fn changes_that_meet_are_published_in_one_order() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let boris = anna.add("boris@example.com", Role::Manager).await;
    let changes = (0..12).map(|number| {
        let (caller, boris) = (anna.caller.clone(), boris.clone());
        let (crm, account) = (app.crm.clone(), anna.account);
        async move {
            if number % 3 == 0 {
                caller.add_group(&format!("Отдел {number}")).await;
            } else if number % 3 == 1 {
                let user = User {
                    name: format!("Борис {number}"),
                    etag: String::new(),
                    ..boris
                };
                let request = caller.with(UpdateUserRequest {
                    user: Some(user),
                    update_mask: mask("name"),
                });
                caller.users().update_user(request).await.expect("renamed");
            } else {
                let stage = stage_rule(crm.stage(account), StageRight::Allowed);
                let rights = Rights {
                    subject: of_managers(),
                    stages: vec![stage],
                    ..Rights::default()
                };
                set(&caller, rights).await.expect("set");
            }
        }
    });
    let running: tokio::task::JoinSet<()> = changes.collect();
    running.join_all().await;
    let published = published(&app, anna.account).await;
    let epochs: Vec<i64> = published.iter().map(|state| state.epoch).collect();
    assert_eq!(epochs, (1..=14).collect::<Vec<_>>());
    assert_eq!(published.last(), Some(&state(&app, anna.account).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_holds_only_so_many_rules() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let fields: Vec<_> = (0..500).map(|_| app.crm.field(anna.account)).collect();
    let full = |subject| Rights {
        subject,
        stages: (0..500)
            .map(|_| stage_rule(app.crm.stage(anna.account), StageRight::Allowed))
            .collect(),
        fields: fields
            .iter()
            .map(|field| field_rule(&field.to_string(), FieldRight::Hidden))
            .collect(),
        ..Rights::default()
    };
    for number in 0..10 {
        let group = anna.add_group(&format!("Отдел {number}")).await;
        set(&anna, full(of_group(&group.id))).await.expect("fits");
    }
    let refused = set(&anna, full(of_managers())).await;
    let refused = refused.expect_err("one subject more");
    assert_eq!(reason(&refused), ErrorReason::RightsLimitReached);
    assert_eq!(get(&anna, of_managers()).await.stages.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_services_ask_for_the_rights_of_an_account() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let ask = |account: AccountId| internal::GetAccountRightsRequest {
        account_id: account.uuid().as_bytes().to_vec(),
    };
    let refused = app
        .internal()
        .get_account_rights(anna.with(ask(anna.account)))
        .await;
    assert_eq!(
        reason(&refused.expect_err("an employee")),
        ErrorReason::PermissionMissing
    );
    let conversations = service(&app, "conversations").await;
    let refused = app
        .internal()
        .get_account_rights(conversations.with(ask(AccountId::generate())))
        .await;
    assert_eq!(
        reason(&refused.expect_err("unknown")),
        ErrorReason::FieldInvalid
    );
}
