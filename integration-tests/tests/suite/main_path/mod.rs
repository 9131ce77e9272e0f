//! The main job, from outside: what a client writes reaches an employee, and the answer comes back.

mod accounts;
mod cards;
mod create_chat;
mod edge;
mod embed;
mod external_id;
mod files;
mod life;
mod merge;
mod numbers;
mod reading;
pub mod rules;
mod sessions;
mod talk;
mod window;

use api::conversations::v1::{Conversation, ConversationMode};
use integration_tests::Cluster;
use integration_tests::actors::{Admin, Connector};

/// An installation with an account, and a channel of the test's own in it.
async fn office(mode: ConversationMode) -> (Cluster, Admin, Connector) {
    let cluster = Cluster::start().await;
    let admin = cluster.account("office").await;
    let connector = admin.connector(mode).await;
    (cluster, admin, connector)
}

/// A conversation with one message of a client.
async fn conversation(admin: &Admin, connector: &Connector, chat: &str) -> Conversation {
    let result = connector
        .write(chat, &format!("{chat}-1"), "Здравствуйте!")
        .await;
    admin
        .get(&result.conversation_id)
        .await
        .expect("the conversation")
}
