//! A channel brings the same message many times.

use std::collections::HashSet;

use futures::future::join_all;
use integration_tests::actors::Visitor;
use integration_tests::load::{Plan, Scene};
use integration_tests::{Cluster, Seed};

use super::{LOAD, assert_kept};

#[tokio::test]
async fn redelivery_shuffled_and_in_parallel_shows_each_message_once_in_one_conversation() {
    let cluster = Cluster::to_be_hurt().await;
    let plan = Plan {
        chats: 12,
        messages: 10,
        visitors: 0,
        visitor_messages: 0,
        ..LOAD
    };
    let scene = Scene::prepare(&cluster, &Seed::take(), "again", plan).await;
    let history = scene.redeliver(5).await;
    assert_kept(&history);
    let clients = history
        .listed
        .iter()
        .filter(|seen| seen.from_client)
        .count();
    assert_eq!(clients, plan.chats * plan.messages);
}

#[tokio::test]
async fn a_visitors_first_message_sent_by_eight_tabs_at_once_is_one_message_of_one_conversation() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("tabs").await;
    let chat = admin
        .online_chat(api::onlinechat::v1::OnlineChatMode::OneActive)
        .await;
    let visitor = Visitor::come(&cluster.url(), &chat.id, "")
        .await
        .expect("a visitor comes");
    let id = Seed::take().uuid();
    let sent = join_all((0..8).map(|_| visitor.insist(id, "Здравствуйте"))).await;
    let ids: HashSet<String> = sent
        .into_iter()
        .map(|it| it.expect("sent").message.expect("a message").id)
        .collect();
    assert_eq!(ids.len(), 1, "every tab was told the same");
    let open = admin.everything().await;
    assert_eq!(open.len(), 1);
    let conversation = open.into_keys().next().expect("one");
    assert_eq!(admin.messages(&conversation).await.len(), 1);
}
