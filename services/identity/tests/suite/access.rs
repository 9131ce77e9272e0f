//! Who may call what: without a token, as a manager, and with ids of another account.

use api::error::v1::ErrorReason;
use api::identity::v1::{
    Account, ApiKey, CreateApiKeyRequest, CreateGroupRequest, DeleteGroupRequest,
    GetAccountRequest, GetCallerRequest, GetEffectiveRightsRequest, GetGroupRequest,
    GetRightsOptionsRequest, GetRightsRequest, GetUserRequest, Group, KillSessionRequest,
    ListApiKeysRequest, ListGroupsRequest, ListSessionsRequest, ListUsersRequest,
    RevokeApiKeyRequest, Rights, RightsOptions, RightsSubject, Role, SetPasswordRequest,
    SetRightsOptionsRequest, SetRightsRequest, UpdateAccountRequest, UpdateGroupRequest,
    UpdateUserRequest, User, rights_subject::Subject,
};
use tonic::Status;
use types::{ApiKeyId, GroupId, SessionId, UserId};

use crate::app::{Caller, TestApp, new_user, reason};

/// Every method that takes a token, called by `caller` with these ids; the first list needs an administrator.
async fn calls(
    caller: &Caller,
    ids: &Ids,
) -> (
    Vec<(&'static str, Option<Status>)>,
    Vec<(&'static str, Option<Status>)>,
) {
    let Ids {
        user,
        group,
        session,
        key,
    } = ids.clone();
    let named = |id: &str, name: &str| Group {
        id: id.to_owned(),
        name: name.to_owned(),
        ..Group::default()
    };
    let a_user = User {
        id: user.clone(),
        name: "Глеб".to_owned(),
        ..User::default()
    };
    let a_key = ApiKey {
        name: "x".to_owned(),
        scopes: vec!["inbox.read".to_owned()],
        ..ApiKey::default()
    };
    let an_account = Account {
        title: "x".to_owned(),
        ..Account::default()
    };
    let (mut users, mut groups, mut keys) = (caller.users(), caller.groups(), caller.api_keys());
    let set = SetPasswordRequest {
        user_id: user.clone(),
        new_password: "another long phrase".to_owned(),
        ..SetPasswordRequest::default()
    };
    let update_group = UpdateGroupRequest {
        group: Some(named(&group, "Новый")),
        update_mask: None,
    };
    let create_group = CreateGroupRequest {
        group: Some(named("", "Совсем новый")),
        request_id: String::new(),
    };
    let update_account = UpdateAccountRequest {
        account: Some(an_account),
        update_mask: None,
    };
    let sessions_of = ListSessionsRequest {
        user_id: user.clone(),
        ..ListSessionsRequest::default()
    };
    let subject = Some(RightsSubject {
        subject: Some(Subject::UserId(user.clone())),
    });
    let some_rights = Rights {
        subject: subject.clone(),
        mail: Some(true),
        ..Rights::default()
    };
    let mut rights = caller.rights();
    let administrators = vec![
        (
            "GetRights",
            rights
                .get_rights(caller.with(GetRightsRequest { subject }))
                .await
                .err(),
        ),
        (
            "SetRights",
            rights
                .set_rights(caller.with(SetRightsRequest {
                    rights: Some(some_rights),
                }))
                .await
                .err(),
        ),
        (
            "GetEffectiveRights",
            rights
                .get_effective_rights(caller.with(GetEffectiveRightsRequest {
                    user_id: user.clone(),
                }))
                .await
                .err(),
        ),
        (
            "SetRightsOptions",
            rights
                .set_rights_options(caller.with(SetRightsOptionsRequest {
                    options: Some(RightsOptions {
                        subscription_beats_forbidden_stage: true,
                        etag: String::new(),
                    }),
                }))
                .await
                .err(),
        ),
        (
            "CreateUser",
            users
                .create_user(caller.with(new_user("new@example.com", Role::Manager)))
                .await
                .err(),
        ),
        (
            "UpdateUser",
            users
                .update_user(caller.with(UpdateUserRequest {
                    user: Some(a_user),
                    update_mask: None,
                }))
                .await
                .err(),
        ),
        (
            "SetPassword",
            users.set_password(caller.with(set)).await.err(),
        ),
        (
            "CreateGroup",
            groups.create_group(caller.with(create_group)).await.err(),
        ),
        (
            "UpdateGroup",
            groups.update_group(caller.with(update_group)).await.err(),
        ),
        (
            "DeleteGroup",
            groups
                .delete_group(caller.with(DeleteGroupRequest {
                    group_id: group.clone(),
                }))
                .await
                .err(),
        ),
        (
            "CreateApiKey",
            keys.create_api_key(caller.with(CreateApiKeyRequest {
                api_key: Some(a_key),
            }))
            .await
            .err(),
        ),
        (
            "ListApiKeys",
            keys.list_api_keys(caller.with(ListApiKeysRequest::default()))
                .await
                .err(),
        ),
        (
            "RevokeApiKey",
            keys.revoke_api_key(caller.with(RevokeApiKeyRequest { api_key_id: key }))
                .await
                .err(),
        ),
        (
            "UpdateAccount",
            caller
                .accounts()
                .update_account(caller.with(update_account))
                .await
                .err(),
        ),
        (
            "ListSessions",
            caller
                .sessions()
                .list_sessions(caller.with(sessions_of))
                .await
                .err(),
        ),
        (
            "KillSession",
            caller
                .sessions()
                .kill_session(caller.with(KillSessionRequest {
                    session_id: session,
                }))
                .await
                .err(),
        ),
    ];
    let everybody = vec![
        (
            "GetRightsOptions",
            rights
                .get_rights_options(caller.with(GetRightsOptionsRequest {}))
                .await
                .err(),
        ),
        (
            "GetUser",
            users
                .get_user(caller.with(GetUserRequest { user_id: user }))
                .await
                .err(),
        ),
        (
            "ListUsers",
            users
                .list_users(caller.with(ListUsersRequest::default()))
                .await
                .err(),
        ),
        (
            "GetGroup",
            groups
                .get_group(caller.with(GetGroupRequest { group_id: group }))
                .await
                .err(),
        ),
        (
            "ListGroups",
            groups
                .list_groups(caller.with(ListGroupsRequest::default()))
                .await
                .err(),
        ),
        (
            "GetAccount",
            caller
                .accounts()
                .get_account(caller.with(GetAccountRequest {}))
                .await
                .err(),
        ),
        (
            "GetCaller",
            caller
                .sessions()
                .get_caller(caller.with(GetCallerRequest {}))
                .await
                .err(),
        ),
    ];
    (administrators, everybody)
}

#[derive(Clone)]
struct Ids {
    user: String,
    group: String,
    session: String,
    key: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nothing_is_done() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    let ids = ids_of(&anna).await;
    let (administrators, everybody) = calls(&app.caller("rubbish"), &ids).await;
    for (method, refused) in administrators.into_iter().chain(everybody) {
        assert_eq!(
            reason(&refused.expect(method)),
            ErrorReason::TokenInvalid,
            "{method}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_reads_and_changes_nothing() {
    let app = TestApp::start().await;
    let anna = app.account("anna@example.com").await;
    anna.add("boris@example.com", Role::Manager).await;
    let boris = app.log_in("boris@example.com").await;
    let ids = ids_of(&anna).await;
    let entries = anna.audit().await.len();
    let (administrators, everybody) = calls(&boris, &ids).await;
    for (method, refused) in administrators {
        assert_eq!(
            reason(&refused.expect(method)),
            ErrorReason::PermissionMissing,
            "{method}"
        );
    }
    for (method, refused) in everybody {
        assert!(refused.is_none(), "{method}: {refused:?}");
    }
    assert_eq!(anna.audit().await.len(), entries);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_account_is_as_unknown_as_one_of_nobody() {
    let app = TestApp::start().await;
    let (anna, vera) = (
        app.account("anna@example.com").await,
        app.account("vera@example.org").await,
    );
    let foreign = ids_of(&anna).await;
    let unknown = Ids {
        user: UserId::generate().to_string(),
        group: GroupId::generate().to_string(),
        session: SessionId::generate().to_string(),
        key: ApiKeyId::generate().to_string(),
    };
    let (foreign_calls, unknown_calls) =
        (calls(&vera, &foreign).await, calls(&vera, &unknown).await);
    let by_id = [
        "UpdateUser",
        "SetPassword",
        "UpdateGroup",
        "DeleteGroup",
        "RevokeApiKey",
        "ListSessions",
        "KillSession",
        "GetUser",
        "GetGroup",
        "GetRights",
        "SetRights",
        "GetEffectiveRights",
    ];
    let mut compared = 0;
    let all = |(one, other): (Vec<_>, Vec<_>)| one.into_iter().chain(other);
    for ((method, one), (_, other)) in all(foreign_calls).zip(all(unknown_calls)) {
        if by_id.contains(&method) {
            compared += 1;
            assert_eq!(
                bytes(&one.expect(method), &foreign),
                bytes(&other.expect(method), &unknown),
                "{method}"
            );
        }
    }
    assert_eq!(compared, by_id.len());
}

async fn ids_of(anna: &crate::app::Employee) -> Ids {
    let user = anna.user.id.clone();
    let group = anna.add_group("Чужие").await.id;
    let session = anna.tokens.session_id.clone();
    let (key, _) = anna.add_key(&["inbox.read"]).await.expect("a key");
    Ids {
        user,
        group,
        session,
        key: key.id,
    }
}

/// Everything a refusal says, with the id that was asked for taken out.
fn bytes(status: &Status, ids: &Ids) -> (tonic::Code, String, String) {
    assert_eq!(status.code(), tonic::Code::NotFound, "{status:?}");
    let mut details = String::from_utf8_lossy(status.details()).into_owned();
    for id in [&ids.user, &ids.group, &ids.session, &ids.key] {
        details = details.replace(id.as_str(), "ID");
    }
    (status.code(), status.message().to_owned(), details)
}
