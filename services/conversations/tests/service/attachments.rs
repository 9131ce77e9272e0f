//! Files and baskets, both ways.

use std::time::Duration;

use api::connector::v1::channel_event::Event;
use api::connector::v1::incoming_media::Source;
use api::connector::v1::{
    ChannelEvent, DownloadMediaRequest, IncomingMedia, IncomingMessage, ListChatMessagesRequest,
    UploadMediaHeader, UploadMediaRequest, download_media_response, upload_media_request,
};
use api::conversations::v1::{
    Attachment, AttachmentFailure, AttachmentKind, AttachmentState, Cart, CartItem, ChangeKind,
    Connection, DownloadAttachmentRequest, GetConversationRequest, Message, Money,
    SendMessageRequest, SendMessageResponse, UploadAttachmentRequest, UploadHeader,
    WatchInboxRequest, WatchInboxResponse, download_attachment_response, upload_attachment_request,
    watch_inbox_response,
};
use api::identity::v1::{RightAction, RightCell, RightEntity, RightLevel, Rights};
use auth::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tonic::{Request, Status, Streaming};
use types::AccountId;

use crate::world::{CONNECTOR, MEDIA_HOST, World, refusal, with};

/// One red point.
pub const PNG: &[u8] = include_bytes!("point.png");

fn stream<T: Send + 'static>(
    token: &str,
    parts: Vec<T>,
) -> Request<impl futures::Stream<Item = T> + Send + 'static> {
    with(token, futures::stream::iter(parts))
}

async fn upload(
    world: &World,
    token: &str,
    name: &str,
    bytes: &[u8],
) -> Result<Attachment, Status> {
    use upload_attachment_request::Part;
    let header = UploadHeader {
        file_name: name.to_owned(),
        ..UploadHeader::default()
    };
    let mut parts = vec![Part::Header(header)];
    parts.extend(
        bytes
            .chunks(1 << 20)
            .map(|chunk| Part::Chunk(chunk.to_vec())),
    );
    let parts = parts
        .into_iter()
        .map(|part| UploadAttachmentRequest { part: Some(part) });
    let request = stream(token, parts.collect());
    let reply = world.attachments().upload_attachment(request).await?;
    Ok(reply.into_inner().attachment.expect("a file"))
}

pub async fn download(
    world: &World,
    token: &str,
    request: DownloadAttachmentRequest,
) -> Result<(String, Vec<u8>), Status> {
    use download_attachment_response::Part;
    let mut parts = world
        .attachments()
        .download_attachment(with(token, request))
        .await?
        .into_inner();
    let (mut media_type, mut bytes) = (String::new(), Vec::new());
    while let Some(part) = parts.message().await? {
        match part.part.expect("a part") {
            Part::Header(header) => media_type = header.media_type,
            Part::Chunk(chunk) => bytes.extend(chunk),
        }
    }
    Ok((media_type, bytes))
}

pub fn whole(id: &str) -> DownloadAttachmentRequest {
    DownloadAttachmentRequest {
        attachment_id: id.to_owned(),
        ..DownloadAttachmentRequest::default()
    }
}

async fn send(
    world: &World,
    token: &str,
    conversation: &str,
    files: &[&Attachment],
) -> Result<Message, Status> {
    let request = SendMessageRequest {
        conversation_id: conversation.to_owned(),
        attachment_ids: files.iter().map(|file| file.id.clone()).collect(),
        ..SendMessageRequest::default()
    };
    let reply = world
        .conversations()
        .send_message(with(token, request))
        .await?;
    let SendMessageResponse { message, .. } = reply.into_inner();
    Ok(message.expect("a message"))
}

pub fn not_found(id: &str) -> String {
    format!("NotFound ATTACHMENT_NOT_FOUND {{attachment_id={id}}}")
}

#[tokio::test]
async fn an_uploaded_file_is_sent_once_shown_and_delivered() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let picture = upload(&world, &world.admin, "../точка.png", PNG)
        .await
        .expect("uploaded");
    assert_eq!(picture.kind(), AttachmentKind::Image);
    assert_eq!(
        (&picture.file_name[..], &picture.media_type[..]),
        ("точка.png", "image/png")
    );
    assert_eq!(
        (picture.width, picture.height, picture.has_preview),
        (1, 1, true)
    );
    let text = upload(&world, &world.admin, "прайс.csv", "a;б".as_bytes())
        .await
        .expect("uploaded");

    let sent = send(&world, &world.admin, &conversation, &[&picture, &text])
        .await
        .expect("sent");
    assert_eq!(sent.attachments, [picture.clone(), text.clone()]);
    assert_eq!(
        world.messages(&conversation).await[1].attachments,
        sent.attachments
    );
    let request = GetConversationRequest {
        conversation_id: conversation.clone(),
    };
    let shown = world
        .conversations()
        .get_conversation(with(&world.admin, request))
        .await;
    let shown = shown
        .expect("found")
        .into_inner()
        .conversation
        .expect("a conversation");
    assert_eq!(
        shown.last_message.expect("a message").text,
        "📷 📄 прайс.csv"
    );

    let delivery = world.take(0).await.next().await;
    assert_eq!(delivery.attachments, sent.attachments);
    assert_eq!(
        fetch_media(&world, &connection, "anna", &picture.id)
            .await
            .expect("given"),
        PNG
    );
    let elsewhere = fetch_media(&world, &connection, "boris", &picture.id).await;
    assert_eq!(refusal(elsewhere), not_found(&picture.id));

    let again = send(&world, &world.admin, &conversation, &[&picture]).await;
    let used = format!(
        "FailedPrecondition ATTACHMENT_USED {{attachment_id={}}}",
        picture.id
    );
    assert_eq!(refusal(again), used);
}

async fn fetch_media(
    world: &World,
    connection: &Connection,
    chat: &str,
    id: &str,
) -> Result<Vec<u8>, Status> {
    let request = DownloadMediaRequest {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.id.clone(),
        external_chat_id: chat.to_owned(),
        attachment_id: id.to_owned(),
        ..DownloadMediaRequest::default()
    };
    let parts = world
        .hub()
        .download_media(with(&world.connector, request))
        .await?;
    let (mut parts, mut bytes) = (parts.into_inner(), Vec::new());
    while let Some(part) = parts.message().await? {
        if let Some(download_media_response::Part::Chunk(chunk)) = part.part {
            bytes.extend(chunk);
        }
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_file_is_read_whole_in_part_and_small() {
    let world = World::start().await;
    let long: Vec<u8> = (0..3_000_000_u32).map(|n| b'a' + (n % 23) as u8).collect();
    let file = upload(&world, &world.admin, "long.txt", &long)
        .await
        .expect("uploaded");
    assert_eq!(file.size, 3_000_000);
    let (media_type, bytes) = download(&world, &world.admin, whole(&file.id))
        .await
        .expect("read");
    assert_eq!(media_type, "text/plain");
    assert!(bytes == long, "the bytes that were uploaded");
    let part = DownloadAttachmentRequest {
        offset: 2_999_990,
        length: 5,
        ..whole(&file.id)
    };
    let (_, bytes) = download(&world, &world.admin, part).await.expect("read");
    assert_eq!(bytes, long[2_999_990..2_999_995]);
    let beyond = DownloadAttachmentRequest {
        offset: 3_000_000,
        ..whole(&file.id)
    };
    let beyond = download(&world, &world.admin, beyond).await;
    assert_eq!(
        refusal(beyond),
        "InvalidArgument FIELD_INVALID {offset: must be less than 3000000}"
    );

    let picture = upload(&world, &world.admin, "p.png", PNG)
        .await
        .expect("uploaded");
    let small = |id: &str| DownloadAttachmentRequest {
        preview: true,
        ..whole(id)
    };
    let (media_type, bytes) = download(&world, &world.admin, small(&picture.id))
        .await
        .expect("read");
    assert_eq!(
        (&media_type[..], &bytes[..3]),
        ("image/jpeg", &[0xff, 0xd8, 0xff][..])
    );
    let none = download(&world, &world.admin, small(&file.id)).await;
    assert_eq!(refusal(none), not_found(&file.id));
}

/// Contacts and deals are viewed so far.
pub fn viewing(level: RightLevel) -> Rights {
    let cells = [RightEntity::Contacts, RightEntity::Deals].map(|entity| RightCell {
        entity: entity.into(),
        action: RightAction::View.into(),
        level: level.into(),
        ..RightCell::default()
    });
    Rights {
        cells: cells.into(),
        ..Rights::default()
    }
}

#[tokio::test]
async fn who_may_not_read_the_message_may_not_fetch_its_file() {
    let world = World::start().await;
    // Set before anybody calls, so that nothing has to be waited for.
    let (hidden, user) = world.member(world.account, Role::Manager, None);
    world.set_rights(user, viewing(RightLevel::Forbidden));
    let (colleague, user) = world.member(world.account, Role::Manager, None);
    world.set_rights(user, viewing(RightLevel::Allowed));
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let stranger = world.administrator_of(AccountId::generate());
    let file = upload(&world, &world.admin, "a.txt", b"hello")
        .await
        .expect("uploaded");
    // Not sent yet: only its uploader's, to read and to send.
    for token in [&colleague, &stranger, &hidden] {
        assert_eq!(
            refusal(download(&world, token, whole(&file.id)).await),
            not_found(&file.id)
        );
    }
    assert_eq!(
        refusal(send(&world, &colleague, &conversation, &[&file]).await),
        not_found(&file.id)
    );
    send(&world, &world.admin, &conversation, &[&file])
        .await
        .expect("sent");
    download(&world, &colleague, whole(&file.id))
        .await
        .expect("a colleague reads it");
    for token in [&stranger, &hidden] {
        assert_eq!(
            refusal(download(&world, token, whole(&file.id)).await),
            not_found(&file.id)
        );
    }
}

#[tokio::test]
async fn files_that_are_not_taken_are_refused_with_the_reason() {
    let world = World::start().await;
    let connection = world.connection().await;
    let conversation = world.conversation(&connection, "anna").await;
    let refused =
        async |name: &str, bytes: &[u8]| refusal(upload(&world, &world.admin, name, bytes).await);
    assert_eq!(
        refused("photo.png", b"#!/bin/sh\nrm").await,
        "InvalidArgument FILE_TYPE_NOT_ALLOWED {media_type=text/x-shellscript}"
    );
    assert_eq!(
        refused("a.txt", b"").await,
        "InvalidArgument FIELD_INVALID {chunk: must not be empty: there is nothing in the file}"
    );
    for nameless in ["", " ", "folder/", "\u{200b}"] {
        assert_eq!(
            refused(nameless, b"a text").await,
            "InvalidArgument FIELD_INVALID {header.file_name: must name the file}"
        );
    }
    let film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
    let film = upload(&world, &world.admin, "film.mp4", film)
        .await
        .expect("uploaded");
    assert_eq!(film.kind(), AttachmentKind::Video);
    assert_eq!(
        refusal(send(&world, &world.admin, &conversation, &[&film]).await),
        format!(
            "FailedPrecondition ATTACHMENT_NOT_SUPPORTED {{attachment_id={}}}",
            film.id
        )
    );
    let too_large = UploadMediaHeader {
        max_size: 3,
        ..header(&connection, "anna")
    };
    assert_eq!(
        refusal(upload_media(&world, too_large, b"1234").await),
        "ResourceExhausted FILE_TOO_LARGE {limit=3}"
    );
}

pub fn header(connection: &Connection, chat: &str) -> UploadMediaHeader {
    UploadMediaHeader {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.id.clone(),
        external_chat_id: chat.to_owned(),
        file_name: "note.txt".to_owned(),
        ..UploadMediaHeader::default()
    }
}

pub async fn upload_media(
    world: &World,
    header: UploadMediaHeader,
    bytes: &[u8],
) -> Result<Attachment, Status> {
    use upload_media_request::Part;
    let parts = [Part::Header(header), Part::Chunk(bytes.to_vec())];
    let parts = parts.map(|part| UploadMediaRequest { part: Some(part) });
    let request = stream(&world.connector, parts.into());
    let reply = world.hub().upload_media(request).await?;
    Ok(reply.into_inner().attachment.expect("a file"))
}

/// A message with files and no text.
pub fn rich(
    world: &World,
    connection: &Connection,
    chat: &str,
    message: IncomingMessage,
) -> ChannelEvent {
    ChannelEvent {
        event: Some(Event::Message(message)),
        ..world.message(connection, chat, "")
    }
}

pub fn media(source: Source) -> IncomingMessage {
    IncomingMessage {
        media: vec![IncomingMedia {
            kind: AttachmentKind::Image.into(),
            file_name: "photo.png".to_owned(),
            source: Some(source),
            ..IncomingMedia::default()
        }],
        ..IncomingMessage::default()
    }
}

#[tokio::test]
async fn a_connector_uploads_a_clients_file_for_one_chat_and_one_message() {
    let world = World::start().await;
    let connection = world.connection().await;
    let file = upload_media(&world, header(&connection, "anna"), b"hello")
        .await
        .expect("uploaded");
    let with_file = || media(Source::AttachmentId(file.id.clone()));
    let elsewhere = world
        .publish(vec![rich(&world, &connection, "boris", with_file())])
        .await;
    assert_eq!(
        elsewhere.expect("answered")[0].reason,
        "ATTACHMENT_NOT_FOUND"
    );
    let event = rich(&world, &connection, "anna", with_file());
    let plain = world.message(&connection, "anna", "plain");
    let results = world
        .publish(vec![event.clone(), plain])
        .await
        .expect("published");
    assert_eq!((&results[0].reason[..], &results[1].reason[..]), ("", ""));
    let messages = world.messages(&results[0].conversation_id).await;
    assert_eq!(messages[0].attachments, std::slice::from_ref(&file));
    assert!(messages[1].attachments.is_empty());
    let (_, bytes) = download(&world, &world.admin, whole(&file.id))
        .await
        .expect("read");
    assert_eq!(bytes, b"hello");
    let again = world.publish(vec![event]).await.expect("published");
    assert_eq!(
        again[0].message_id, results[0].message_id,
        "the same event is a duplicate"
    );
    let other = world
        .publish(vec![rich(&world, &connection, "anna", with_file())])
        .await;
    assert_eq!(other.expect("answered")[0].reason, "ATTACHMENT_USED");
}

/// A host of the channel that answers as it is told, one answer a request.
async fn host(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    kit::lifecycle::Lifecycle::new().spawn("host", async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    format!("http://{MEDIA_HOST}:{}/photo", address.port())
}

fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn watch(world: &World) -> Streaming<WatchInboxResponse> {
    let request = with(&world.admin, WatchInboxRequest::default());
    let watching = world.inbox().watch_inbox(request).await;
    watching.expect("a stream").into_inner()
}

async fn changed(stream: &mut Streaming<WatchInboxResponse>) -> Message {
    loop {
        let step = tokio::time::timeout(Duration::from_secs(20), stream.message()).await;
        let step = step
            .expect("in time")
            .expect("no error")
            .expect("not the end");
        if let Some(watch_inbox_response::Event::Change(change)) = step.event
            && change.kind() == ChangeKind::MessageChanged
        {
            return change.message.expect("a message");
        }
    }
}

#[tokio::test]
async fn a_clients_file_is_fetched_after_its_message_and_told_live() {
    let mut world = World::start().await;
    let connection = world.connection().await;
    let mut stream = watch(&world).await;
    let url = host(vec![answer("503 Busy", b""), answer("200 OK", PNG)]).await;
    let event = rich(&world, &connection, "anna", media(Source::Url(url)));
    let results = world.publish(vec![event]).await.expect("published");
    let stored = &world.messages(&results[0].conversation_id).await[0];
    assert_eq!(stored.attachments[0].state(), AttachmentState::Pending);
    assert_eq!(stored.attachments[0].path, "");
    // The host was busy the first time; the file comes with the second.
    let id = stored.attachments[0].id.clone();
    let postponed = async || {
        let due: Option<bool> = sqlx::query_scalar(
            "SELECT attempt = 1 AND not_before < $1 FROM conversations.media_fetches",
        )
        .bind(world.clock.now() + Duration::from_secs(60))
        .fetch_optional(&mut world.db.owner().await)
        .await
        .expect("read");
        due.filter(|due| *due)
    };
    testkit::wait_for("the first try", postponed).await;
    world.advance(Duration::from_secs(6));
    let message = changed(&mut stream).await;
    assert_eq!(message.attachments[0].id, id);
    assert_eq!(message.attachments[0].state(), AttachmentState::Ready);
    assert!(message.attachments[0].has_preview);
    let (media_type, bytes) = download(&world, &world.admin, whole(&id))
        .await
        .expect("read");
    assert_eq!((&media_type[..], &bytes[..]), ("image/png", PNG));
}

#[tokio::test]
async fn a_file_from_a_foreign_host_fails_visibly_and_the_message_stays() {
    let world = World::start().await;
    let connection = world.connection().await;
    let mut stream = watch(&world).await;
    let foreign = media(Source::Url("https://169.254.169.254/latest".to_owned()));
    let results = world
        .publish(vec![rich(&world, &connection, "anna", foreign)])
        .await;
    let conversation = results.expect("published")[0].conversation_id.clone();
    let message = changed(&mut stream).await;
    assert_eq!(
        message.attachments[0].failure(),
        AttachmentFailure::AddressNotAllowed
    );
    assert_eq!(
        world.messages(&conversation).await[0].attachments,
        message.attachments
    );
    let id = &message.attachments[0].id;
    assert_eq!(
        refusal(download(&world, &world.admin, whole(id)).await),
        format!("FailedPrecondition ATTACHMENT_NOT_READY {{attachment_id={id}}}")
    );
}

#[tokio::test]
async fn a_basket_is_received_and_summed() {
    let world = World::start().await;
    let connection = world.connection().await;
    let item = |product: &str, quantity, units, nanos| CartItem {
        product_id: product.to_owned(),
        title: "Чай".to_owned(),
        quantity,
        price: Some(Money {
            currency_code: "RUB".to_owned(),
            units,
            nanos,
        }),
    };
    let cart = Cart {
        items: vec![item("1", 2, 199, 990_000_000), item("2", 1, 0, 20_000_000)],
        note: "побыстрее".to_owned(),
        total: None,
    };
    let message = IncomingMessage {
        cart: Some(cart.clone()),
        ..IncomingMessage::default()
    };
    let results = world
        .publish(vec![rich(&world, &connection, "anna", message)])
        .await;
    let conversation = results.expect("published")[0].conversation_id.clone();
    let shown = world.messages(&conversation).await[0]
        .cart
        .clone()
        .expect("a basket");
    assert_eq!((&shown.items, &shown.note), (&cart.items, &cart.note));
    let total = shown.total.clone().expect("a sum");
    assert_eq!((total.units, total.nanos), (400, 0));
    let request = ListChatMessagesRequest {
        connector_key: CONNECTOR.to_owned(),
        connection_id: connection.id.clone(),
        external_chat_id: "anna".to_owned(),
        ..ListChatMessagesRequest::default()
    };
    let history = world
        .hub()
        .list_chat_messages(with(&world.connector, request))
        .await;
    assert_eq!(
        history.expect("listed").into_inner().messages[0].cart,
        Some(shown)
    );
    let bad = IncomingMessage {
        cart: Some(Cart {
            items: vec![item("1", 0, -1, 0)],
            ..Cart::default()
        }),
        ..IncomingMessage::default()
    };
    let results = world
        .publish(vec![rich(&world, &connection, "anna", bad)])
        .await;
    assert_eq!(results.expect("answered")[0].reason, "FIELD_INVALID");
}

#[tokio::test]
async fn what_is_never_sent_is_deleted_after_a_day() {
    let mut world = World::start().await;
    let file = upload(&world, &world.admin, "a.txt", b"hello")
        .await
        .expect("uploaded");
    world.advance(Duration::from_secs(26 * 60 * 60));
    let gone = async || {
        // The job may have looked just before the day was over, and looks again every ten minutes.
        world.clock.advance(Duration::from_secs(600));
        let known: i64 = sqlx::query_scalar("SELECT count(*) FROM conversations.attachments")
            .fetch_one(&mut world.db.owner().await)
            .await
            .expect("counted");
        (known == 0).then_some(())
    };
    testkit::wait_for("it is deleted", gone).await;
    world.advance(Duration::ZERO);
    let read = download(&world, &world.admin, whole(&file.id)).await;
    assert_eq!(refusal(read), not_found(&file.id));
}
