//! Addresses that must not be reached, against a strict listener: a single connection fails the test.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use types::AttachmentId;

use super::*;
use crate::domain::attachment::Kind;
use crate::files::FilesLocation;

const HOST: &str = "media.example.com";

/// Answers names as it is told; a name with several answers gives another one each time.
#[derive(Default)]
struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Lookup for Names {
    fn lookup(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let mut names = self.0.lock().unwrap();
        let answers = names.entry(name).or_default();
        let answer = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers.first().cloned().unwrap_or_default()
        };
        async move { Ok(answer) }.boxed()
    }
}

struct Fake {
    port: u16,
    hits: Arc<AtomicUsize>,
}

/// Answers every request with `answer`, and counts them.
async fn fake(answer: String) -> Fake {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&hits);
    kit::lifecycle::Lifecycle::new().spawn("fake", async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut asked = [0; 4_096];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Fake { port, hits }
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

struct World {
    files: Files,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(&FilesLocation::Folder(folder.path().to_owned())).unwrap();
        Self {
            files,
            _folder: folder,
        }
    }

    async fn fetch(
        &self,
        downloads: &Downloads,
        url: &str,
        hosts: &[&str],
    ) -> Result<Received, Fault> {
        let incoming = Incoming {
            id: AttachmentId::generate(),
            file_name: "a.txt".to_owned(),
            said: None,
            duration_ms: 0,
            max_size: MAX_SIZE,
        };
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        downloads
            .download(&self.files, AccountId::generate(), &incoming, url, &hosts)
            .await
    }
}

const REFUSED: Fault = Fault::Final(Failure::AddressNotAllowed);

fn own(name: &str) -> (String, IpAddr) {
    (name.to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))
}

#[tokio::test]
async fn addresses_that_name_no_host_of_the_channel_are_never_connected_to() {
    let (world, inside) = (World::new(), fake(ok("secret")).await);
    let downloads = Downloads::new(&[], Arc::new(Names::default())).unwrap();
    let p = inside.port;
    let hosts = [
        // The machine itself, in every notation.
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "127.127.127.127",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost.localdomain",
        "ip6-localhost",
        "127.0.0.1.",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        // The inner network and the machine's master.
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "169.254.169.254.",
        "0xa9fea9fe",
        "2852039166",
        "100.64.0.1",
        "metadata.google.internal",
        "kubernetes.default.svc",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::169.254.169.254]",
        "100.100.100.200",
        "192.0.0.192",
        // Names that only look like the channel's.
        "media.example.com.evil.test",
        "evilmedia.example.com",
        "media.example.com.",
        "example.com",
        "evil.test",
        "xmedia.example.com",
        "media-example.com",
        "media.example.co",
        "media.example.com.127.0.0.1.nip.io",
        "127.0.0.1.nip.io",
        "localtest.me",
        "medіa.example.com",
        "media.example.com%00.evil.test",
        "media。example。com.evil.test",
    ];
    let mut urls: Vec<String> = hosts
        .iter()
        .map(|host| format!("https://{host}:{p}/x"))
        .collect();
    urls.extend(
        hosts
            .iter()
            .take(25)
            .map(|host| format!("http://{host}:{p}/x")),
    );
    urls.extend([
        format!("https://media.example.com@127.0.0.1:{p}/x"),
        format!("https://media.example.com:x@127.0.0.1:{p}/"),
        format!("https://127.0.0.1:{p}#@media.example.com/"),
        format!("https://127.0.0.1:{p}?@media.example.com/"),
        format!("https://127.0.0.1:{p}\\@media.example.com/"),
        format!("https:\\\\127.0.0.1:{p}/"),
        "https://user@media.example.com/".to_owned(),
        "https://:pass@media.example.com/".to_owned(),
        format!("https://media.example.com:{p}/"),
        "https://media.example.com:22/".to_owned(),
        "http://media.example.com/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "ftp://media.example.com/x".to_owned(),
        "gopher://127.0.0.1:6379/_FLUSHALL".to_owned(),
        "data:text/plain,x".to_owned(),
        "unix:/var/run/docker.sock".to_owned(),
        "//media.example.com/x".to_owned(),
        "media.example.com/x".to_owned(),
        "https://".to_owned(),
        String::new(),
    ]);
    assert!(urls.len() >= 80, "{}", urls.len());
    for url in urls {
        let fetched = world
            .fetch(&downloads, &url, &[HOST, "*.cdn.example.com"])
            .await;
        assert_eq!(fetched.err(), Some(REFUSED), "{url}");
    }
    assert_eq!(inside.hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_of_the_channel_that_leads_inside_is_not_connected_to() {
    let world = World::new();
    let inner = [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "fd00::1",
        "fe80::1",
        "2002:7f00:1::1",
        "2001:db8::1",
    ];
    for address in inner {
        let names = Names::default();
        let answer = vec![vec![address.parse().unwrap()]];
        names.0.lock().unwrap().insert(HOST.to_owned(), answer);
        let downloads = Downloads::new(&[], Arc::new(names)).unwrap();
        let fetched = world
            .fetch(&downloads, "https://media.example.com/x", &[HOST])
            .await;
        assert_eq!(fetched.err(), Some(REFUSED), "{address}");
    }
}

/// What is checked is what is connected to: the name is resolved once a connection, and each answer is looked at.
#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let (world, names) = (World::new(), Arc::new(Names::default()));
    let inside: IpAddr = "127.0.0.1".parse().unwrap();
    // First a public one that nobody listens at within the time of a test, then the inside.
    let mixed = vec![vec![inside], vec!["::1".parse().unwrap(), inside]];
    names.0.lock().unwrap().insert(HOST.to_owned(), mixed);
    let downloads = Downloads::new(&[], names).unwrap();
    for _ in 0..3 {
        let fetched = world
            .fetch(&downloads, "https://media.example.com/x", &[HOST])
            .await;
        assert_eq!(fetched.err(), Some(REFUSED));
    }
}

#[tokio::test]
async fn a_redirect_is_looked_at_from_the_beginning() {
    let (world, inside) = (World::new(), fake(ok("secret")).await);
    let p = inside.port;
    for target in [
        format!("http://127.0.0.1:{p}/"),
        format!("http://localhost:{p}/"),
        format!("http://[::1]:{p}/"),
        format!("http://[::ffff:127.0.0.1]:{p}/"),
        format!("//127.0.0.1:{p}/"),
        format!("http://inside.test:{p}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let outside = fake(format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")).await;
        let downloads =
            Downloads::new(&[own(HOST), own("inside.test")], Arc::new(Names::default())).unwrap();
        let url = format!("http://{HOST}:{}/x", outside.port);
        let fetched = world.fetch(&downloads, &url, &[HOST]).await;
        assert_eq!(fetched.err(), Some(REFUSED), "{target}");
        assert_eq!(outside.hits.load(Ordering::SeqCst), 1, "{target}");
    }
    let round =
        "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let outside = fake(round.to_owned()).await;
    let downloads = Downloads::new(&[own(HOST)], Arc::new(Names::default())).unwrap();
    let url = format!("http://{HOST}:{}/x", outside.port);
    assert_eq!(
        world.fetch(&downloads, &url, &[HOST]).await.err(),
        Some(REFUSED),
        "in a circle"
    );
    assert_eq!(inside.hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_file_of_the_channel_is_fetched_and_its_faults_are_told_apart() {
    let world = World::new();
    let downloads =
        Downloads::new(&[own("a.cdn.example.com")], Arc::new(Names::default())).unwrap();
    let answers = [
        (ok("hello"), None),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Some(Fault::Final(Failure::Gone)),
        ),
        (
            "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Some(Fault::Passing),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel".to_owned(),
            Some(Fault::Passing),
        ),
        (
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nhel",
                MAX_SIZE + 1
            ),
            Some(Fault::Final(Failure::TooLarge)),
        ),
        (
            ok("#!/bin/sh\nrm -rf /"),
            Some(Fault::Final(Failure::TypeNotAllowed)),
        ),
        (ok(""), Some(Fault::Final(Failure::Gone))),
    ];
    for (answer, fault) in answers {
        let host = fake(answer.clone()).await;
        let url = format!("http://a.cdn.example.com:{}/x", host.port);
        match world.fetch(&downloads, &url, &["*.cdn.example.com"]).await {
            Ok(received) => {
                assert_eq!(fault, None, "{answer}");
                assert_eq!(
                    (received.file.kind, received.file.size),
                    (Kind::Document, 5)
                );
            }
            Err(found) => assert_eq!(Some(found), fault, "{answer}"),
        }
    }
}
