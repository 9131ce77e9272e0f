//! No secret of a number is in a log, nor what somebody wrote.

use std::io::Write;
use std::sync::{Arc, Mutex};

use api::conversations::v1::ConnectionState;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::cloud::{ANNA, Fault, TOKEN};
use crate::world::World;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// One test to a process, or nobody else logs here.
#[tokio::test]
async fn no_secret_is_in_a_log_whatever_happens() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    // Another test of this process may have set one, of which nothing is read here.
    let is_ours = tracing::subscriber::set_global_default(subscriber).is_ok();
    let mut world = World::start().await;
    let connection = world.working_number().await;
    let anna = world.anna(&connection).await;
    world.cloud.fail(&[Fault::Cut, Fault::Code(131_016, 503)]);
    let lost = json!({"id": "wamid.A2", "type": "document", "document": {"id": "778"}});
    world.write(&connection, lost).await;
    world.answer(&anna, "one", Vec::new()).await;
    world.answer(&anna, "two", Vec::new()).await;
    world.sent(2).await;
    let unsigned = world.call_signed(&connection, "sha256=00", b"{}".to_vec());
    assert_eq!(unsigned.await, 401);
    world.restart().await;
    world.cloud.revoke();
    world.answer(&anna, "three", Vec::new()).await;
    world.until(&connection, ConnectionState::Broken).await;
    let log = String::from_utf8_lossy(&log.0.lock().expect("no panic")).into_owned();
    assert!(!is_ours || log.contains("a connection does not work") || log.contains("halted"));
    for secret in [TOKEN, "app-secret", "our-word", ANNA] {
        if let Some(line) = log.lines().find(|line| line.contains(secret)) {
            panic!("a secret is in the log: {line}");
        }
    }
}
