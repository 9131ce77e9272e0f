//! The correspondence with the company.

use api::cabinet::v1::download_cabinet_file_response::Part;
use api::cabinet::v1::watch_cabinet_messages_response::Event;
use api::cabinet::v1::{
    CabinetMessage, DownloadCabinetFileRequest, ListCabinetMessagesRequest,
    SendCabinetMessageRequest, WatchCabinetMessagesRequest,
};
use api::conversations::v1::attachment_service_client::AttachmentServiceClient;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::upload_attachment_request::Part as Upload;
use api::conversations::v1::{
    Conversation, ListConversationsRequest, SendMessageRequest, UploadAttachmentRequest,
    UploadHeader,
};
use testkit::wait_for;
use tokio_stream::StreamExt;
use tonic::Status;
use uuid::Uuid;

use crate::world::{PHONE, World, refusal, with};

impl World {
    pub async fn write(&self, token: &str, id: u128, text: &str) -> CabinetMessage {
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

    pub async fn messages_of(&self, token: &str) -> Result<Vec<CabinetMessage>, Status> {
        let request = with(token, ListCabinetMessagesRequest::default());
        let listed = self.client().list_cabinet_messages(request).await?;
        Ok(listed.into_inner().messages)
    }

    async fn messages(&self, token: &str) -> Vec<CabinetMessage> {
        self.messages_of(token).await.expect("listed")
    }

    /// The one conversation of the account.
    pub async fn conversation(&self) -> Conversation {
        wait_for("a conversation", async || {
            let request = with(&self.admin, ListConversationsRequest::default());
            let listed = InboxServiceClient::new(self.hub.clone())
                .list_conversations(request)
                .await;
            listed.ok()?.into_inner().conversations.into_iter().next()
        })
        .await
    }

    /// The manager sends a file; its id.
    async fn send_file(&self, conversation: &str, name: &str, contents: &[u8]) -> String {
        let header = UploadHeader {
            file_name: name.to_owned(),
            ..UploadHeader::default()
        };
        let parts = [Upload::Header(header), Upload::Chunk(contents.to_vec())];
        let parts = parts.map(|part| UploadAttachmentRequest { part: Some(part) });
        let uploaded = AttachmentServiceClient::new(self.hub.clone())
            .upload_attachment(with(&self.admin, tokio_stream::iter(parts)))
            .await;
        let file = uploaded.expect("uploaded").into_inner().attachment;
        let id = file.expect("a file").id;
        let request = SendMessageRequest {
            conversation_id: conversation.to_owned(),
            attachment_ids: vec![id.clone()],
            ..SendMessageRequest::default()
        };
        ConversationServiceClient::new(self.hub.clone())
            .send_message(with(&self.admin, request))
            .await
            .expect("sent");
        id
    }

    /// What a client gets of a file.
    async fn file(&self, token: &str, id: &str) -> Result<Vec<u8>, Status> {
        self.part_of_file(token, id, false).await
    }

    /// The same of the file's small picture.
    async fn part_of_file(&self, token: &str, id: &str, preview: bool) -> Result<Vec<u8>, Status> {
        let request = DownloadCabinetFileRequest {
            attachment_id: id.to_owned(),
            preview,
        };
        let mut client = self.client();
        let reply = client.download_cabinet_file(with(token, request)).await?;
        let mut parts = reply.into_inner();
        let mut contents = Vec::new();
        while let Some(part) = parts.message().await? {
            if let Some(Part::Chunk(bytes)) = part.part {
                contents.extend(bytes);
            }
        }
        Ok(contents)
    }

    pub async fn answer(&self, conversation: &str, text: &str) {
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
async fn what_a_client_writes_belongs_to_the_contact_with_their_number_cab_02() {
    let world = World::start().await;
    let contact = world.contact("Мария", PHONE).await;
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    let mut written = 0;
    let found = wait_for("the contact", async || {
        // conversations hears of a contact a moment after crm has made it.
        written += 1;
        world.write(&token, written, "Здравствуйте").await;
        Some(world.conversation().await).filter(|it| !it.contact_id.is_empty())
    });
    assert_eq!(found.await.contact_id, contact);

    let world = World::start().await;
    for name in ["Мария", "Муж Марии"] {
        world.contact(name, PHONE).await;
    }
    let cabinet = world.open().await;
    let token = world.log_in(&cabinet).await;
    world.write(&token, 1, "Здравствуйте").await;
    let contact = world.conversation().await.contact_id;
    assert_eq!(contact, "", "whose it is of two, an employee says");
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
}

#[tokio::test]
async fn files_are_given_to_their_client_and_to_nobody_else_cab_03() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    world.contact("Пётр", "+79990000002").await;
    let cabinet = world.open().await;
    let mine = world.log_in(&cabinet).await;
    world
        .write(&mine, 1, "Пришлите план и запись разговора")
        .await;
    let conversation = world.conversation().await.id;
    let request = world.ask(&cabinet, "+79990000002").await.expect("asked");
    let code = world.sms[0].code("+79990000002", 1).await;
    let theirs = world.confirm(&request, &code).await.expect("logged in");
    world.write(&theirs, 1, "И мне").await;
    let recording = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\0\0\0\0";
    for (name, contents, media_type) in [
        ("план.txt", &b"three windows"[..], "text/plain"),
        ("call.wav", &recording[..], "audio/"),
    ] {
        let id = world.send_file(&conversation, name, contents).await;
        let messages = world.messages(&mine).await;
        let mut attachments = messages.iter().flat_map(|it| &it.attachments);
        let told = attachments.find(|it| it.id == id);
        let told = told.expect("the client is told of it");
        assert!(told.media_type.starts_with(media_type), "{told:?}");
        let (got, refused) = (world.file(&mine, &id).await, world.file(&theirs, &id).await);
        assert_eq!(got.expect("given out"), contents, "{name}");
        assert_eq!(
            refusal(refused),
            format!("ATTACHMENT_NOT_FOUND {{attachment_id={id}}}")
        );
        assert_eq!(refusal(world.file("cst_x", &id).await), "TOKEN_INVALID {}");
    }
}

/// A picture of this size.
fn png(side: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(side, side, |x, y| {
        image::Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 99])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut png, image::ImageFormat::Png)
        .expect("a picture");
    png.into_inner()
}

#[tokio::test]
async fn a_picture_is_given_small_to_its_client_and_to_nobody_else_cab_03() {
    let world = World::start().await;
    world.contact("Мария", PHONE).await;
    world.contact("Пётр", "+79990000002").await;
    let cabinet = world.open().await;
    let mine = world.log_in(&cabinet).await;
    world.write(&mine, 1, "Пришлите фото").await;
    let conversation = world.conversation().await.id;
    let request = world.ask(&cabinet, "+79990000002").await.expect("asked");
    let code = world.sms[0].code("+79990000002", 1).await;
    let theirs = world.confirm(&request, &code).await.expect("logged in");
    let whole = png(1_200);
    let picture = world.send_file(&conversation, "дом.png", &whole).await;
    let text = world
        .send_file(&conversation, "план.txt", b"three windows")
        .await;
    let messages = world.messages(&mine).await;
    let mut files = messages.iter().flat_map(|it| &it.attachments);
    let told = files.find(|it| it.id == picture).expect("told of");
    assert!(
        told.has_preview && (told.width, told.height) == (1_200, 1_200),
        "{told:?}"
    );
    let small = world
        .part_of_file(&mine, &picture, true)
        .await
        .expect("given out");
    let small = image::load_from_memory(&small).expect("a picture");
    assert!(small.width() < 1_200 && small.width() == small.height());
    assert_eq!(world.file(&mine, &picture).await.expect("given out"), whole);
    let not_there = |id: &str| format!("ATTACHMENT_NOT_FOUND {{attachment_id={id}}}");
    let refused = world.part_of_file(&theirs, &picture, true).await;
    assert_eq!(refusal(refused), not_there(&picture));
    let refused = world.part_of_file(&mine, &text, true).await;
    assert_eq!(refusal(refused), not_there(&text), "a document has none");
}
