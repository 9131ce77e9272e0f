//! A connector whose channel is a folder: docs/connectors.md explains it step by step.
//!
//! A client writes by putting a file into `in/<chat>/`, and reads what employees answer at the end of `out/<chat>.txt`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use connector::proto::channel_event::Event;
use connector::proto::{ChannelEvent, ConnectorManifest, IncomingMessage};
use connector::{Channel, Connection, Connector, Hub, Inbound, Outcome, Outgoing, Trouble};
use kit::lifecycle::Lifecycle;
use serde::Deserialize;
use tokio::fs;

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What administrators enter.
const SETTINGS: &str = r#"{
  "type": "object",
  "required": ["folder"],
  "properties": {"folder": {"type": "string", "description": "A folder of this machine."}}
}"#;

/// The channel.
struct Folder;

#[derive(Deserialize)]
struct Settings {
    folder: PathBuf,
}

impl Channel for Folder {
    // A line at the end of a file has the message's id before it: what is there is not written again.
    const KNOWS_REPEATED: bool = true;

    type Line = PathBuf;

    fn manifest(&self) -> ConnectorManifest {
        ConnectorManifest {
            key: "folder".to_owned(),
            title: "Folder".to_owned(),
            settings_schema: SETTINGS.to_owned(),
            ..ConnectorManifest::default()
        }
    }

    async fn open(&self, connection: &Connection) -> Result<PathBuf, Trouble> {
        let Settings { folder } = connection.settings()?;
        for part in ["in", "out"] {
            let made = fs::create_dir_all(folder.join(part)).await;
            made.map_err(|error| Trouble::Broken(format!("The folder cannot be used: {error}")))?;
        }
        Ok(folder)
    }

    async fn listen(&self, folder: &PathBuf, inbound: &Inbound) -> Trouble {
        loop {
            if let Err(error) = bring(folder, inbound).await {
                return Trouble::Disturbed(format!("The folder cannot be read: {error}"));
            }
            inbound.working();
            types::Clock::system().sleep(LOOK).await;
        }
    }

    async fn send(&self, folder: &PathBuf, message: &Outgoing) -> Outcome {
        let file = folder.join("out").join(format!("{}.txt", message.chat()));
        let mut text = fs::read_to_string(&file).await.unwrap_or_default();
        if !text.contains(message.message_id()) {
            text += &format!("{}: {}\n", message.message_id(), message.text());
            if fs::write(&file, text).await.is_err() {
                return Outcome::Retry(Duration::from_secs(1));
            }
        }
        Outcome::Sent(message.message_id().to_owned())
    }
}

/// Brings every file that is there, in the order of their names, and removes it when the hub has it.
async fn bring(folder: &Path, inbound: &Inbound) -> Result<(), Box<dyn Error + Send + Sync>> {
    for chat in names(&folder.join("in")).await? {
        for name in names(&folder.join("in").join(&chat)).await? {
            let file = folder.join("in").join(&chat).join(&name);
            let event = ChannelEvent {
                // The same whenever this file is brought: the hub stores it once.
                external_event_id: format!("{chat}/{name}"),
                external_chat_id: chat.clone(),
                event: Some(Event::Message(IncomingMessage {
                    text: fs::read_to_string(&file).await?,
                    ..IncomingMessage::default()
                })),
                ..ChannelEvent::default()
            };
            inbound.publish(vec![event]).await?;
            fs::remove_file(file).await?;
        }
    }
    Ok(())
}

async fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let (mut names, mut entries) = (Vec::new(), fs::read_dir(folder).await?);
    while let Some(entry) = entries.next_entry().await? {
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api_key = std::env::var("BESEDA_API_KEY")?.into();
    let address = std::env::var("BESEDA_URL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let hub = Hub::of_program(&api_key, kit::channel(&address)?, "folder")?;
    let life = Lifecycle::with_signals()?;
    Connector::start(Arc::new(Folder), hub, &life);
    life.stopped().await;
    life.drain(Duration::from_secs(10)).await;
    Ok(())
}
