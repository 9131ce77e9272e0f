//! A person in a real browser and an employee talk to each other.

pub mod cabinet;
mod files;

use api::conversations::v1::{ChangeKind, SendMessageRequest};
use api::onlinechat::v1::OnlineChatMode;
use integration_tests::actors::{Admin, Watch};
use integration_tests::browser::Browser;
use integration_tests::{Cluster, Service};

/// An installation whose demo page shows an online chat.
async fn shop() -> (Cluster, Admin) {
    let cluster = Cluster::start().await;
    let admin = cluster.account("shop").await;
    let chat = admin.online_chat(OnlineChatMode::OneActive).await;
    cluster
        .restart_with(Service::Gateway, &[("BESEDA_DEMO_CHAT", chat.id)])
        .await;
    (cluster, admin)
}

/// The next message of the visitor: conversation and text.
async fn written(inbox: &mut Watch<'_>) -> (String, String) {
    loop {
        let change = inbox.next().await;
        if matches!(
            change.kind(),
            ChangeKind::Created | ChangeKind::MessageAdded
        ) {
            let message = change.message.expect("the message");
            if message
                .author
                .as_ref()
                .is_some_and(|author| author.user_id.is_empty())
            {
                return (message.conversation_id, message.text);
            }
        }
    }
}

/// Uploads a file as the page of an employee's desk does, and sends it.
async fn send_file(
    cluster: &Cluster,
    admin: &Admin,
    conversation: &str,
    name: &str,
    contents: &[u8],
) {
    let bearer = format!("Bearer {}", admin.token().await);
    let taken = integration_tests::http::request(
        cluster.addr(Service::Gateway),
        "POST",
        &format!("/files?name={name}"),
        &[("authorization", &bearer)],
        contents,
    )
    .await
    .expect("an answer");
    assert_eq!(taken.status(), 201, "{:?}", taken.body());
    let file: serde_json::Value = serde_json::from_slice(taken.body()).expect("JSON");
    let message = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        attachment_ids: vec![file["id"].as_str().expect("an id").to_owned()],
        ..SendMessageRequest::default()
    };
    let message = admin.ask(message).await;
    let sent = admin.conversations().send_message(message).await;
    sent.expect("sent");
}

/// The texts of the conversation, as the employee has them.
async fn texts(admin: &Admin, conversation: &str) -> Vec<String> {
    admin
        .messages(conversation)
        .await
        .into_iter()
        .map(|it| it.text)
        .collect()
}

#[tokio::test]
async fn a_person_on_the_demo_page_and_an_employee_talk_live() {
    let (cluster, admin) = shop().await;
    let mut inbox = admin.watch().await;
    let mut browser = Browser::open(&cluster.url()).await;
    browser.open_chat().await;
    browser.send("Здравствуйте, есть ли доставка?").await;
    browser
        .wait_state("sent", "Здравствуйте, есть ли доставка?")
        .await;

    let (conversation, text) = written(&mut inbox).await;
    assert_eq!(text, "Здравствуйте, есть ли доставка?");
    assert_eq!(admin.get(&conversation).await.expect("it").number, 1);
    admin
        .send(&conversation, "Да, по всему городу.")
        .await
        .expect("answered");
    browser.wait_text("company", "Да, по всему городу.").await;
    browser.send("Спасибо!").await;
    assert_eq!(
        written(&mut inbox).await,
        (conversation, "Спасибо!".to_owned())
    );
    assert_eq!(browser.problems().await, [""; 0], "the page has no errors");
}

#[tokio::test]
async fn what_is_written_offline_arrives_in_order_and_once() {
    let (cluster, admin) = shop().await;
    let mut inbox = admin.watch().await;
    let mut browser = Browser::open(&cluster.url()).await;
    browser.open_chat().await;
    browser.send("раз").await;
    browser.wait_state("sent", "раз").await;
    browser.offline(true).await;
    let queued = ["два", "три", "четыре"];
    for text in queued {
        browser.send(text).await;
        browser.wait_state("pending", text).await;
    }
    browser.offline(false).await;
    for text in queued {
        browser.wait_state("sent", text).await;
    }
    let (conversation, _) = written(&mut inbox).await;
    assert_eq!(
        texts(&admin, &conversation).await,
        ["раз", "два", "три", "четыре"]
    );
}

#[tokio::test]
async fn the_chat_goes_on_after_the_gateway_was_killed() {
    let (cluster, admin) = shop().await;
    let mut inbox = admin.watch().await;
    let mut browser = Browser::open(&cluster.url()).await;
    browser.open_chat().await;
    browser.send("до").await;
    browser.wait_state("sent", "до").await;
    let (conversation, _) = written(&mut inbox).await;

    cluster.kill(Service::Gateway).await;
    browser.send("во время").await;
    browser.wait_notice(true).await;
    cluster.revive(Service::Gateway).await;
    browser.wait_state("sent", "во время").await;
    browser.wait_notice(false).await;
    let sent = admin
        .insist(async || admin.send(&conversation, "после").await)
        .await;
    sent.expect("answered");
    browser.wait_text("company", "после").await;
    assert_eq!(
        texts(&admin, &conversation).await,
        ["до", "во время", "после"]
    );
}

#[tokio::test]
async fn a_second_tab_shows_the_same_conversation() {
    let (cluster, admin) = shop().await;
    let mut inbox = admin.watch().await;
    let mut browser = Browser::open(&cluster.url()).await;
    browser.open_chat().await;
    browser.send("из первой").await;
    browser.wait_state("sent", "из первой").await;
    let (conversation, _) = written(&mut inbox).await;

    browser.use_tab(1).await;
    browser.open_chat().await;
    browser.wait_text("visitor", "из первой").await;
    browser.send("из второй").await;
    admin.send(&conversation, "обеим").await.expect("answered");
    for tab in [0, 1] {
        browser.use_tab(tab).await;
        // All tabs show what is on its way in one of them: only "sent" says that it is stored.
        browser.wait_state("sent", "из второй").await;
        browser.wait_text("company", "обеим").await;
    }
    assert_eq!(texts(&admin, &conversation).await.len(), 3);
}

#[tokio::test]
async fn the_button_counts_what_was_not_read_while_the_chat_is_closed() {
    let (cluster, admin) = shop().await;
    let mut inbox = admin.watch().await;
    let mut browser = Browser::open(&cluster.url()).await;
    browser.open_chat().await;
    browser.send("Подожду").await;
    let (conversation, _) = written(&mut inbox).await;
    browser.wait_state("sent", "Подожду").await;
    browser.close_chat().await;
    for text in ["первый", "второй"] {
        admin.send(&conversation, text).await.expect("answered");
    }
    browser.wait_unread(2).await;
    browser.open_chat().await;
    browser.wait_text("company", "второй").await;
    browser.wait_unread(0).await;
}

#[tokio::test]
async fn a_reloaded_page_has_the_history() {
    let (cluster, admin) = shop().await;
    let mut inbox = admin.watch().await;
    let mut browser = Browser::open(&cluster.url()).await;
    browser.open_chat().await;
    browser.send("Не забудьте меня").await;
    let (conversation, _) = written(&mut inbox).await;
    admin.send(&conversation, "Помним").await.expect("answered");
    browser.wait_text("company", "Помним").await;
    browser.reload().await;
    browser.open_chat().await;
    browser.wait_text("company", "Помним").await;
    let shown: Vec<String> = browser
        .texts()
        .await
        .into_iter()
        .map(|(_, _, text)| text)
        .collect();
    assert_eq!(shown, ["Не забудьте меня", "Помним"]);
}
