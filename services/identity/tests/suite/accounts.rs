use api::error::v1::ErrorReason;
use api::events::internal::v1::ReadEventsRequest;
use api::events::internal::v1::event_log_service_client::EventLogServiceClient;
use api::identity::internal::v1::{AccountChanged, GetAccountStateRequest};
use api::identity::v1::{
    Account, FeedAuthor, GetAccountRequest, NavigationItem, Plan, Role, SubscriptionState,
    UpdateAccountRequest,
};
use identity::admin;
use prost::Message;
use prost_types::FieldMask;
use tonic::Status;
use types::AccountId;
use uuid::Uuid;

use crate::app::{Caller, TestApp, reason};
use crate::internal::service;

async fn update(caller: &Caller, account: Account, paths: &[&str]) -> Result<Account, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateAccountRequest {
        account: Some(account),
        update_mask: Some(FieldMask { paths }),
    };
    Ok(caller
        .accounts()
        .update_account(caller.with(request))
        .await?
        .into_inner()
        .account
        .expect("an account"))
}

async fn get(caller: &Caller) -> Account {
    let reply = caller
        .accounts()
        .get_account(caller.with(GetAccountRequest {}))
        .await
        .expect("an account");
    reply.into_inner().account.expect("an account")
}

/// CNV-10, CNV-11, IDN-32.
#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_switches_imbox_on_and_the_navigation_follows() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    assert_eq!(
        get(&boris).await.navigation().collect::<Vec<_>>(),
        [NavigationItem::NotificationCentre]
    );
    let on = Account {
        imbox_enabled: true,
        ..Account::default()
    };
    let refused = update(&boris, on.clone(), &["imbox_enabled"])
        .await
        .expect_err("a manager");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
    let account = update(&anna, on, &["imbox_enabled"])
        .await
        .expect("switched on");
    assert!(account.imbox_enabled);
    assert_eq!(
        account.navigation().collect::<Vec<_>>(),
        [NavigationItem::Imbox, NavigationItem::Bell]
    );
    assert_eq!(get(&boris).await, account);
}

/// CNV-17, A-08.
#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_sets_the_survey_and_it_is_audited() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let wanted = |text: &str| Account {
        nps_enabled: true,
        nps_text: text.to_owned(),
        ..Account::default()
    };
    let paths = ["nps_enabled", "nps_text"];
    let refused = update(&boris, wanted("Ну как?"), &paths)
        .await
        .expect_err("a manager");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
    let refused = update(&anna, wanted(&"ю".repeat(1001)), &paths)
        .await
        .expect_err("too long");
    assert_eq!(reason(&refused), ErrorReason::FieldInvalid);
    let set = update(&anna, wanted(" Ну как? "), &paths)
        .await
        .expect("set");
    assert_eq!((set.nps_enabled, &set.nps_text[..]), (true, "Ну как?"));
    let entry = anna.audit().await.remove(0);
    assert_eq!(entry.action, "account.update");
    for path in paths {
        assert!(entry.changes_json.contains(path), "{entry:?}");
    }
    let set = update(&anna, Account::default(), &["nps_text"])
        .await
        .expect("back to the default");
    assert_eq!((set.nps_enabled, &set.nps_text[..]), (true, ""));
}

/// CHW-69, A-17.
#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_sets_the_author_in_the_feed_and_it_is_audited() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let before = get(&anna).await;
    assert_eq!(before.feed_author(), FeedAuthor::Employee, "the default");
    let wanted = |author: FeedAuthor, name: &str, etag: &str| Account {
        feed_author: author.into(),
        feed_bot_name: name.to_owned(),
        etag: etag.to_owned(),
        ..Account::default()
    };
    let paths = ["feed_author", "feed_bot_name"];
    let told = async || {
        let state = GetAccountStateRequest {
            account_id: anna.account.uuid().as_bytes().to_vec(),
        };
        let gateway = service(&app, "gateway").await;
        let told = app.internal().get_account_state(gateway.with(state)).await;
        told.expect("told").into_inner().feed_bot_name
    };
    let set = async |who: &Caller, account: Account| update(who, account, &paths).await;
    let bot = |name: &str| wanted(FeedAuthor::Bot, name, "");
    let refused = set(&boris, bot("Радист")).await.expect_err("a manager");
    assert_eq!(reason(&refused), ErrorReason::PermissionMissing);
    for bad in [
        bot(&"ю".repeat(101)),
        wanted(FeedAuthor::Unspecified, "", ""),
    ] {
        let refused = set(&anna, bad).await.expect_err("does not fit");
        assert_eq!(reason(&refused), ErrorReason::FieldInvalid);
    }
    assert_eq!(told().await, "");
    let etag = &before.etag;
    let first = set(&anna, wanted(FeedAuthor::Bot, "", etag)).await;
    assert_eq!(first.expect("set").feed_author(), FeedAuthor::Bot);
    assert_eq!(told().await, "Beseda", "a name where none was given");
    let second = set(&anna, wanted(FeedAuthor::Bot, "Радист", etag)).await;
    let refused = second.expect_err("it changed since");
    assert_eq!(reason(&refused), ErrorReason::EtagMismatch);
    let named = set(&anna, bot(" Радист ")).await.expect("named");
    assert_eq!(named.feed_bot_name, "Радист");
    assert_eq!(told().await, "Радист");
    let entry = anna.audit().await.remove(0);
    assert_eq!(entry.action, "account.update");
    assert!(entry.changes_json.contains("feed_bot_name"), "{entry:?}");
    let employee = wanted(FeedAuthor::Employee, "", "");
    let back = update(&anna, employee, &["feed_author"]).await;
    assert_eq!(back.expect("set back").feed_bot_name, "Радист");
    assert_eq!(told().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_by_mask_and_etag() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let before = get(&anna).await;
    let new = Account {
        title: "Лютик".to_owned(),
        language: "es".to_owned(),
        etag: before.etag.clone(),
        ..Account::default()
    };
    let after = update(&anna, new.clone(), &[]).await.expect("changed");
    assert_eq!(
        (after.title.as_str(), after.language.as_str()),
        ("Лютик", "es")
    );
    assert_eq!(
        reason(&update(&anna, new, &[]).await.expect_err("stale")),
        ErrorReason::EtagMismatch
    );
    for (account, path) in [
        (
            Account {
                plan: Plan::Basic.into(),
                ..Account::default()
            },
            "plan",
        ),
        (Account::default(), "title"),
        (Account::default(), "language"),
        (
            Account {
                language: "?".to_owned(),
                ..Account::default()
            },
            "language",
        ),
    ] {
        let refused = update(&anna, account, &[path]).await.expect_err("refused");
        assert_eq!(reason(&refused), ErrorReason::FieldInvalid, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sets_plan_and_subscription() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let (db, clock) = (&app.operator, &app.clock);
    admin::set_plan(db, clock, anna.account, admin::Plan::Extended)
        .await
        .expect("set");
    admin::set_subscription(db, clock, anna.account, admin::Subscription::Unpaid)
        .await
        .expect("set");
    let account = get(&anna).await;
    assert_eq!(
        (account.plan(), account.subscription()),
        (Plan::Extended, SubscriptionState::Unpaid)
    );
    let entries = anna.audit().await;
    assert!(
        entries[..2]
            .iter()
            .all(|entry| entry.actor_id == "operator" && entry.action == "account.update")
    );
    let unknown = admin::set_plan(db, clock, AccountId::generate(), admin::Plan::Basic).await;
    assert_eq!(
        unknown.expect_err("unknown").reason(),
        ErrorReason::FieldInvalid
    );
    assert_eq!(
        admin::find_account(db, "Anna@example.com")
            .await
            .expect("an answer"),
        Some(anna.account)
    );
    assert_eq!(
        admin::find_account(db, "nobody@example.com")
            .await
            .expect("an answer"),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_once_for_an_email() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let again = admin::NewAccount {
        title: "Другая".to_owned(),
        language: "en".to_owned(),
        plan: admin::Plan::Basic,
        subscription: admin::Subscription::Active,
        imbox: true,
        email: "ANNA@example.com".to_owned(),
        name: "Анна".to_owned(),
        password: "another long phrase".to_owned().into(),
    };
    let made = admin::create_account(&app.operator, &app.clock, again)
        .await
        .expect("an answer");
    assert_eq!(
        (made.account, made.user.to_string(), made.new),
        (anna.account, anna.user.id.clone(), false)
    );
    assert_eq!(get(&anna).await.title, "Ромашка");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sets_a_password_and_that_ends_the_sessions() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let set = async |email: &str, password: &str| {
        let password = password.to_owned().into();
        admin::set_password(&app.operator, &app.clock, email, &password).await
    };
    for (email, password) in [
        ("nobody@example.com", "another long phrase"),
        ("anna@example.com", "short"),
    ] {
        let refused = set(email, password).await.expect_err("refused");
        assert_eq!(
            refused.reason(),
            ErrorReason::FieldInvalid,
            "{email} {password}"
        );
    }
    let user = set("anna@example.com", "another long phrase")
        .await
        .expect("set");
    assert_eq!(user.to_string(), anna.user.id);
    assert_eq!(app.refusal_of(&anna).await, ErrorReason::SessionEnded);
    assert!(
        app.try_log_in("anna@example.com", "another long phrase")
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn others_learn_of_every_change_of_an_account_in_order() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let on = Account {
        imbox_enabled: true,
        ..Account::default()
    };
    update(&anna, on.clone(), &["imbox_enabled"])
        .await
        .expect("changed");
    update(&anna, on, &["imbox_enabled"])
        .await
        .expect("nothing to change");
    admin::set_subscription(
        &app.operator,
        &app.clock,
        anna.account,
        admin::Subscription::Unpaid,
    )
    .await
    .expect("set");
    let gateway = service(&app, "gateway").await;
    let shard = u32::from(events::shard_of(anna.account));
    let request = ReadEventsRequest {
        shard,
        after_position: 0,
        limit: 0,
    };
    let mut log = EventLogServiceClient::new(app.channel.clone());
    let events = log
        .read_events(gateway.with(request))
        .await
        .expect("events")
        .into_inner()
        .events;
    let changes: Vec<AccountChanged> = events
        .iter()
        .filter(|event| {
            event.kind == identity::ACCOUNT_CHANGED
                && event.account_id == anna.account.uuid().as_bytes()
        })
        .map(|event| AccountChanged::decode(&event.payload[..]).expect("an AccountChanged"))
        .collect();
    let seen: Vec<_> = changes
        .iter()
        .map(|it| (it.version, it.imbox_enabled, it.subscription_active))
        .collect();
    assert_eq!(seen, [(1, false, true), (2, true, true), (3, true, false)]);
    assert!(
        changes
            .iter()
            .all(|it| Uuid::from_slice(&it.account_id).ok() == Some(anna.account.uuid()))
    );
}
