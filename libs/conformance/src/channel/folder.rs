//! A channel that is a folder: a client writes by a file in `in/<chat>/`, and reads `out/<chat>.txt`, in which each line is the
//! id of a message, a colon and its text.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tokio::fs;

use super::{Abilities, Channel, Received, Written, unable};

/// The folder.
#[derive(Debug)]
pub struct Folder {
    folder: PathBuf,
    written: u64,
}

impl Folder {
    /// A folder; it is made if need be.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            written: 0,
        }
    }

    fn out(&self, chat: &str) -> PathBuf {
        self.folder.join("out").join(format!("{chat}.txt"))
    }
}

#[tonic::async_trait]
impl Channel for Folder {
    fn abilities(&self) -> Abilities {
        Abilities {
            hold: true,
            ..Abilities::default()
        }
    }

    async fn write(&mut self, message: Written) -> io::Result<()> {
        self.written += 1;
        let chat = self.folder.join("in").join(&message.chat);
        fs::create_dir_all(&chat).await?;
        // Names are in the order of writing, and a file appears whole.
        let half = self.folder.join("half.txt");
        fs::write(&half, &message.text).await?;
        fs::rename(&half, chat.join(format!("{:08}.txt", self.written))).await
    }

    async fn received(&mut self, chat: &str) -> io::Result<Vec<Received>> {
        let text = match fs::read_to_string(self.out(chat)).await {
            Ok(text) => text,
            // Nothing was sent yet, or the chat is held.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
                String::new()
            }
            Err(error) => return Err(error),
        };
        let texts = text
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(_, text)| Received {
                text: text.to_owned(),
                files: Vec::new(),
            });
        Ok(texts.collect())
    }

    /// A folder stands where the file would be.
    async fn hold(&mut self, chat: &str, is_held: bool) -> io::Result<()> {
        match is_held {
            true => fs::create_dir_all(self.out(chat)).await,
            false => fs::remove_dir(self.out(chat)).await,
        }
    }

    async fn lose_answer(&mut self) -> io::Result<()> {
        Err(unable())
    }
}
