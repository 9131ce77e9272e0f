//! A case for every method of the contracts.

mod access;
mod cabinet;
mod calls;
mod chats;
mod connectors;
mod crm;
mod crm_widget;
mod files;
mod filters;
mod inbox;
mod merge;
mod onlinechat;
mod search;
mod sync;

use std::collections::BTreeMap;

use api::connector::v1 as hub;
use api::conversations::v1 as conv;
use api::error::v1::ErrorReason as R;
use api::identity::v1 as id;
use integration_tests::actors::{CONNECTOR, written};
use prost::Message;

use super::{Case, Door, Theirs};

/// The cases, by path.
pub(super) fn cases(theirs: &Theirs) -> BTreeMap<&'static str, Case> {
    let mut cases = BTreeMap::new();
    identity_cases(theirs, &mut cases);
    crm::crm_cases(theirs, &mut cases);
    calls::cases(theirs, &mut cases);
    crm_widget::cases(theirs, &mut cases);
    merge::merge_cases(theirs, &mut cases);
    inbox::inbox_cases(theirs, &mut cases);
    conversations_cases(theirs, &mut cases);
    search::search_cases(&mut cases);
    filters::filter_cases(theirs, &mut cases);
    chats::chat_cases(theirs, &mut cases);
    access::access_cases(theirs, &mut cases);
    hub_cases(theirs, &mut cases);
    connectors::cases(theirs, &mut cases);
    files::cases(theirs, &mut cases);
    onlinechat::cases(theirs, &mut cases);
    cabinet::cases(&mut cases);
    sync::cases(theirs, &mut cases);
    cases
}

type Cases = BTreeMap<&'static str, Case>;

fn add(
    cases: &mut Cases,
    path: &'static str,
    door: Door,
    foreign: &impl Message,
    refusal: impl Into<Option<R>>,
    empty: impl Into<Option<R>>,
) {
    let case = Case {
        door,
        foreign: foreign.encode_to_vec().into(),
        refusal: refusal.into(),
        empty: empty.into(),
    };
    assert!(cases.insert(path, case).is_none(), "{path} has two cases");
}

fn identity_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::{Administrators, Everybody, Open};
    let user = theirs.admin.user().clone();
    let (user_id, group_id) = (user.id.clone(), theirs.group.id.clone());
    let session_id = "ses_01h455vb4pex5vsknk084sn02q".to_owned();
    let page_token = "bm9uc2Vuc2U".to_owned();

    add(
        cases,
        "/beseda.identity.v1.SessionService/LogIn",
        Open,
        &id::LogInRequest {
            email: user.email.clone(),
            password: "wrong".into(),
            ..Default::default()
        },
        R::CredentialsInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.SessionService/RefreshSession",
        Open,
        &id::RefreshSessionRequest {
            refresh_token: "wrong".into(),
        },
        R::TokenInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.SessionService/IssueClientToken",
        Open,
        &id::IssueClientTokenRequest {
            client_id: theirs.key.id.clone(),
            client_secret: "wrong".into(),
        },
        R::CredentialsInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.SessionService/LogOut",
        Everybody,
        &id::LogOutRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.SessionService/GetCaller",
        Everybody,
        &id::GetCallerRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.SessionService/ListSessions",
        Everybody,
        &id::ListSessionsRequest {
            user_id: user_id.clone(),
            ..Default::default()
        },
        R::UserNotFound,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.SessionService/KillSession",
        Everybody,
        &id::KillSessionRequest { session_id },
        R::SessionNotFound,
        R::FieldInvalid,
    );

    add(
        cases,
        "/beseda.identity.v1.AccountService/GetAccount",
        Everybody,
        &id::GetAccountRequest {},
        None,
        None,
    );
    let mask = |paths: &[&str]| {
        Some(prost_types::FieldMask {
            paths: paths.iter().map(|it| (*it).to_owned()).collect(),
        })
    };
    add(
        cases,
        "/beseda.identity.v1.AccountService/UpdateAccount",
        Administrators,
        &id::UpdateAccountRequest {
            account: Some(id::Account {
                id: "acc_01h455vb4pex5vsknk084sn02q".into(),
                ..Default::default()
            }),
            update_mask: mask(&["plan"]),
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );

    add(
        cases,
        "/beseda.identity.v1.UserService/CreateUser",
        Administrators,
        &id::CreateUserRequest {
            user: Some(id::User {
                email: "x@y.example".into(),
                name: "Х".into(),
                group_id: group_id.clone(),
                ..Default::default()
            }),
            password: "correct horse battery".into(),
            ..Default::default()
        },
        R::GroupNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.UserService/GetUser",
        Everybody,
        &id::GetUserRequest {
            user_id: user_id.clone(),
        },
        R::UserNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.UserService/ListUsers",
        Everybody,
        &id::ListUsersRequest {
            page_token: page_token.clone(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.UserService/UpdateUser",
        Administrators,
        &id::UpdateUserRequest {
            user: Some(id::User {
                name: "Чужой".into(),
                ..user.clone()
            }),
            update_mask: mask(&["name"]),
        },
        R::UserNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.UserService/SetPassword",
        Everybody,
        &id::SetPasswordRequest {
            user_id: user_id.clone(),
            new_password: "another correct horse".into(),
            ..Default::default()
        },
        R::UserNotFound,
        R::FieldInvalid,
    );

    add(
        cases,
        "/beseda.identity.v1.GroupService/CreateGroup",
        Administrators,
        &id::CreateGroupRequest {
            group: Some(id::Group::default()),
            ..Default::default()
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.GroupService/GetGroup",
        Everybody,
        &id::GetGroupRequest {
            group_id: group_id.clone(),
        },
        R::GroupNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.GroupService/ListGroups",
        Everybody,
        &id::ListGroupsRequest {
            page_token: page_token.clone(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.GroupService/UpdateGroup",
        Administrators,
        &id::UpdateGroupRequest {
            group: Some(id::Group {
                name: "Чужой".into(),
                ..theirs.group.clone()
            }),
            update_mask: mask(&["name"]),
        },
        R::GroupNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.GroupService/DeleteGroup",
        Administrators,
        &id::DeleteGroupRequest { group_id },
        R::GroupNotFound,
        R::FieldInvalid,
    );
    rights_cases(&user.id, cases);

    add(
        cases,
        "/beseda.identity.v1.ApiKeyService/CreateApiKey",
        Administrators,
        &id::CreateApiKeyRequest {
            api_key: Some(id::ApiKey {
                name: "x".into(),
                scopes: vec!["everything".into()],
                ..Default::default()
            }),
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.ApiKeyService/ListApiKeys",
        Administrators,
        &id::ListApiKeysRequest {
            page_token: page_token.clone(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.ApiKeyService/RevokeApiKey",
        Administrators,
        &id::RevokeApiKeyRequest {
            api_key_id: theirs.key.id.clone(),
        },
        R::ApiKeyNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.AuditService/ListAuditEntries",
        Administrators,
        &id::ListAuditEntriesRequest {
            page_token,
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
}

fn rights_cases(user_id: &str, cases: &mut Cases) {
    use Door::{Administrators, Everybody};
    let subject = Some(id::RightsSubject {
        subject: Some(id::rights_subject::Subject::UserId(user_id.to_owned())),
    });
    add(
        cases,
        "/beseda.identity.v1.RightsService/GetRights",
        Administrators,
        &id::GetRightsRequest {
            subject: subject.clone(),
        },
        R::UserNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.RightsService/SetRights",
        Administrators,
        &id::SetRightsRequest {
            rights: Some(id::Rights {
                subject,
                mail: Some(true),
                ..Default::default()
            }),
        },
        R::UserNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.identity.v1.RightsService/GetEffectiveRights",
        Everybody,
        &id::GetEffectiveRightsRequest {
            user_id: user_id.to_owned(),
        },
        R::UserNotFound,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.RightsService/GetRightsOptions",
        Everybody,
        &id::GetRightsOptionsRequest {},
        None,
        None,
    );
    add(
        cases,
        "/beseda.identity.v1.RightsService/SetRightsOptions",
        Administrators,
        &id::SetRightsOptionsRequest {
            options: Some(id::RightsOptions {
                subscription_beats_forbidden_stage: false,
                etag: "v77".to_owned(),
            }),
        },
        R::EtagMismatch,
        R::FieldInvalid,
    );
}

fn conversations_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::{Administrators, Everybody};
    let conversation_id = theirs.conversation.id.clone();
    let connection = conv::Connection {
        id: theirs.connector.connection.clone(),
        title: "Чужая".into(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/GetConversation",
        Everybody,
        &conv::GetConversationRequest {
            conversation_id: conversation_id.clone(),
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/ExportConversation",
        Everybody,
        &conv::ExportConversationRequest {
            conversation_id: conversation_id.clone(),
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/ListMessages",
        Everybody,
        &conv::ListMessagesRequest {
            conversation_id: conversation_id.clone(),
            ..Default::default()
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/SendMessage",
        Everybody,
        &conv::SendMessageRequest {
            conversation_id: conversation_id.clone(),
            text: "чужое".into(),
            ..Default::default()
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/StartConversation",
        Everybody,
        &conv::StartConversationRequest {
            chat_id: theirs.conversation.chat_id.clone(),
            text: "чужое".into(),
            ..Default::default()
        },
        R::ChatNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/MarkNoAnswerNeeded",
        Everybody,
        &conv::MarkNoAnswerNeededRequest {
            conversation_id: conversation_id.clone(),
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/LinkConversation",
        Everybody,
        &conv::LinkConversationRequest {
            conversation_id: conversation_id.clone(),
            ..Default::default()
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/ExplainVisibility",
        Everybody,
        &conv::ExplainVisibilityRequest {
            conversation_id: conversation_id.clone(),
            ..Default::default()
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/CloseConversation",
        Everybody,
        &conv::CloseConversationRequest {
            conversation_id: conversation_id.clone(),
            ..Default::default()
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConversationService/SendNps",
        Everybody,
        &conv::SendNpsRequest {
            conversation_id,
            ..Default::default()
        },
        R::ConversationNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConnectionService/CreateConnection",
        Administrators,
        &conv::CreateConnectionRequest {
            connection: Some(conv::Connection {
                connector_key: "nobody-s".into(),
                title: "Х".into(),
                external_id: "x".into(),
                ..Default::default()
            }),
            ..Default::default()
        },
        R::ConnectorNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConnectionService/GetConnection",
        Everybody,
        &conv::GetConnectionRequest {
            connection_id: connection.id.clone(),
        },
        R::ConnectionNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConnectionService/ListConnections",
        Everybody,
        &conv::ListConnectionsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.conversations.v1.ConnectionService/UpdateConnection",
        Administrators,
        &conv::UpdateConnectionRequest {
            connection: Some(connection),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["title".into()],
            }),
        },
        R::ConnectionNotFound,
        R::FieldInvalid,
    );
}

fn hub_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::Connectors;
    let connector_key = CONNECTOR.to_owned();
    let event = theirs.connector.event("chat", "new", written("чужое"));
    let report = hub::DeliveryReport {
        delivery_id: theirs.delivery.clone(),
        outcome: hub::DeliveryOutcome::Delivered.into(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/RegisterConnector",
        Connectors,
        &hub::RegisterConnectorRequest {
            manifest: Some(hub::ConnectorManifest {
                key: connector_key.clone(),
                ..Default::default()
            }),
        },
        R::FieldInvalid,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/WatchConnections",
        Connectors,
        &hub::WatchConnectionsRequest {
            connector_key: connector_key.clone(),
        },
        None,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/Publish",
        Connectors,
        &hub::PublishRequest {
            connector_key: connector_key.clone(),
            events: vec![event.clone()],
        },
        None,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/PublishStream",
        Connectors,
        &hub::PublishStreamRequest {
            connector_key: connector_key.clone(),
            events: vec![event],
        },
        None,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/TakeDeliveries",
        Connectors,
        &hub::TakeDeliveriesRequest {
            connector_key: connector_key.clone(),
            max_in_flight: -1,
        },
        R::FieldInvalid,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/ReportDeliveries",
        Connectors,
        &hub::ReportDeliveriesRequest {
            connector_key: connector_key.clone(),
            reports: vec![report],
        },
        None,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/ListChatMessages",
        Connectors,
        &hub::ListChatMessagesRequest {
            connector_key: connector_key.clone(),
            connection_id: theirs.connector.connection.clone(),
            external_chat_id: "chat".into(),
            ..Default::default()
        },
        R::ConnectionNotFound,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/ListChatConversations",
        Connectors,
        &hub::ListChatConversationsRequest {
            connector_key,
            connection_id: theirs.connector.connection.clone(),
            external_chat_id: "chat".into(),
            include_closed: true,
        },
        R::ConnectionNotFound,
        R::ScopeMissing,
    );
}
