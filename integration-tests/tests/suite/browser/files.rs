//! Files and voice between a visitor in a real browser and an employee.

use api::conversations::v1::{Attachment, AttachmentKind};
use integration_tests::actors::{Admin, Visitor};
use integration_tests::browser::{Browser, OnDevice};
use integration_tests::{Cluster, Service, http};

use super::{send_file, shop, written};

const PICTURE: &[u8] = include_bytes!("picture.png");
/// Width and height of the small picture.
const SMALL: (u64, u64) = (320, 200);
const PRICES: &[u8] = "окно;12000\nдверь;8000\n".as_bytes();

/// What the employee fetches at an address.
async fn fetched(cluster: &Cluster, admin: &Admin, file: &Attachment) -> Vec<u8> {
    let bearer = format!("Bearer {}", admin.token().await);
    let headers = [("authorization", &bearer[..])];
    let gateway = cluster.addr(Service::Gateway);
    let read = http::request(gateway, "GET", &file.path, &headers, b"").await;
    let read = read.expect("an answer");
    assert_eq!(read.status(), 200, "{}", file.file_name);
    read.body().to_vec()
}

/// The files of the conversation, message by message, as the employee has them.
async fn files(admin: &Admin, conversation: &str) -> Vec<Vec<Attachment>> {
    let messages = admin.messages(conversation).await.into_iter();
    messages.map(|message| message.attachments).collect()
}

fn names(files: &[Vec<Attachment>]) -> Vec<&str> {
    files
        .iter()
        .flatten()
        .map(|file| &file.file_name[..])
        .collect()
}

/// CHW-26, CHW-28: a picture, a table and a voice message reach the employee byte for byte, and the employee's files the visitor.
#[tokio::test]
async fn a_visitor_and_an_employee_exchange_files_and_voice() {
    let (cluster, admin) = shop().await;
    let mut inbox = admin.watch().await;
    let mut visitor = Browser::open(&cluster.url()).await;
    visitor.open_chat().await;
    let chosen = [
        OnDevice {
            name: "вид из окна.png",
            media_type: "image/png",
            bytes: PICTURE,
        },
        OnDevice {
            name: "цены.csv",
            media_type: "text/csv",
            bytes: PRICES,
        },
    ];
    visitor.attach(&chosen).await;
    visitor.see("вид из окна.png").await;
    visitor.picture("widget-chosen").await;
    visitor.press("Send").await;
    visitor.wait_file("visitor", "sent", "document", 1).await;
    assert_eq!(visitor.see_picture().await, SMALL);
    let (conversation, _) = written(&mut inbox).await;
    visitor.record(2).await;
    visitor.wait_file("visitor", "sent", "sound", 1).await;
    written(&mut inbox).await;

    let files = files(&admin, &conversation).await;
    assert_eq!(names(&files), ["вид из окна.png", "цены.csv", "voice.webm"]);
    assert!(fetched(&cluster, &admin, &files[0][0]).await == PICTURE);
    assert!(fetched(&cluster, &admin, &files[0][1]).await == PRICES);
    let voice = &files[1][0];
    assert_eq!(
        (voice.kind(), &voice.media_type[..]),
        (AttachmentKind::Voice, "audio/webm")
    );
    assert!(voice.duration_ms >= 1_000, "{}", voice.duration_ms);
    let sound = fetched(&cluster, &admin, voice).await;
    assert_eq!(
        (sound.len() as i64, &sound[..4]),
        (voice.size, &b"\x1a\x45\xdf\xa3"[..])
    );
    assert!(visitor.play().await > 0.0, "the visitor hears it as well");

    send_file(
        &cluster,
        &admin,
        &conversation,
        "offer.pdf",
        b"%PDF-1.4 not much",
    )
    .await;
    visitor.wait_file("company", "sent", "document", 1).await;
    let (name, bytes) = visitor.save("Save “offer.pdf”").await;
    assert_eq!(
        (&name[..], &bytes[..]),
        ("offer.pdf", &b"%PDF-1.4 not much"[..])
    );
    send_file(&cluster, &admin, &conversation, "plan.png", PICTURE).await;
    visitor.wait_file("company", "sent", "picture", 1).await;
    assert_eq!(visitor.see_picture().await, SMALL);
    visitor.picture("widget-files").await;
    visitor.press("Show “plan.png”").await;
    visitor.picture("widget-picture").await;
    let (name, bytes) = visitor.save("Save").await;
    assert!(name == "plan.png" && bytes == PICTURE);
    assert_eq!(visitor.problems().await, [""; 0], "the page has no errors");
}

/// What cannot be sent is said before anything is sent; without a microphone the reason is told.
#[tokio::test]
async fn what_cannot_be_sent_is_said_beforehand() {
    let (cluster, _admin) = shop().await;
    let phone = [
        ("LOCALE", "ru-RU"),
        ("VIEWPORT", "390x844"),
        ("MICROPHONE", "refused"),
    ];
    let mut visitor = Browser::open_with(&cluster.url(), &phone).await;
    visitor.open_chat().await;
    let program = OnDevice {
        name: "setup.exe",
        media_type: "application/octet-stream",
        bytes: b"MZ",
    };
    let empty = OnDevice {
        name: "пусто.txt",
        media_type: "text/plain",
        bytes: b"",
    };
    visitor.attach(&[program, empty]).await;
    visitor.see("Файл «setup.exe» не отправить").await;
    visitor.see("Файл «пусто.txt» пуст.").await;
    visitor.press("Записать голосовое сообщение").await;
    visitor.see("Нет доступа к микрофону.").await;
    visitor.picture("widget-refused").await;
    visitor.send("Тогда словами").await;
    visitor.wait_state("sent", "Тогда словами").await;
    assert_eq!(visitor.texts().await.len(), 1);
}

/// Files that were written without a network outlive the page and arrive in order and once.
#[tokio::test]
async fn files_written_offline_arrive_after_a_reload_in_order_and_once() {
    let (cluster, admin) = shop().await;
    let mut inbox = admin.watch().await;
    let mut visitor = Browser::open(&cluster.url()).await;
    visitor.open_chat().await;
    visitor.send("раз").await;
    visitor.wait_state("sent", "раз").await;
    let (conversation, _) = written(&mut inbox).await;
    // The page itself has to come back: the way to the service is cut instead of the network.
    cluster.kill(Service::OnlineChat).await;
    let picture = OnDevice {
        name: "два.png",
        media_type: "image/png",
        bytes: PICTURE,
    };
    visitor.attach(&[picture]).await;
    visitor.press("Send").await;
    visitor.wait_file("visitor", "pending", "picture", 1).await;
    visitor.send("три").await;
    visitor.wait_state("pending", "три").await;
    visitor.picture("widget-pending").await;
    visitor.reload().await;
    cluster.revive(Service::OnlineChat).await;
    visitor.open_chat().await;
    visitor.wait_state("sent", "три").await;
    visitor.wait_file("visitor", "sent", "picture", 1).await;
    let messages = admin.messages(&conversation).await;
    let texts: Vec<&str> = messages.iter().map(|it| &it.text[..]).collect();
    assert_eq!(texts, ["раз", "", "три"]);
    assert!(fetched(&cluster, &admin, &messages[1].attachments[0]).await == PICTURE);
}

/// An address of a file opens for its own visitor only, and no longer than their session.
#[tokio::test]
async fn an_address_of_a_file_opens_for_its_visitor_only() {
    let cluster = Cluster::start().await;
    let admin = cluster.account("shop").await;
    let chat = admin
        .online_chat(api::onlinechat::v1::OnlineChatMode::OneActive)
        .await;
    let mut inbox = admin.watch().await;
    let come = async || {
        let visitor = Visitor::come(&cluster.url(), &chat.id, "").await;
        visitor.expect("a visitor comes")
    };
    let (anna, boris) = (come().await, come().await);
    anna.send(uuid::Uuid::from_u128(7), "", "Пришлите прайс")
        .await
        .expect("sent");
    let (conversation, _) = written(&mut inbox).await;
    send_file(&cluster, &admin, &conversation, "prices.csv", PRICES).await;
    let message = anna
        .messages("")
        .await
        .expect("a page")
        .pop()
        .expect("the answer");
    let file = message.attachments.into_iter().next().expect("the file");
    assert_eq!(
        (&file.file_name[..], file.size),
        ("prices.csv", PRICES.len() as i64)
    );

    let get = async |path: String, headers: &[(&str, &str)]| {
        let gateway = cluster.addr(Service::Gateway);
        let read = http::request(gateway, "GET", &path, headers, b"").await;
        read.expect("an answer")
    };
    let with = |ticket: &str| format!("{}?ticket={ticket}", file.path);
    let own = get(with(&anna.session.file_ticket), &[]).await;
    assert_eq!((own.status().as_u16(), &own.body()[..]), (200, PRICES));
    let part = get(with(&anna.session.file_ticket), &[("range", "bytes=2-5")]).await;
    assert_eq!(
        (part.status().as_u16(), &part.body()[..]),
        (206, &PRICES[2..6])
    );
    for (ticket, status) in [
        (&boris.session.file_ticket[..], 404),
        (boris.token(), 404),
        ("", 401),
        ("vft_made_up", 401),
        (&admin.token().await[..], 401),
    ] {
        assert_eq!(get(with(ticket), &[]).await.status(), status, "{ticket}");
    }
    // The employees' address is none of the visitor's.
    let bearer = format!("Bearer {}", anna.session.file_ticket);
    let desk = format!("/files/{}", file.id);
    let refused = get(desk, &[("authorization", &bearer)]).await;
    assert_eq!(refused.status(), 401);
}
