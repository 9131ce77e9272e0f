//! What a visitor does with files.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::Browser;

/// A file on the visitor's device.
#[derive(Debug, Clone, Copy)]
pub struct OnDevice<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the device takes it for.
    pub media_type: &'a str,
    /// Its contents.
    pub bytes: &'a [u8],
}

impl Browser {
    /// Chooses files to send; [`Browser::press`] "Send" sends them.
    pub async fn attach(&mut self, files: &[OnDevice<'_>]) {
        let files: Vec<Value> = files
            .iter()
            .map(|it| json!({"name": it.name, "type": it.media_type, "base64": BASE64.encode(it.bytes)}))
            .collect();
        self.0.tell(json!({"cmd": "attach", "files": files})).await;
    }

    /// Presses the button or link of this name in the chat.
    pub async fn press(&mut self, name: &str) {
        self.0.tell(json!({"cmd": "press", "name": name})).await;
    }

    /// Waits until a text is to be seen in the chat.
    pub async fn see(&mut self, text: &str) {
        self.0.tell(json!({"cmd": "see", "text": text})).await;
    }

    /// Records a voice message of so many seconds, at most nine, and sends it.
    pub async fn record(&mut self, seconds: u32) {
        self.0
            .tell(json!({"cmd": "record", "seconds": seconds}))
            .await;
    }

    /// Waits for the file of this kind ("picture", "sound", "film", "document") in a message of this author and state.
    pub async fn wait_file(&mut self, author: &str, state: &str, kind: &str, count: u32) {
        self.0
            .tell(json!({"cmd": "waitFile", "author": author, "state": state, "kind": kind, "count": count}))
            .await;
    }

    /// Waits until the newest small picture is there; its width and height.
    pub async fn see_picture(&mut self) -> (u64, u64) {
        let seen = self.0.tell(json!({"cmd": "seePicture"})).await;
        let pixels = |name: &str| seen[name].as_u64().unwrap_or_default();
        (pixels("width"), pixels("height"))
    }

    /// Plays the newest sound; how many seconds were heard of it.
    pub async fn play(&mut self) -> f64 {
        let heard = self.0.tell(json!({"cmd": "play"})).await;
        heard["seconds"].as_f64().unwrap_or_default()
    }

    /// Saves a file by what is called so: its name and contents.
    ///
    /// # Panics
    /// When nothing is saved.
    pub async fn save(&mut self, name: &str) -> (String, Vec<u8>) {
        let saved = self.0.tell(json!({"cmd": "save", "name": name})).await;
        let text = |field: &str| saved[field].as_str().unwrap_or_default().to_owned();
        let bytes = BASE64.decode(text("base64").as_bytes());
        (text("file"), bytes.expect("base64"))
    }

    /// Takes a picture of the page, where BESEDA_PICTURES names a folder for it.
    pub async fn picture(&mut self, name: &str) {
        if let Some(folder) = std::env::var_os("BESEDA_PICTURES") {
            let path = std::path::Path::new(&folder).join(format!("{name}.png"));
            self.0
                .tell(json!({"cmd": "screenshot", "path": path}))
                .await;
        }
    }
}
