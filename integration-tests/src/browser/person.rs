//! A person on any page, who finds things by what they are called.

use serde_json::{Value, json};

use super::{Driver, texts};

/// A person with a telephone, on a page in Russian; browser and page end with this value.
///
/// Calls wait for what they are about, and panic when it does not come.
#[derive(Debug)]
pub struct Person(Driver);

impl Person {
    /// Opens a page.
    ///
    /// # Panics
    /// When there is no browser, or the page does not come: the text says what to do.
    pub async fn open(url: &str) -> Self {
        let phone = [("LOCALE", "ru-RU"), ("VIEWPORT", "390x844")];
        Self(Driver::start("page.mjs", url, &phone).await)
    }

    /// Types into the field with this label.
    pub async fn fill(&mut self, label: &str, text: &str) {
        self.0
            .tell(json!({"cmd": "fill", "label": label, "text": text}))
            .await;
    }

    /// Presses the button or link of this name.
    pub async fn press(&mut self, name: &str) {
        self.0.tell(json!({"cmd": "press", "name": name})).await;
    }

    /// Presses one within a part of the page: a CSS selector.
    pub async fn press_in(&mut self, within: &str, name: &str) {
        self.0
            .tell(json!({"cmd": "press", "name": name, "within": within}))
            .await;
    }

    /// Waits until a text is to be seen.
    pub async fn see(&mut self, text: &str) {
        self.0.tell(json!({"cmd": "see", "text": text})).await;
    }

    /// Waits until a text is to be seen in a part of the page, exactly so often.
    pub async fn see_in(&mut self, within: &str, text: &str, count: u32) {
        self.0
            .tell(json!({"cmd": "see", "text": text, "within": within, "count": count}))
            .await;
    }

    /// Waits until a text is not to be seen any more.
    pub async fn miss(&mut self, text: &str) {
        self.0.tell(json!({"cmd": "miss", "text": text})).await;
    }

    /// Saves a file by a button: its name and how many bytes it has.
    ///
    /// # Panics
    /// When nothing is saved.
    pub async fn save(&mut self, button: &str) -> (String, u64) {
        let saved = self.0.tell(json!({"cmd": "save", "name": button})).await;
        let name = saved["name"].as_str().expect("a name").to_owned();
        (name, saved["bytes"].as_u64().expect("a number"))
    }

    /// How long the sound on the page lasts, in seconds.
    ///
    /// # Panics
    /// When there is none that can be played.
    pub async fn play(&mut self) -> f64 {
        let sound = self.0.tell(json!({"cmd": "play"})).await;
        sound["seconds"].as_f64().expect("a number")
    }

    /// Cuts the browser's network, or joins it again.
    pub async fn offline(&mut self, on: bool) {
        self.0.tell(json!({"cmd": "offline", "on": on})).await;
    }

    /// The keys under which the page keeps something in the browser.
    pub async fn storage(&mut self) -> Vec<String> {
        let storage = self.0.tell(json!({"cmd": "storage"})).await;
        texts(storage.get("keys").unwrap_or(&Value::Null))
    }

    /// Loads the page anew.
    pub async fn reload(&mut self) {
        self.0.tell(json!({"cmd": "reload"})).await;
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

    /// Errors of the page since the last time.
    ///
    /// # Panics
    /// When the page does not answer.
    pub async fn problems(&mut self) -> Vec<String> {
        self.0.problems().await
    }
}
