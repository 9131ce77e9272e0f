//! The token is in every address of the Bot API: it must not be in a log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use api::conversations::v1::ConnectionState;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::telegram::{ANNA, Fault, TOKEN};
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
async fn the_token_is_in_no_log_whatever_happens() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // Another test of this process may have set one, of which nothing is read here.
    let is_ours = tracing::subscriber::set_global_default(subscriber).is_ok();
    let mut world = World::start().await;
    let connection = world.polling_bot().await;
    let anna = world.anna().await;
    world.telegram.fail(&[Fault::Cut, Fault::Internal]);
    world
        .telegram
        .write(ANNA, json!({"document": {"file_id": "lost"}}));
    world.answer(&anna, "one", Vec::new()).await;
    world.answer(&anna, "two", Vec::new()).await;
    world.all_messages(4).await;
    world.restart().await;
    world.telegram.revoke();
    world.until(&connection, ConnectionState::Broken).await;
    let log = String::from_utf8_lossy(&log.0.lock().expect("no panic")).into_owned();
    assert!(!is_ours || log.contains("a connection does not work"));
    let secret = TOKEN.split(':').nth(1).expect("a token has two parts");
    if let Some(line) = log.lines().find(|line| line.contains(secret)) {
        panic!("the token is in the log: {line}");
    }
}
