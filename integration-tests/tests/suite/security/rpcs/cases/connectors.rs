//! What connectors need, and how they are.

use api::connector::v1 as hub;
use api::conversations::v1 as conv;
use api::error::v1::ErrorReason as R;
use integration_tests::actors::CONNECTOR;

use super::{Cases, Door, Theirs, add};

pub(super) fn cases(theirs: &Theirs, cases: &mut Cases) {
    add(
        cases,
        "/beseda.conversations.v1.ConnectionService/ListConnectors",
        Door::Administrators,
        &conv::ListConnectorsRequest {},
        None,
        None,
    );
    // What is said of a connection that is not the connector's is left out: the answer tells nothing.
    let report = hub::HealthReport {
        connection_id: theirs.connector.connection.clone(),
        state: conv::ConnectionState::Broken.into(),
        text: "Чужая".into(),
    };
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/ReportHealth",
        Door::Connectors,
        &hub::ReportHealthRequest {
            connector_key: CONNECTOR.to_owned(),
            reports: vec![report],
        },
        None,
        R::ScopeMissing,
    );
    quarantine(cases);
    let connection_id = theirs.connector.connection.clone();
    add(
        cases,
        "/beseda.conversations.v1.TemplateService/ListTemplates",
        Door::Everybody,
        &conv::ListTemplatesRequest {
            connection_id: connection_id.clone(),
            ..Default::default()
        },
        R::ConnectionNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/ReportTemplates",
        Door::Connectors,
        &hub::ReportTemplatesRequest {
            connector_key: CONNECTOR.to_owned(),
            connection_id: connection_id.clone(),
            templates: Vec::new(),
        },
        R::ConnectionNotFound,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/ReportPicture",
        Door::Connectors,
        &hub::ReportPictureRequest {
            connector_key: CONNECTOR.to_owned(),
            connection_id: connection_id.clone(),
            external_chat_id: "chat".to_owned(),
            picture_id: "picture".to_owned(),
            ..Default::default()
        },
        R::ConnectionNotFound,
        R::ScopeMissing,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/ResolveChats",
        Door::Connectors,
        &hub::ResolveChatsRequest {
            connector_key: CONNECTOR.to_owned(),
            connection_id,
            chats: vec![hub::ChatIds {
                ids: vec!["chat".to_owned()],
            }],
        },
        R::ConnectionNotFound,
        R::ScopeMissing,
    );
}

/// Ids of others are as unknown as ids of nothing: the answers tell nothing of them.
fn quarantine(cases: &mut Cases) {
    let ids = vec![types::QuarantinedEventId::generate().to_string()];
    add(
        cases,
        "/beseda.connector.v1.QuarantineService/ListQuarantinedEvents",
        Door::Administrators,
        &hub::ListQuarantinedEventsRequest {
            page_token: "bm9uc2Vuc2U".into(),
            ..Default::default()
        },
        R::PageTokenMismatch,
        None,
    );
    add(
        cases,
        "/beseda.connector.v1.QuarantineService/RedriveQuarantinedEvents",
        Door::Administrators,
        &hub::RedriveQuarantinedEventsRequest { ids: ids.clone() },
        None,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.connector.v1.QuarantineService/DiscardQuarantinedEvents",
        Door::Administrators,
        &hub::DiscardQuarantinedEventsRequest { ids },
        None,
        R::FieldInvalid,
    );
}
