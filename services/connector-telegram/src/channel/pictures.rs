//! The pictures of people who write (CHW-58). They are looked at beside the messages, which never wait for them, and at most once in a few
//! hours; the hub says whether it has what is shown, and only else it is fetched.

use std::time::{Duration, Instant};

use api::conversations::v1::AttachmentKind;
use connector::{Inbound, Upload};
use quick_cache::sync::Cache;
use tokio::sync::{Mutex, mpsc};
use tonic::Code;

use crate::bot::{Bot, Photo};
use crate::domain::update::{Told, What};

/// How long a look at somebody's picture holds.
const HOLDS: Duration = Duration::from_secs(6 * 3_600);

/// People whose looks are remembered; the least used go first, and are only looked at again.
const PEOPLE: usize = 10_000;

/// People who wait to be looked at. Whoever finds no room is looked at when they write again.
const QUEUE: usize = 256;

/// Whose pictures are to be looked at.
pub struct Pictures {
    seen: Cache<i64, Instant>,
    queue: mpsc::Sender<i64>,
    waiting: Mutex<mpsc::Receiver<i64>>,
}

impl std::fmt::Debug for Pictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pictures({} people)", self.seen.len())
    }
}

impl Default for Pictures {
    fn default() -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self {
            seen: Cache::new(PEOPLE),
            queue,
            waiting: Mutex::new(waiting),
        }
    }
}

impl Pictures {
    /// Somebody wrote, and it is stored. In a private chat the chat's id is the person's.
    pub fn wrote(&self, told: &Told) {
        let is_message = matches!(told.what, What::Written { .. });
        let holds = |seen: Instant| seen.elapsed() < HOLDS;
        if told.is_group || !is_message || self.seen.get(&told.chat).is_some_and(holds) {
            return;
        }
        if self.queue.try_send(told.chat).is_ok() {
            self.seen.insert(told.chat, Instant::now());
        }
    }

    /// Looks at pictures as people write; it does not end.
    pub async fn look(&self, bot: &Bot, inbound: &Inbound) -> std::convert::Infallible {
        let mut waiting = self.waiting.lock().await;
        loop {
            let Some(person) = waiting.recv().await else {
                // The queue is never closed while somebody looks.
                return std::future::pending().await;
            };
            if let Err(why) = tell(bot, inbound, person).await {
                // Looked at again when they write again.
                self.seen.remove(&person);
                tracing::debug!(
                    connection = inbound.connection().id(),
                    why,
                    "a picture is not shown yet"
                );
            }
        }
    }
}

/// Tells the hub which picture somebody shows, and brings it if it is wanted.
async fn tell(bot: &Bot, inbound: &Inbound, person: i64) -> Result<(), String> {
    let photo = bot.picture_of(person).await;
    let photo = photo.map_err(|fault| fault.to_string())?;
    let (connection, chat) = (inbound.connection().id(), person.to_string());
    let hub = inbound.hub();
    let key = photo.as_ref().map_or("", |it| &it.file_unique_id);
    let wanted = match hub.report_picture(connection, &chat, key, None).await {
        Ok(wanted) => wanted,
        // What somebody on the black list writes makes no chat.
        Err(status) if status.code() == Code::NotFound => false,
        Err(status) => return Err(status.message().to_owned()),
    };
    let Some(photo) = photo.filter(|_| wanted) else {
        return Ok(());
    };
    let file = bring(bot, inbound, &chat, &photo).await?;
    let told = hub.report_picture(connection, &chat, &photo.file_unique_id, Some(&file));
    told.await
        .map(drop)
        .map_err(|status| status.message().to_owned())
}

/// The picture at the hub; its id there.
async fn bring(bot: &Bot, inbound: &Inbound, chat: &str, photo: &Photo) -> Result<String, String> {
    let contents = bot.download(&photo.file_id).await;
    let contents = contents.map_err(|fault| fault.to_string())?;
    let upload = Upload {
        chat: chat.to_owned(),
        kind: AttachmentKind::Unspecified,
        ..Upload::default()
    };
    let connection = inbound.connection().id();
    let uploaded = inbound.hub().upload(connection, upload, contents).await;
    let file = uploaded.map_err(|error| error.to_string())?;
    Ok(file.id)
}
