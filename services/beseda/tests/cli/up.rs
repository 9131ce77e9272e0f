//! `beseda up`: what it starts, keeps, says and stops.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use api::crm::v1::ListDealsRequest;
use api::crm::v1::deal_service_client::DealServiceClient;
use testkit::wait_for_state;

use crate::world::{Up, lives, objects, printed, program};

// The visitor's side of the connection goes on while this test waits: the gateway waits for those who do not answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sigterm_stops_everything_and_the_next_start_finds_the_data() {
    let mut up = Up::start().await;
    up.visitor().await.say("Здравствуйте").await;
    let stores = up.stores();
    assert!(stores.len() >= 2, "PostgreSQL and Redis run: {stores:?}");
    up.process.terminate();
    assert!(!stores.iter().any(|pid| lives(*pid)), "{stores:?}");

    let (chat, key) = (up.told("online_chat_id"), up.told("api_key"));
    let again = Up::start_in(up.folder).await;
    assert_eq!(
        (again.told("online_chat_id"), again.told("api_key")),
        (chat, key)
    );
    let listed = objects(&printed(&again.inbox(&["list", "--json"])));
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["last_message"]["text"], "Здравствуйте");
    let deals = deals(&again).await;
    let names: BTreeSet<&String> = deals.iter().collect();
    assert_eq!(
        names.len(),
        deals.len(),
        "each of the demo account's deals once"
    );
    assert!(deals.len() >= 3, "{deals:?}");
}

/// The names of the demo account's deals; one of them may have come of a visitor's message.
async fn deals(up: &Up) -> Vec<String> {
    let channel = kit::channel(&up.told("gateway")).expect("an address");
    let mut request = tonic::Request::new(ListDealsRequest::default());
    let bearer = format!("Bearer {}", up.told("api_key"));
    let metadata = request.metadata_mut();
    metadata.insert("authorization", bearer.parse().expect("a header"));
    let reply = DealServiceClient::new(channel).list_deals(request).await;
    let deals = reply.expect("a list").into_inner().deals.into_iter();
    deals.map(|deal| deal.name).collect()
}

#[tokio::test]
async fn a_killed_one_leaves_no_stores_behind() {
    let mut up = Up::start().await;
    let stores = up.stores();
    up.process.kill9();
    wait_for_state("the stores end", async || {
        let left: Vec<_> = stores.iter().filter(|pid| lives(**pid)).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    })
    .await;
    Up::start_in(up.folder).await;
}

#[tokio::test]
async fn a_second_one_on_the_same_data_says_who_has_them() {
    let up = Up::start().await;
    let text = refused(&[
        "--listen",
        "127.0.0.1:0",
        "--data",
        &up.data().display().to_string(),
    ]);
    let pid = up.process.pid().to_string();
    for part in ["already runs", &pid, &up.told("gateway"), "--data"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_taken_port_is_named_before_anything_is_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let text = refused(&["--listen", &address, "--data", &data.display().to_string()]);
    let pid = std::process::id().to_string();
    for part in ["is taken by", &pid, "--listen 127.0.0.1:"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!data.join("postgres").exists(), "nothing was started");
}

#[tokio::test]
async fn the_demo_page_is_there() {
    let up = Up::start().await;
    let address = up.told("gateway").replace("http://", "");
    let address = address.parse().expect("an address");
    for path in ["/", "/readyz", "/healthz", "/.well-known/jwks.json"] {
        up.process.wait_ready(address, path).await;
    }
    assert_eq!(up.told("demo_url"), format!("{}/demo", up.told("gateway")));
    let cabinet = format!("{}/cabinet/cab_", up.told("gateway"));
    assert!(up.told("cabinet_url").starts_with(&cabinet));
}

/// What a start that fails says.
fn refused(arguments: &[&str]) -> String {
    let output = Command::new(program())
        .arg("up")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("beseda runs");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}
