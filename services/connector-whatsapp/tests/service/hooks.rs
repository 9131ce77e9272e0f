//! WhatsApp's calls: verification, signature, whose they are.

use api::connector::internal::v1::client_service_client::ClientServiceClient;
use api::connector::internal::v1::{CheckClientRequest, ClientState, ReceiveRequest};
use api::conversations::v1::{Connection, ConnectionState};
use serde_json::json;
use tonic::Code;

use crate::cloud::{Fault, NEW_TOKEN, TOKEN};
use crate::world::{World, payload, settings, sign, with};

fn verification(connection: &Connection, query: &str) -> ReceiveRequest {
    ReceiveRequest {
        method: "GET".to_owned(),
        path: connection.id.clone(),
        query: query.to_owned(),
        ..ReceiveRequest::default()
    }
}

#[tokio::test]
async fn an_address_is_verified_with_the_word_that_was_entered() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let asked = "hub.mode=subscribe&hub.verify_token=our-word&hub.challenge=1158201444";
    let answer = world.receive(verification(&connection, asked)).await;
    assert_eq!((answer.status, &answer.body[..]), (200, "1158201444"));
    for wrong in [
        "hub.mode=subscribe&hub.verify_token=other&hub.challenge=1",
        "hub.mode=subscribe&hub.challenge=1",
        "hub.mode=unsubscribe&hub.verify_token=our-word&hub.challenge=1",
    ] {
        let answer = world.receive(verification(&connection, wrong)).await;
        assert_eq!(answer.status, 403, "{wrong}");
    }
}

#[tokio::test]
async fn only_what_whatsapp_signed_is_taken() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let message =
        json!({"from": "79991234567", "id": "wamid.1", "type": "text", "text": {"body": "я"}});
    // WhatsApp escapes what is not ASCII: the signature is over the bytes as they come.
    let body = payload(&json!({"messages": [message]})).to_string();
    let body = body.replace('я', "\\u044f").into_bytes();
    let signature = sign(&body);
    let mut changed = body.clone();
    changed.push(b' ');
    for (signature, body) in [
        (String::new(), body.clone()),
        (signature.replace("sha256=", "sha1="), body.clone()),
        (sign(b"another"), body.clone()),
        (signature.clone(), changed),
    ] {
        let status = world.call_signed(&connection, &signature, body).await;
        assert_eq!(status, 401);
    }
    assert!(world.conversations().await.is_empty());
    let status = world.call_signed(&connection, &signature, body).await;
    assert_eq!(status, 200);
    assert_eq!(world.all_messages(1).await[0][0].text, "я");
    let nonsense = b"no JSON".to_vec();
    let status = world
        .call_signed(&connection, &sign(&nonsense), nonsense)
        .await;
    assert_eq!(status, 200, "it would come for a week");
}

#[tokio::test]
async fn only_the_gateway_passes_calls_on() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let request = with(&world.admin, verification(&connection, ""));
    let refused = world.hooks().receive(request).await.expect_err("refused");
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_revoked_token_is_told_until_another_is_entered() {
    let mut world = World::start().await;
    let connection = world.working_number().await;
    let anna = world.anna(&connection).await;
    world.cloud.revoke();
    world.answer(&anna, "waits", Vec::new()).await;
    let health = world.until(&connection, ConnectionState::Broken).await;
    assert!(health.text.contains("token"), "{}", health.text);
    assert!(world.cloud.sent().is_empty());
    // What clients write is signed with another secret: it is taken in all the same, also after a restart.
    world.restart().await;
    let late = json!({"id": "wamid.A2", "type": "text", "text": {"body": "are you there?"}});
    world.write(&connection, late).await;
    let messages = world.messages(&anna).await;
    assert!(messages.iter().any(|it| it.text == "are you there?"));
    world.set(&connection, settings(NEW_TOKEN)).await;
    world.until(&connection, ConnectionState::Working).await;
    assert_eq!(world.sent(1).await[0].content["body"], "waits");
}

#[tokio::test]
async fn a_number_that_answers_and_may_not_send_is_told() {
    let world = World::start().await;
    let connection = world.working_number().await;
    let anna = world.anna(&connection).await;
    world.cloud.fail(&[Fault::Code(131_031, 403)]);
    world.answer(&anna, "waits", Vec::new()).await;
    let health = world.until(&connection, ConnectionState::Broken).await;
    assert!(health.text.contains("restricted"), "{}", health.text);
    // Only one call was to fail: nothing else was tried.
    assert!(world.cloud.sent().is_empty());
    world.cloud.revoke();
    world.set(&connection, settings(NEW_TOKEN)).await;
    world.until(&connection, ConnectionState::Working).await;
    assert_eq!(world.sent(1).await[0].content["body"], "waits");
}

#[tokio::test]
async fn who_is_registered_is_asked_where_the_provider_can_say_it() {
    let world = World::start().await;
    let connection = world.working_number().await;
    world.cloud.unregister("79990000000");
    let check = async |phone: &str| {
        let request = CheckClientRequest {
            connection_id: connection.id.clone(),
            phone: phone.to_owned(),
        };
        let answer = ClientServiceClient::new(world.port.clone())
            .check_client(with(&world.gateway, request))
            .await;
        let answer = answer.expect("said").into_inner();
        (answer.state(), answer.external_chat_id)
    };
    let known = (ClientState::Registered, "79991234567".to_owned());
    assert_eq!(check("79991234567").await, known);
    assert_eq!(check("79990000000").await.0, ClientState::NotRegistered);
    world.cloud.revoke();
    assert_eq!(
        check("79991234567").await.0,
        ClientState::CredentialsRefused
    );
}

#[tokio::test]
async fn without_the_node_of_contacts_nobody_can_say_who_is_registered() {
    let world = World::start().await;
    let mut plain = settings(TOKEN);
    plain["number_check"] = json!("none");
    let connection = world.number(&plain).await;
    world.until(&connection, ConnectionState::Working).await;
    let request = CheckClientRequest {
        connection_id: connection.id.clone(),
        phone: "79991234567".to_owned(),
    };
    let answer = ClientServiceClient::new(world.port.clone())
        .check_client(with(&world.gateway, request))
        .await;
    assert_eq!(
        answer.expect("said").into_inner().state(),
        ClientState::Unspecified
    );
}
