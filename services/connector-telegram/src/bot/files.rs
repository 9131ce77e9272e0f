//! Files of and for Telegram. They are passed on as they come, never held whole.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use reqwest::multipart::{Form as Multipart, Part};
use reqwest::{Body, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Bot, SentMessage};
use super::fault::Fault;
use crate::domain::parts::Form;

const TIME: Duration = Duration::from_secs(30);

/// The whole of a file, in either direction.
const FILE_TIME: Duration = Duration::from_secs(300);

/// A file on its way to Telegram.
pub struct OnTheWay {
    /// How it is sent.
    pub form: Form,
    /// Its name.
    pub name: String,
    /// Its type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// Its contents.
    pub contents: Body,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    file_path: String,
}

impl Form {
    /// The method that sends one, the field that names it, and its name in an album.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Photo => ("sendPhoto", "photo"),
            Self::Video => ("sendVideo", "video"),
            Self::Audio => ("sendAudio", "audio"),
            Self::Voice => ("sendVoice", "voice"),
            Self::Sticker => ("sendSticker", "sticker"),
            Self::Document => ("sendDocument", "document"),
        }
    }
}

impl OnTheWay {
    fn part(self) -> Result<Part, Fault> {
        let part = Part::stream_with_length(self.contents, self.size).file_name(self.name);
        Ok(part.mime_str(&self.media_type)?)
    }
}

impl Bot {
    /// The contents of a file that somebody sent.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn download(
        &self,
        file_id: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, Fault>> + Send + use<>, Fault> {
        let place: Place = self
            .call("getFile", &json!({"file_id": file_id}), TIME)
            .await?;
        let response = self
            .get_file(&place.file_path)
            .timeout(FILE_TIME)
            .send()
            .await?;
        match response.status() {
            StatusCode::OK => Ok(response.bytes_stream().map_err(Fault::from)),
            status => Err(Fault::Refused {
                code: status.as_u16(),
                description: "the file is not there".to_owned(),
                retry_after: None,
                migrate_to: None,
            }),
        }
    }

    /// Sends one file.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn send_file(
        &self,
        chat: &str,
        caption: &str,
        file: OnTheWay,
    ) -> Result<SentMessage, Fault> {
        let (method, field) = file.form.names();
        let form = Multipart::new().text("chat_id", chat.to_owned());
        let form = match caption {
            "" => form,
            caption => form.text("caption", caption.to_owned()),
        };
        let form = form.part(field, file.part()?);
        self.wait_for_turn().await;
        self.ask(self.post(method).multipart(form), FILE_TIME).await
    }

    /// Sends an album, of which every file counts as a message.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn send_album(
        &self,
        chat: &str,
        caption: &str,
        files: Vec<OnTheWay>,
    ) -> Result<SentMessage, Fault> {
        let names = || (0..files.len()).map(|place| format!("file{place}"));
        let media = files.iter().zip(names()).enumerate();
        let media: Vec<Value> = media
            .map(|(place, (file, name))| {
                let caption = if place == 0 { caption } else { "" };
                json!({"type": file.form.names().1, "media": format!("attach://{name}"), "caption": caption})
            })
            .collect();
        let mut form = Multipart::new()
            .text("chat_id", chat.to_owned())
            .text("media", Value::from(media).to_string());
        let names: Vec<String> = names().collect();
        for (name, file) in names.into_iter().zip(files) {
            self.wait_for_turn().await;
            form = form.part(name, file.part()?);
        }
        let request = self.post("sendMediaGroup").multipart(form);
        let sent: Vec<SentMessage> = self.ask(request, FILE_TIME).await?;
        sent.into_iter()
            .next()
            .ok_or_else(|| Fault::Lost("an album without messages".to_owned()))
    }
}
