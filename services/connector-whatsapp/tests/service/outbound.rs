//! What employees write.

use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::template_service_client::TemplateServiceClient;
use api::conversations::v1::upload_attachment_request::Part;
use api::conversations::v1::{
    Connection, DeliveryStatus, ListTemplatesRequest, SendMessageRequest, Template,
    TemplateCategory, TemplateParameter, TemplateUse, UploadAttachmentRequest, UploadHeader,
};
use serde_json::json;
use testkit::wait_for;
use tonic::Status;

use crate::cloud::{ANNA_ID, Fault};
use crate::world::{World, payload};

const PIXEL: &[u8] = include_bytes!("pixel.png");

async fn upload(world: &World, name: &str, contents: &[u8]) -> String {
    let header = UploadHeader {
        file_name: name.to_owned(),
        ..UploadHeader::default()
    };
    let parts = [Part::Header(header), Part::Chunk(contents.to_vec())];
    let parts = parts.map(|part| UploadAttachmentRequest { part: Some(part) });
    let request = world.with(futures::stream::iter(parts));
    let uploaded = world.attachments().upload_attachment(request).await;
    let uploaded = uploaded.expect("uploaded").into_inner();
    uploaded.attachment.expect("a file").id
}

#[tokio::test]
async fn a_text_goes_to_the_person_and_its_statuses_come_back() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let anna = world.anna(&connection).await;
    world.answer(&anna, "hello", Vec::new()).await;
    let sent = world.sent(1).await.remove(0);
    assert_eq!(
        (&sent.to[..], &sent.content["body"]),
        (ANNA_ID, &json!("hello"))
    );
    assert!(sent.data.starts_with("dlv_"), "{}", sent.data);
    // Statuses come twice and in any order; they move forward only.
    for status in ["delivered", "sent", "read", "delivered", "sent"] {
        world.status(&connection, &sent, status).await;
    }
    world.until_status(&anna, DeliveryStatus::Read).await;
    world.status(&connection, &sent, "failed").await;
    world.until_status(&anna, DeliveryStatus::Read).await;
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_sent_once_and_its_status_tells() {
    let mut world = World::start().await;
    let connection = world.working_number().await;
    let anna = world.anna(&connection).await;
    world.cloud.fail(&[Fault::Cut]);
    world.answer(&anna, "once", Vec::new()).await;
    world.until_status(&anna, DeliveryStatus::Unknown).await;
    world.restart().await;
    let sent = world.sent(1).await;
    world.status(&connection, &sent[0], "sent").await;
    world.until_status(&anna, DeliveryStatus::Sent).await;
    world.answer(&anna, "after", Vec::new()).await;
    let texts: Vec<_> = world
        .sent(2)
        .await
        .into_iter()
        .map(|it| it.content["body"].clone())
        .collect();
    assert_eq!(texts, ["once", "after"]);
}

#[tokio::test]
async fn answers_arrive_in_their_order_also_when_whatsapp_is_busy_or_fails() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let anna = world.anna(&connection).await;
    world
        .cloud
        .fail(&[Fault::Code(130_429, 429), Fault::Code(131_016, 503)]);
    for text in ["one", "two", "three"] {
        world.answer(&anna, text, Vec::new()).await;
    }
    let texts: Vec<_> = world
        .sent(3)
        .await
        .into_iter()
        .map(|it| it.content["body"].clone())
        .collect();
    assert_eq!(texts, ["one", "two", "three"]);
}

#[tokio::test]
async fn files_arrive_whole_each_as_a_message() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let anna = world.anna(&connection).await;
    let pixel = upload(&world, "pixel.png", PIXEL).await;
    let note = upload(&world, "note.txt", b"a note").await;
    world.answer(&anna, "look", vec![pixel, note]).await;
    let sent = world.sent(2).await;
    assert_eq!(
        (&sent[0].kind[..], &sent[0].content["caption"]),
        ("image", &json!("look"))
    );
    let (kind, _, contents) = sent[0].file.clone().expect("a file");
    assert_eq!((&kind[..], &contents[..]), ("image/png", PIXEL));
    assert_eq!(
        (&sent[1].kind[..], &sent[1].content["filename"]),
        ("document", &json!("note.txt"))
    );
    assert_eq!(sent[1].file.clone().expect("a file").2, b"a note");
    // The last one tells of both, and an early word of the first one does not.
    world.status(&connection, &sent[0], "read").await;
    world.until_status(&anna, DeliveryStatus::Sent).await;
    world.status(&connection, &sent[1], "delivered").await;
    world.until_status(&anna, DeliveryStatus::Delivered).await;
}

#[tokio::test]
async fn what_whatsapp_refuses_is_told_to_the_employee() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let anna = world.anna(&connection).await;
    world.cloud.close_dialogues();
    world.answer(&anna, "late", Vec::new()).await;
    let failed = world.until_status(&anna, DeliveryStatus::Failed).await;
    assert!(
        failed.failure_text.contains("24-hour"),
        "{}",
        failed.failure_text
    );
    world.cloud.fail(&[Fault::Code(131_026, 400)]);
    world.answer(&anna, "nobody", Vec::new()).await;
    let reached = async || {
        let newest = world.messages(&anna).await.pop()?;
        let is_told = newest.failure_text.contains("cannot be reached");
        is_told.then_some(())
    };
    wait_for("it is told that nobody is there", reached).await;
}

fn hello() -> serde_json::Value {
    json!({"id": "1", "name": "hello", "language": "ru", "status": "APPROVED", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Здравствуйте, {{1}}!"}]})
}

async fn templates(world: &World, connection: &Connection) -> Vec<Template> {
    let request = ListTemplatesRequest {
        connection_id: connection.id.clone(),
        ..ListTemplatesRequest::default()
    };
    let listed = TemplateServiceClient::new(world.hub.clone())
        .list_templates(world.with(request))
        .await;
    listed.expect("listed").into_inner().templates
}

async fn send_hello(world: &World, conversation: &str) -> Result<(), Status> {
    let request = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        template: Some(TemplateUse {
            key: "hello".to_owned(),
            language: "ru".to_owned(),
            parameters: vec![TemplateParameter {
                name: "1".to_owned(),
                value: "Анна".to_owned(),
            }],
        }),
        ..SendMessageRequest::default()
    };
    let sent = ConversationServiceClient::new(world.hub.clone())
        .send_message(world.with(request))
        .await;
    sent.map(drop)
}

#[tokio::test]
async fn templates_are_known_sent_and_refused_when_nobody_pays() {
    let world = World::start().await;
    let paused = json!({"name": "paused", "language": "ru", "status": "PAUSED", "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Скидки"}]});
    let plain = json!({"name": "plain", "language": "ru", "status": "APPROVED", "category": "AUTHENTICATION",
        "components": [{"type": "BODY", "text": "Код"}]});
    world.cloud.set_templates(vec![hello(), paused, plain]);
    let connection = world.working_number().await;
    let known = async || {
        let all = templates(&world, &connection).await;
        (all.len() == 3).then_some(all)
    };
    let all = wait_for("the templates are told", known).await;
    let shown: Vec<_> = all
        .iter()
        .map(|it| (&it.key[..], it.category(), it.approved, it.paid))
        .collect();
    assert_eq!(
        shown,
        [
            ("hello", TemplateCategory::Utility, true, true),
            ("paused", TemplateCategory::Marketing, false, true),
            ("plain", TemplateCategory::Authentication, true, true)
        ]
    );
    let anna = world.anna(&connection).await;
    world.cloud.close_dialogues();
    send_hello(&world, &anna).await.expect("sent");
    let sent = world.sent(1).await.remove(0);
    assert_eq!(
        (
            &sent.kind[..],
            &sent.content["components"][0]["parameters"][0]["text"]
        ),
        ("template", &json!("Анна"))
    );
    // The card is gone: WhatsApp refuses the next one, and from then on nobody may send any.
    world.cloud.set_funding(None);
    send_hello(&world, &anna).await.expect("queued");
    world.until_status(&anna, DeliveryStatus::Failed).await;
    let refused = async || send_hello(&world, &anna).await.err();
    let refused = wait_for("templates count as unpaid", refused).await;
    let reason = kit::refusal::reason_of(&refused);
    assert_eq!(reason, Some(api::error::v1::ErrorReason::TemplatesUnpaid));
}

#[tokio::test]
async fn a_change_of_templates_is_heard_of() {
    let world = World::start().await;
    let connection = world.working_number().await;
    world.cloud.set_templates(vec![hello()]);
    let mut changed = payload(&json!({}));
    changed["entry"][0]["changes"] = json!([{"field": "message_template_status_update",
        "value": {"event": "APPROVED", "message_template_name": "hello"}}]);
    assert_eq!(world.call(&connection, &changed).await, 200);
    let known = async || templates(&world, &connection).await.pop();
    assert_eq!(wait_for("the template is told", known).await.key, "hello");
}
