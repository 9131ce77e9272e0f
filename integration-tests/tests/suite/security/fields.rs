//! Every field of the hub, of visitors' and of employees' calls: wrong, oversized or of an unknown kind, it is refused by
//! its name, and nothing is stored.

use api::connector::v1 as hub;
use api::conversations::v1 as conv;
use api::error::v1::ErrorReason;
use api::onlinechat::v1 as och;
use integration_tests::actors::{Admin, CONNECTOR, Connector, Visitor, written};
use integration_tests::calls::{reason, with_token};
use integration_tests::{Cluster, Seed, raw};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Spoils one field of a message.
type Change<M> = fn(&mut M);

/// An account with one of everything.
struct Office {
    cluster: Cluster,
    admin: Admin,
    connector: Connector,
    visitor: Visitor,
    conversation: conv::Conversation,
}

impl Office {
    async fn open(mode: och::OnlineChatMode) -> Self {
        let environment = vec![("BESEDA_RATE_LIMITS", "off".to_owned())];
        let cluster = Cluster::with_settings(integration_tests::Settings {
            environment,
            ..Default::default()
        })
        .await;
        let admin = cluster.account("office").await;
        let connector = admin.connector(conv::ConversationMode::NewAfterClose).await;
        let chat = admin.online_chat(mode).await;
        let visitor = Visitor::come(&cluster.url(), &chat.id, "")
            .await
            .expect("a visitor comes");
        let written = connector.write("chat", "1", "Здравствуйте").await;
        let conversation = admin.get(&written.conversation_id).await.expect("it");
        Self {
            cluster,
            admin,
            connector,
            visitor,
            conversation,
        }
    }

    /// Calls a method; it has to be refused for this field.
    async fn refuses(
        &self,
        path: &str,
        token: &str,
        message: &(impl Message + std::fmt::Debug),
        field: &str,
    ) {
        let answer = raw::call(
            &self.admin.channel(),
            path,
            token,
            message.encode_to_vec().into(),
        )
        .await;
        let status = answer.expect_err(&format!("{path} takes {field}: {message:?}"));
        assert_field(path, &status, field);
    }
}

#[track_caller]
fn assert_field(what: &str, status: &Status, field: &str) {
    assert_eq!(
        (status.code(), reason(status)),
        (Code::InvalidArgument, ErrorReason::FieldInvalid),
        "{what} {field}: {status:?}"
    );
    let violations = status
        .get_details_bad_request()
        .expect("violations")
        .field_violations;
    let named: Vec<String> = violations.into_iter().map(|it| it.field).collect();
    assert!(
        named.iter().any(|it| it == field),
        "{what}: {field} is not in {named:?}"
    );
}

fn long(characters: usize) -> String {
    "я".repeat(characters)
}

#[tokio::test]
async fn the_hub_refuses_wrong_events_one_by_one() {
    let office = Office::open(och::OnlineChatMode::OneActive).await;
    let good = |id: &str| office.connector.event("chat", id, written("да"));
    let message = |change: fn(&mut hub::IncomingMessage)| {
        let mut message = hub::IncomingMessage {
            text: "да".into(),
            ..Default::default()
        };
        change(&mut message);
        hub::ChannelEvent {
            event: Some(hub::channel_event::Event::Message(message)),
            ..good("wrong")
        }
    };
    let wrong = [
        (
            "connection_id",
            hub::ChannelEvent {
                connection_id: "chat".into(),
                ..good("wrong")
            },
        ),
        (
            "external_event_id",
            hub::ChannelEvent {
                external_event_id: String::new(),
                ..good("wrong")
            },
        ),
        (
            "external_event_id",
            hub::ChannelEvent {
                external_event_id: long(101),
                ..good("wrong")
            },
        ),
        (
            "external_chat_id",
            hub::ChannelEvent {
                external_chat_id: String::new(),
                ..good("wrong")
            },
        ),
        (
            "external_chat_id",
            hub::ChannelEvent {
                external_chat_id: long(101),
                ..good("wrong")
            },
        ),
        (
            "external_thread_id",
            hub::ChannelEvent {
                external_thread_id: long(101),
                ..good("wrong")
            },
        ),
        (
            "event_time",
            hub::ChannelEvent {
                event_time: Some(prost_types::Timestamp {
                    seconds: i64::MAX,
                    nanos: 0,
                }),
                ..good("wrong")
            },
        ),
        (
            "event",
            hub::ChannelEvent {
                event: None,
                ..good("wrong")
            },
        ),
        ("message.text", message(|it| it.text = String::new())),
        ("message.text", message(|it| it.text = long(16_385))),
        (
            "message.sender_name",
            message(|it| it.sender_name = long(201)),
        ),
        (
            "message.unsupported_kind",
            message(|it| it.unsupported_kind = long(101)),
        ),
        (
            "message.facts",
            message(|it| it.facts = (0..31).map(|n| (n.to_string(), String::new())).collect()),
        ),
        (
            "message.facts",
            message(|it| it.facts = [("page".to_owned(), long(2_001))].into()),
        ),
        (
            "read.seq",
            hub::ChannelEvent {
                event: Some(hub::channel_event::Event::Read(hub::ReadUpTo { seq: -1 })),
                ..good("wrong")
            },
        ),
    ];
    let mut events = vec![good("before")];
    events.extend(wrong.iter().map(|(_, event)| event.clone()));
    events.push(good("after"));
    let results = office.connector.publish(events).await.expect("published");
    let last = results.len() - 1;
    for ((field, event), result) in wrong.iter().zip(&results[1..last]) {
        assert_eq!(&result.reason[..], "FIELD_INVALID", "{event:?}");
        assert!(
            result.reason_text.contains(field),
            "{field} is not in {:?}",
            result.reason_text
        );
    }
    assert_eq!(
        (results[0].seq, results[last].seq),
        (2, 3),
        "the neighbours are stored"
    );
    assert_eq!(
        office.admin.messages(&office.conversation.id).await.len(),
        3,
        "and nothing else"
    );
}

#[tokio::test]
async fn the_hub_refuses_wrong_requests() {
    let office = Office::open(och::OnlineChatMode::OneActive).await;
    let (token, key) = (office.connector.secret.clone(), CONNECTOR.to_owned());
    let path = |method: &str| format!("/beseda.connector.v1.ConnectorHubService/{method}");
    let manifest = |change: fn(&mut hub::ConnectorManifest)| {
        let mut manifest = hub::ConnectorManifest {
            key: CONNECTOR.into(),
            title: "Т".into(),
            ..Default::default()
        };
        change(&mut manifest);
        hub::RegisterConnectorRequest {
            manifest: Some(manifest),
        }
    };
    let register = path("RegisterConnector");
    office
        .refuses(
            &register,
            &token,
            &manifest(|it| it.title = String::new()),
            "manifest.title",
        )
        .await;
    office
        .refuses(
            &register,
            &token,
            &manifest(|it| it.title = long(201)),
            "manifest.title",
        )
        .await;
    office
        .refuses(
            &register,
            &token,
            &manifest(|it| it.max_text_length = -1),
            "manifest.max_text_length",
        )
        .await;
    office
        .refuses(
            &path("Publish"),
            &token,
            &hub::PublishRequest {
                connector_key: key.clone(),
                events: vec![],
            },
            "events",
        )
        .await;
    for max_in_flight in [-1, 1_001, i32::MAX] {
        let take = hub::TakeDeliveriesRequest {
            connector_key: key.clone(),
            max_in_flight,
        };
        office
            .refuses(&path("TakeDeliveries"), &token, &take, "max_in_flight")
            .await;
    }
    let list = hub::ListChatMessagesRequest {
        connector_key: key.clone(),
        connection_id: office.connector.connection.clone(),
        external_chat_id: "chat".into(),
        ..Default::default()
    };
    let messages = path("ListChatMessages");
    office
        .refuses(
            &messages,
            &token,
            &hub::ListChatMessagesRequest {
                connection_id: "x".into(),
                ..list.clone()
            },
            "connection_id",
        )
        .await;
    office
        .refuses(
            &messages,
            &token,
            &hub::ListChatMessagesRequest {
                external_chat_id: String::new(),
                ..list.clone()
            },
            "external_chat_id",
        )
        .await;
    office
        .refuses(
            &messages,
            &token,
            &hub::ListChatMessagesRequest {
                external_thread_id: long(101),
                ..list.clone()
            },
            "external_thread_id",
        )
        .await;
    office
        .refuses(
            &messages,
            &token,
            &hub::ListChatMessagesRequest {
                page_size: -1,
                ..list.clone()
            },
            "page_size",
        )
        .await;
    let conversations = hub::ListChatConversationsRequest {
        connector_key: key,
        connection_id: "x".into(),
        ..Default::default()
    };
    office
        .refuses(
            &path("ListChatConversations"),
            &token,
            &conversations,
            "connection_id",
        )
        .await;
}

#[tokio::test]
async fn the_hub_refuses_wrong_reports_one_by_one() {
    let office = Office::open(och::OnlineChatMode::OneActive).await;
    let good = hub::DeliveryReport {
        delivery_id: types::DeliveryId::generate().to_string(),
        lease_token: 1,
        outcome: hub::DeliveryOutcome::Sent.into(),
        ..Default::default()
    };
    let cases = [
        ("DELIVERY_NOT_FOUND", good.clone()),
        (
            "FIELD_INVALID",
            hub::DeliveryReport {
                delivery_id: "x".into(),
                ..good.clone()
            },
        ),
        (
            "FIELD_INVALID",
            hub::DeliveryReport {
                outcome: 0,
                ..good.clone()
            },
        ),
        (
            "FIELD_INVALID",
            hub::DeliveryReport {
                outcome: 77,
                ..good.clone()
            },
        ),
        (
            "FIELD_INVALID",
            hub::DeliveryReport {
                external_message_id: long(101),
                ..good.clone()
            },
        ),
        (
            "FIELD_INVALID",
            hub::DeliveryReport {
                failure_text: long(501),
                outcome: hub::DeliveryOutcome::Failed.into(),
                ..good.clone()
            },
        ),
        (
            "FIELD_INVALID",
            hub::DeliveryReport {
                retry_after_ms: -1,
                outcome: hub::DeliveryOutcome::Retry.into(),
                ..good
            },
        ),
    ];
    let reports = cases.iter().map(|(_, report)| report.clone()).collect();
    let request = hub::ReportDeliveriesRequest {
        connector_key: CONNECTOR.into(),
        reports,
    };
    let answer = office
        .connector
        .hub()
        .report_deliveries(with_token(&office.connector.secret, request))
        .await;
    let results = answer.expect("an answer").into_inner().results;
    for ((reason, report), result) in cases.iter().zip(results) {
        assert_eq!(result.reason, *reason, "{report:?}");
    }
}

#[tokio::test]
async fn visitors_calls_refuse_wrong_fields() {
    let office = Office::open(och::OnlineChatMode::Multiple).await;
    let token = office.visitor.token().to_owned();
    let path = |method: &str| format!("/beseda.onlinechat.v1.VisitorService/{method}");
    let seed = Seed::take();
    let id = seed.uuid().to_string();
    let message = och::SendVisitorMessageRequest {
        client_message_id: id.clone(),
        text: "да".into(),
        thread_id: id.clone(),
        ..Default::default()
    };
    let send = path("SendVisitorMessage");
    for text in [String::new(), " \n ".to_owned(), long(4_097)] {
        office
            .refuses(
                &send,
                &token,
                &och::SendVisitorMessageRequest {
                    text,
                    ..message.clone()
                },
                "text",
            )
            .await;
    }
    for wrong in ["", "x", "msg_01h455vb4pex5vsknk084sn02q"] {
        office
            .refuses(
                &send,
                &token,
                &och::SendVisitorMessageRequest {
                    client_message_id: wrong.into(),
                    ..message.clone()
                },
                "client_message_id",
            )
            .await;
        office
            .refuses(
                &send,
                &token,
                &och::SendVisitorMessageRequest {
                    thread_id: wrong.into(),
                    ..message.clone()
                },
                "thread_id",
            )
            .await;
    }
    office
        .refuses(
            &path("ListVisitorMessages"),
            &token,
            &och::ListVisitorMessagesRequest {
                page_size: -1,
                ..Default::default()
            },
            "page_size",
        )
        .await;
    office
        .refuses(
            &path("ListVisitorMessages"),
            &token,
            &och::ListVisitorMessagesRequest {
                before_seq: -1,
                ..Default::default()
            },
            "before_seq",
        )
        .await;
    office
        .refuses(
            &path("WatchVisitor"),
            &token,
            &och::WatchVisitorRequest { after_seq: -1 },
            "after_seq",
        )
        .await;
    office
        .refuses(
            &path("MarkRead"),
            &token,
            &och::MarkReadRequest {
                thread_id: id.clone(),
                seq: -1,
            },
            "seq",
        )
        .await;
    office
        .refuses(
            &path("FinishConversation"),
            &token,
            &och::FinishConversationRequest {
                thread_id: "x".into(),
            },
            "thread_id",
        )
        .await;

    let start = och::StartVisitorSessionRequest {
        online_chat_id: "och_x".into(),
        ..Default::default()
    };
    let start_path = path("StartVisitorSession");
    office
        .refuses(&start_path, "", &start, "online_chat_id")
        .await;
    let long_fields: [(&str, Change<och::StartVisitorSessionRequest>); 6] = [
        ("visitor_name", |it| it.visitor_name = long(201)),
        ("language", |it| it.language = long(36)),
        ("page_url", |it| it.page_url = long(2_001)),
        ("page_title", |it| it.page_title = long(301)),
        ("referrer", |it| it.referrer = long(2_001)),
        ("embedding_origin", |it| it.embedding_origin = long(301)),
    ];
    for (field, change) in long_fields {
        let mut request = start.clone();
        change(&mut request);
        office.refuses(&start_path, "", &request, field).await;
    }
    assert_eq!(
        office.visitor.conversations().await.expect("a list"),
        [],
        "nothing was stored"
    );
}

#[tokio::test]
async fn employees_calls_refuse_wrong_fields() {
    let office = Office::open(och::OnlineChatMode::OneActive).await;
    let token = office.admin.token().await;
    let path = |method: &str| format!("/beseda.conversations.v1.{method}");
    let id = office.conversation.id.clone();
    let send = path("ConversationService/SendMessage");
    let message = conv::SendMessageRequest {
        conversation_id: id.clone(),
        text: "да".into(),
        request_id: String::new(),
        ..conv::SendMessageRequest::default()
    };
    for text in [String::new(), " \n ".to_owned(), long(4_097)] {
        office
            .refuses(
                &send,
                &token,
                &conv::SendMessageRequest {
                    text,
                    ..message.clone()
                },
                "text",
            )
            .await;
    }
    for wrong in [
        "x",
        "chat_01h455vb4pex5vsknk084sn02q",
        "conv_01h455vb4pex5vsknk084sn02",
        &long(100),
    ] {
        office
            .refuses(
                &send,
                &token,
                &conv::SendMessageRequest {
                    conversation_id: wrong.into(),
                    ..message.clone()
                },
                "conversation_id",
            )
            .await;
    }
    office
        .refuses(
            &send,
            &token,
            &conv::SendMessageRequest {
                request_id: "x".into(),
                ..message
            },
            "request_id",
        )
        .await;

    let start = path("ConversationService/StartConversation");
    office
        .refuses(
            &start,
            &token,
            &conv::StartConversationRequest {
                chat_id: id.clone(),
                text: "да".into(),
                ..Default::default()
            },
            "chat_id",
        )
        .await;
    let list = path("InboxService/ListConversations");
    office
        .refuses(
            &list,
            &token,
            &conv::ListConversationsRequest {
                page_size: -1,
                ..Default::default()
            },
            "page_size",
        )
        .await;
    office
        .refuses(
            &list,
            &token,
            &conv::ListConversationsRequest {
                life: 99,
                ..Default::default()
            },
            "life",
        )
        .await;
    office
        .refuses(
            &list,
            &token,
            &conv::ListConversationsRequest {
                answer: -3,
                ..Default::default()
            },
            "answer",
        )
        .await;
    office
        .refuses(
            &list,
            &token,
            &conv::ListConversationsRequest {
                connection_id: id.clone(),
                ..Default::default()
            },
            "connection_id",
        )
        .await;

    use conv::list_messages_request::Position;
    let messages = path("ConversationService/ListMessages");
    let page = |position| conv::ListMessagesRequest {
        conversation_id: id.clone(),
        page_size: 0,
        position: Some(position),
    };
    office
        .refuses(
            &messages,
            &token,
            &page(Position::AfterSeq(-1)),
            "after_seq",
        )
        .await;
    office
        .refuses(
            &messages,
            &token,
            &page(Position::AroundSeq(-1)),
            "around_seq",
        )
        .await;
    office
        .refuses(
            &messages,
            &token,
            &conv::ListMessagesRequest {
                page_size: -1,
                ..page(Position::AfterSeq(0))
            },
            "page_size",
        )
        .await;

    let create = path("ConnectionService/CreateConnection");
    let good = conv::Connection {
        connector_key: CONNECTOR.into(),
        title: "Т".into(),
        external_id: "new".into(),
        enabled: true,
        ..Default::default()
    };
    let changes: [(&str, Change<conv::Connection>); 5] = [
        ("connection.title", |it| it.title = String::new()),
        ("connection.title", |it| it.title = long(201)),
        ("connection.external_id", |it| it.external_id = long(201)),
        ("connection.connector_key", |it| {
            it.connector_key = "НЕТ".into();
        }),
        ("connection.conversation_mode", |it| {
            it.conversation_mode = 42;
        }),
    ];
    for (field, change) in changes {
        let mut connection = good.clone();
        change(&mut connection);
        office
            .refuses(
                &create,
                &token,
                &conv::CreateConnectionRequest {
                    connection: Some(connection),
                    ..Default::default()
                },
                field,
            )
            .await;
    }
    assert_eq!(
        office.admin.messages(&id).await.len(),
        1,
        "nothing was stored"
    );
    drop(office.cluster);
}
