//! Files of messages.

use api::connector::v1 as hub;
use api::conversations::v1 as conv;
use api::error::v1::ErrorReason as R;
use integration_tests::actors::CONNECTOR;

use super::{Cases, Door, Theirs, add};

pub(super) fn cases(theirs: &Theirs, cases: &mut Cases) {
    attachment_cases(cases);
    hub_media_cases(theirs, cases);
}

fn attachment_cases(cases: &mut Cases) {
    use Door::Everybody;
    let attachment_id = "att_01h455vb4pex5vsknk084sn02q".to_owned();
    add(
        cases,
        "/beseda.conversations.v1.AttachmentService/UploadAttachment",
        Everybody,
        &conv::UploadAttachmentRequest {
            part: Some(conv::upload_attachment_request::Part::Chunk(vec![1])),
        },
        R::FieldInvalid,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.conversations.v1.AttachmentService/DownloadAttachment",
        Everybody,
        &conv::DownloadAttachmentRequest {
            attachment_id,
            ..Default::default()
        },
        R::AttachmentNotFound,
        R::FieldInvalid,
    );
}

fn hub_media_cases(theirs: &Theirs, cases: &mut Cases) {
    use Door::Connectors;
    let header = hub::UploadMediaHeader {
        connector_key: CONNECTOR.to_owned(),
        connection_id: theirs.connector.connection.clone(),
        external_chat_id: "chat".into(),
        ..Default::default()
    };
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/UploadMediaPart",
        Connectors,
        &hub::UploadMediaPartRequest {
            header: Some(header.clone()),
            upload_id: "018f0000-0000-7000-8000-00000000000a".into(),
            size: 1,
            chunk: b"x".to_vec(),
            ..Default::default()
        },
        R::ConnectionNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/UploadMedia",
        Connectors,
        &hub::UploadMediaRequest {
            part: Some(hub::upload_media_request::Part::Header(header)),
        },
        R::ConnectionNotFound,
        R::FieldInvalid,
    );
    add(
        cases,
        "/beseda.connector.v1.ConnectorHubService/DownloadMedia",
        Connectors,
        &hub::DownloadMediaRequest {
            connector_key: CONNECTOR.to_owned(),
            connection_id: theirs.connector.connection.clone(),
            external_chat_id: "chat".into(),
            attachment_id: "att_01h455vb4pex5vsknk084sn02q".into(),
            ..Default::default()
        },
        R::ConnectionNotFound,
        R::ScopeMissing,
    );
}
