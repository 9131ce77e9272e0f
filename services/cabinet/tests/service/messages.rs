//! The correspondence with the company.

use api::cabinet::v1::watch_cabinet_messages_response::Event;
use api::cabinet::v1::{
    CabinetMessage, DownloadCabinetFileRequest, ListCabinetMessagesRequest,
    SendCabinetMessageRequest, WatchCabinetMessagesRequest,
};
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::{Conversation, ListConversationsRequest, SendMessageRequest};
use testkit::wait_for;
use tokio_stream::StreamExt;
use uuid::Uuid;

use crate::world::{PHONE, World, refusal, with};

impl World {
    async fn write(&self, token: &str, id: u128, text: &str) -> CabinetMessage {
        let request = SendCabinetMessageRequest {
            client_message_id: Uuid::from_u128(id).to_string(),
            text: text.to_owned(),
        };
        let sent = self
            .client()
            .send_cabinet_message(with(token, request))
            .await;
        sent.expect("sent").into_inner().message.expect("a message")
    }

    async fn messages(&self, token: &str) -> Vec<CabinetMessage> {
        let request = with(token, ListCabinetMessagesRequest::default());
        let listed = self.client().list_cabinet_messages(request).await;
        listed.expect("listed").into_inner().messages
    }

    /// The one conversation of the account.
    async fn conversation(&self) -> Conversation {
        wait_for("a conversation", async || {
            let request = with(&self.admin, ListConversationsRequest::default());
            let listed = InboxServiceClient::new(self.hub.clone())
                .list_conversations(request)
                .await;
            listed.ok()?.into_inner().conversations.into_iter().next()
        })
        .await
    }

    async fn answer(&self, conversation: &str, text: &str) {
        let request = SendMessageRequest {
            conversation_id: conversation.to_owned(),
            text: text.to_owned(),
            ..SendMessageRequest::default()
        };
        ConversationServiceClient::new(self.hub.clone())
            .send_message(with(&self.admin, request))
            .await
            .expect("sent");
    }
}

#[tokio::test]
async fn the_client_writes_and_the_managers_answer_comes_live_cab_02() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    let request = with(&token, WatchCabinetMessagesRequest::default());
    let stream = world.client().watch_cabinet_messages(request).await;
    let mut stream = stream.expect("watched").into_inner();
    let written = world.write(&token, 1, "Здравствуйте").await;
    let again = world.write(&token, 1, "Здравствуйте").await;
    assert_eq!((&written.id, written.seq), (&again.id, again.seq));
    let conversation = world.conversation().await;
    world.answer(&conversation.id, "Добрый день").await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let step = stream.next().await.expect("it goes on").expect("a step");
        if let Some(Event::Message(message)) = step.event {
            seen.push((message.mine, message.text, message.author_name));
        }
    }
    let mine = (true, "Здравствуйте".to_owned(), String::new());
    let answer = (false, "Добрый день".to_owned(), "Анна".to_owned());
    assert_eq!(seen, [mine, answer]);
    assert_eq!(world.messages(&token).await.len(), 2, "the history is kept");
}

#[tokio::test]
async fn nothing_of_another_client_can_be_reached() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    world.contact("Пётр", "+79990000002").await;
    let cabinet = world.open().await;
    let mine = world.log_in(&cabinet).await;
    world.write(&mine, 1, "Моё").await;
    let request = world.ask(&cabinet, "+79990000002").await.expect("asked");
    let code = world.sms[0].code("+79990000002", 1).await;
    let theirs = world.confirm(&request, &code).await.expect("logged in");
    assert!(world.messages(&theirs).await.is_empty());
    world.write(&theirs, 1, "Чужое под тем же номером").await;
    assert_eq!(world.messages(&mine).await.len(), 1);
    let attachment_id = types::AttachmentId::generate().to_string();
    let request = DownloadCabinetFileRequest {
        attachment_id: attachment_id.clone(),
        ..DownloadCabinetFileRequest::default()
    };
    let file = world
        .client()
        .download_cabinet_file(with(&mine, request))
        .await;
    assert_eq!(
        refusal(file.map(|_| ())),
        format!("ATTACHMENT_NOT_FOUND {{attachment_id={attachment_id}}}")
    );
}
