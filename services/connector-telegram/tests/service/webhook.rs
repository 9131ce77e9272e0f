//! Updates that Telegram brings by itself.

use std::collections::HashMap;

use api::connector::internal::v1::ReceiveRequest;
use api::conversations::v1::{Connection, ConnectionState};
use auth::Principal;
use serde_json::{Value, json};
use testkit::wait_for;
use tonic::Code;

use crate::telegram::{ANNA, BORIS, TOKEN, Webhook, Withheld};
use crate::world::{World, with};

const SECRET: &str = "X-Telegram-Bot-Api-Secret-Token";

async fn bot() -> (World, Connection, Webhook) {
    let world = World::start().await;
    let settings = json!({"token": TOKEN, "receive": "webhook"});
    let connection = world.bot(&settings).await;
    let webhook = wait_for("a webhook", async || world.telegram.webhook()).await;
    world.until(&connection, ConnectionState::Working).await;
    (world, connection, webhook)
}

fn call(connection: &Connection, secret: &str, body: impl Into<Vec<u8>>) -> ReceiveRequest {
    ReceiveRequest {
        method: "POST".to_owned(),
        path: connection.id.clone(),
        headers: HashMap::from([(SECRET.to_lowercase(), secret.to_owned())]),
        body: body.into(),
        ..ReceiveRequest::default()
    }
}

/// What the connector answers to a call that the gateway passes on.
async fn status(world: &World, call: ReceiveRequest) -> i32 {
    let gateway = world.identity.token(Principal::Service {
        name: "gateway".to_owned(),
    });
    let reply = world.hooks().receive(with(&gateway, call)).await;
    reply.expect("an answer").into_inner().status
}

fn bytes(update: &Value) -> Vec<u8> {
    update.to_string().into_bytes()
}

#[tokio::test]
async fn what_telegram_brings_is_stored_once_however_often_it_is_brought() {
    let (world, connection, webhook) = bot().await;
    let expected = format!("https://chat.example.com/hooks/telegram/{}", connection.id);
    assert_eq!(webhook.url, expected);
    let first = world.telegram.text(ANNA, "one");
    let second = world.telegram.text(ANNA, "two");
    for update in [&first, &second, &first, &second] {
        let call = call(&connection, &webhook.secret, bytes(update));
        assert_eq!(status(&world, call).await, 200);
    }
    let messages = world.all_messages(2).await;
    let texts: Vec<&str> = messages[0].iter().map(|it| &it.text[..]).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[tokio::test]
async fn a_file_that_does_not_come_is_fetched_once_however_often_its_message_is_brought() {
    let (world, connection, webhook) = bot().await;
    let telegram = &world.telegram;
    telegram.keep_file("list", b"eggs, milk");
    telegram.withhold("list", Some(Withheld::Silent));
    let list = json!({"caption": "the list", "document": {"file_id": "list", "file_name": "list.txt", "file_size": 10}});
    let list = telegram.write(ANNA, list);
    let second = telegram.text(ANNA, "two");
    let other = telegram.text(BORIS, "hello");
    let brought = async |update: &Value| {
        let call = call(&connection, &webhook.secret, bytes(update));
        status(&world, call).await
    };
    let asked = async || (telegram.calls("getFile") == 1).then_some(());
    // Telegram hangs up before there is an answer; what comes to other chats is stored meanwhile.
    tokio::select! {
        status = brought(&list) => panic!("answered {status} before it is stored"),
        () = wait_for("the file is asked for", asked) => {}
    }
    tokio::select! {
        status = brought(&second) => panic!("answered {status} before it is stored"),
        status = brought(&other) => assert_eq!(status, 200),
    }
    assert_eq!(world.all_messages(1).await[0][0].text, "hello");
    // It calls again, and is answered when everything is stored.
    let answers = async { tokio::join!(brought(&list), brought(&second)) };
    let ((first, later), ()) = tokio::join!(answers, async { telegram.withhold("list", None) });
    assert_eq!((first, later), (200, 200));
    assert_eq!(brought(&list).await, 200);
    let mut all = world.all_messages(3).await;
    all.retain(|it| it.len() == 2);
    let texts: Vec<&str> = all[0].iter().map(|it| &it.text[..]).collect();
    assert_eq!(texts, ["the list", "two"]);
    assert_eq!(all[0][0].attachments[0].file_name, "list.txt");
    assert_eq!(telegram.calls("getFile"), 1);
}

#[tokio::test]
async fn only_telegram_is_believed_and_nothing_holds_up_what_comes_after_it() {
    let (world, connection, webhook) = bot().await;
    let update = bytes(&world.telegram.text(ANNA, "one"));
    let secret = &webhook.secret;
    for (wrong, expected) in [
        (call(&connection, "guess", update.clone()), 401),
        (call(&connection, "", update.clone()), 401),
        (
            call(&connection, &format!("{secret}x"), update.clone()),
            401,
        ),
        (
            ReceiveRequest {
                path: "cxn_01h455vb4pex5vsknk084sn02q".to_owned(),
                ..call(&connection, secret, update.clone())
            },
            404,
        ),
        (
            ReceiveRequest {
                method: "GET".to_owned(),
                ..call(&connection, secret, update.clone())
            },
            405,
        ),
        (call(&connection, secret, "nonsense"), 200),
        (call(&connection, secret, r#"{"update_id": 1}"#), 200),
    ] {
        assert_eq!(status(&world, wrong).await, expected);
    }
    assert!(world.conversations().await.is_empty());
    assert_eq!(status(&world, call(&connection, secret, update)).await, 200);
    assert_eq!(world.all_messages(1).await.len(), 1);
}

#[tokio::test]
async fn nobody_but_our_services_passes_calls_on() {
    let (world, connection, webhook) = bot().await;
    let update = bytes(&world.telegram.text(ANNA, "one"));
    let request = with(&world.admin, call(&connection, &webhook.secret, update));
    let refused = world.hooks().receive(request).await.expect_err("refused");
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_bot_changes_from_webhook_to_polling_and_back() {
    let (world, connection, _) = bot().await;
    world.set(&connection, json!({"receive": "polling"})).await;
    let gone = async || world.telegram.webhook().is_none().then_some(());
    wait_for("no webhook", gone).await;
    // What came while there was a webhook is not lost.
    world.telegram.text(ANNA, "one");
    world.all_messages(1).await;
    world.set(&connection, json!({"receive": "webhook"})).await;
    wait_for("a webhook", async || world.telegram.webhook()).await;
}
