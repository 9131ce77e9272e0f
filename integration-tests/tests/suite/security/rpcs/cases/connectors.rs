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
}
