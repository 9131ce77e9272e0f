//! Templates of providers: told by connectors, sent outside of the dialogue as well, refused while they are not paid; and chats of
//! which a channel has several ids.

use std::time::Duration;

use api::connector::v1::{
    ChatIds, ConnectorManifest, DeliveryOutcome, DeliveryReport, RegisterConnectorRequest,
    ReportTemplatesRequest, ResolveChatsRequest,
};
use api::conversations::v1::get_writability_request::Place;
use api::conversations::v1::template_service_client::TemplateServiceClient;
use api::conversations::v1::{
    Connection, DeliveryStatus, GetWritabilityRequest, ListTemplatesRequest, ListTemplatesResponse,
    SendMessageRequest, SendMessageResponse, Template, TemplateCategory, TemplateParameter,
    TemplateUse, Writability,
};
use tonic::Status;

use crate::world::{CONNECTOR, World, refusal, report, with};

const DAY: Duration = Duration::from_secs(86_400);

fn template(key: &str, body: &str, parameters: &[&str]) -> Template {
    Template {
        key: key.to_owned(),
        language: "ru".to_owned(),
        name: key.to_owned(),
        category: TemplateCategory::Utility.into(),
        body: body.to_owned(),
        parameters: parameters.iter().map(|it| (*it).to_owned()).collect(),
        approved: true,
        paid: true,
    }
}

async fn tell(
    world: &World,
    connection: &Connection,
    templates: Vec<Template>,
) -> Result<(), Status> {
    let request = ReportTemplatesRequest {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.id.clone(),
        templates,
    };
    let told = world
        .hub()
        .report_templates(with(&world.connector, request))
        .await;
    told.map(drop)
}

/// A channel with a dialogue of a day, a client who wrote, and one template with a parameter.
async fn waba() -> (World, Connection, String) {
    let world = World::start().await;
    let manifest = ConnectorManifest {
        key: CONNECTOR.to_owned(),
        title: "WABA".to_owned(),
        reply_window_seconds: 86_400,
        ..ConnectorManifest::default()
    };
    let request = RegisterConnectorRequest {
        manifest: Some(manifest),
    };
    let registered = world
        .hub()
        .register_connector(with(&world.connector, request))
        .await;
    registered.expect("registered");
    let connection = world.connection().await;
    let hello = template("hello", "Здравствуйте, {{name}}!", &["name"]);
    tell(&world, &connection, vec![hello]).await.expect("told");
    let conversation = world.conversation(&connection, "anna").await;
    (world, connection, conversation)
}

fn hello(value: &str) -> TemplateUse {
    TemplateUse {
        key: "hello".to_owned(),
        language: "ru".to_owned(),
        parameters: vec![TemplateParameter {
            name: "name".to_owned(),
            value: value.to_owned(),
        }],
    }
}

async fn send(
    world: &World,
    conversation: &str,
    template: TemplateUse,
) -> Result<SendMessageResponse, Status> {
    let request = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        template: Some(template),
        request_id: "0192f0a0-0000-7000-8000-000000000001".to_owned(),
        ..SendMessageRequest::default()
    };
    let sent = world
        .conversations()
        .send_message(with(&world.admin, request))
        .await?;
    Ok(sent.into_inner())
}

async fn writability(world: &World, conversation: &str) -> Writability {
    let request = GetWritabilityRequest {
        place: Some(Place::ConversationId(conversation.to_owned())),
    };
    let reply = world
        .chats()
        .get_writability(with(&world.admin, request))
        .await;
    let reply = reply.expect("said").into_inner();
    reply.writability.expect("an answer")
}

#[tokio::test]
async fn a_template_goes_out_after_the_dialogue_with_its_parameters() {
    let (mut world, _, conversation) = waba().await;
    world.advance(DAY);
    let said = writability(&world, &conversation).await;
    assert!(!said.free_text && said.template);
    let sent = send(&world, &conversation, hello("Анна")).await;
    let message = sent.expect("sent").message.expect("a message");
    assert_eq!(message.text, "Здравствуйте, Анна!");
    let again = send(&world, &conversation, hello("Анна")).await;
    let again = again.expect("answered").message.expect("a message");
    assert_eq!(again.id, message.id, "a repeated call sends nothing");
    let delivery = world.take(10).await.next().await;
    assert_eq!(delivery.text, "Здравствуйте, Анна!");
    let template = delivery.template.expect("a template");
    assert_eq!((&template.key[..], &template.language[..]), ("hello", "ru"));
    assert_eq!(template.parameters, hello("Анна").parameters);
}

#[tokio::test]
async fn what_does_not_fit_a_template_is_refused() {
    let (world, connection, conversation) = waba().await;
    let none = TemplateUse {
        key: "bye".to_owned(),
        ..hello("x")
    };
    let refused = refusal(send(&world, &conversation, none).await);
    assert!(refused.contains("TEMPLATE_NOT_FOUND"), "{refused}");
    let empty = TemplateUse {
        parameters: Vec::new(),
        ..hello("x")
    };
    let refused = refusal(send(&world, &conversation, empty).await);
    assert!(
        refused.contains("must have a value for \"name\""),
        "{refused}"
    );
    let both = SendMessageRequest {
        conversation_id: conversation.clone(),
        text: "hi".to_owned(),
        template: Some(hello("x")),
        ..SendMessageRequest::default()
    };
    let sent = world
        .conversations()
        .send_message(with(&world.admin, both))
        .await;
    assert!(refusal(sent).contains("must not come with text or files"));
    // One that the provider has paused is shown and not sent.
    let paused = Template {
        approved: false,
        ..template("hello", "Здравствуйте, {{name}}!", &["name"])
    };
    tell(&world, &connection, vec![paused]).await.expect("told");
    let refused = refusal(send(&world, &conversation, hello("x")).await);
    assert!(refused.contains("TEMPLATE_NOT_FOUND"), "{refused}");
}

#[tokio::test]
async fn templates_that_are_not_paid_are_not_sent() {
    let (world, connection, conversation) = waba().await;
    let unpaid = Template {
        paid: false,
        ..template("hello", "Здравствуйте, {{name}}!", &["name"])
    };
    tell(&world, &connection, vec![unpaid.clone()])
        .await
        .expect("told");
    let said = writability(&world, &conversation).await;
    assert_eq!(
        (said.free_text, said.template, &said.template_reason[..]),
        (true, false, "TEMPLATES_UNPAID")
    );
    let refused = refusal(send(&world, &conversation, hello("x")).await);
    assert!(
        refused.starts_with("FailedPrecondition TEMPLATES_UNPAID"),
        "{refused}"
    );
    // Another one is paid: this one still is not.
    let other = template("other", "Привет", &[]);
    tell(&world, &connection, vec![unpaid, other])
        .await
        .expect("told");
    let refused = refusal(send(&world, &conversation, hello("x")).await);
    assert!(refused.contains("TEMPLATES_UNPAID"), "{refused}");
}

#[tokio::test]
async fn templates_are_listed_page_by_page_as_last_told() {
    let (world, connection, _) = waba().await;
    let all = ["a", "b", "c"].map(|key| template(key, "Привет", &[]));
    tell(&world, &connection, all.to_vec()).await.expect("told");
    let page = async |page_token: &str| -> ListTemplatesResponse {
        let request = ListTemplatesRequest {
            connection_id: connection.id.clone(),
            page_size: 2,
            page_token: page_token.to_owned(),
        };
        let listed = TemplateServiceClient::new(world.channel())
            .list_templates(with(&world.manager(), request))
            .await;
        listed.expect("listed").into_inner()
    };
    let first = page("").await;
    assert_eq!(first.templates, all[..2]);
    let second = page(&first.next_page_token).await;
    assert_eq!(
        (&second.templates[..], &second.next_page_token[..]),
        (&all[2..], "")
    );
    let twice = vec![all[0].clone(), all[0].clone()];
    let refused = refusal(tell(&world, &connection, twice).await);
    assert!(refused.contains("FIELD_INVALID"), "{refused}");
}

#[tokio::test]
async fn a_chat_is_the_same_under_all_its_ids() {
    let world = World::start().await;
    let connection = world.connection().await;
    let resolve = async |ids: &[&str]| {
        let request = ResolveChatsRequest {
            connector_key: CONNECTOR.to_owned(),
            connection_id: connection.id.clone(),
            chats: vec![ChatIds {
                ids: ids.iter().map(|it| (*it).to_owned()).collect(),
            }],
        };
        let resolved = world
            .hub()
            .resolve_chats(with(&world.connector, request))
            .await;
        resolved.expect("resolved").into_inner().external_chat_ids
    };
    // Whoever wrote by number before and hides it now stays in the chat of the number.
    world.conversation(&connection, "79991234567").await;
    assert_eq!(resolve(&["RU.1", "79991234567"]).await, ["79991234567"]);
    assert_eq!(resolve(&["RU.1"]).await, ["79991234567"]);
    // Who is new is known by the id that lasts longest.
    assert_eq!(resolve(&["RU.2", "79990000000"]).await, ["RU.2"]);
    assert_eq!(resolve(&["79990000000"]).await, ["RU.2"]);
    assert_eq!(resolve(&["RU.3"]).await, ["RU.3"]);
}

#[tokio::test]
async fn what_the_channel_says_later_resolves_an_answer_that_was_lost() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    world.answer(&conversation, "hello").await;
    let mut deliveries = world.take(10).await;
    let delivery = deliveries.next().await;
    let later = |outcome: DeliveryOutcome| DeliveryReport {
        lease_token: 0,
        ..report(&delivery, outcome)
    };
    let early = world.report(vec![later(DeliveryOutcome::Sent)]).await;
    assert_eq!(
        early,
        ["DELIVERY_NOT_FOUND"],
        "it was not given to the channel"
    );
    for outcome in [DeliveryOutcome::Sending, DeliveryOutcome::Unknown] {
        assert_eq!(world.report(vec![report(&delivery, outcome)]).await, [""]);
    }
    let status = async || world.messages(&conversation).await[1].delivery_status();
    assert_eq!(status().await, DeliveryStatus::Unknown);
    assert_eq!(world.report(vec![later(DeliveryOutcome::Sent)]).await, [""]);
    assert_eq!(status().await, DeliveryStatus::Sent);
    assert_eq!(
        world.report(vec![later(DeliveryOutcome::Failed)]).await,
        [""]
    );
    assert_eq!(status().await, DeliveryStatus::Failed);
    assert!(deliveries.is_quiet().await, "nothing is sent twice");
}
