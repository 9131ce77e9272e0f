//! Files of clients' messages, from the channel to the hub: within bounds, after which a message goes without its file.

use std::time::Duration;

use api::connector::v1::IncomingMedia;
use api::connector::v1::incoming_media::Source;
use api::conversations::v1::Attachment;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, stream};
use tokio::time::timeout;
use tonic::Code;
use types::Clock;

use crate::backoff::Backoff;
use crate::hub::{Hub, is_passing};
use crate::media::{Upload, UploadError};

/// How often the channel is asked for a file. Providers block who asks for a failing one again and again.
const TRIES: usize = 4;

/// How often a file is brought to a hub that does not take it for now: longer than a hub that starts again needs.
const TRIES_OF_HUB: usize = 60;

/// A channel that says nothing for so long has broken off.
const SILENCE: Duration = Duration::from_secs(30);

/// The longest that a whole file may take; it is not tried again then.
const WHOLE: Duration = Duration::from_secs(120);

/// The longest reason that employees are shown, in characters.
const LONGEST_REASON: usize = 100;

/// Why a channel does not give a file.
#[derive(Debug, thiserror::Error)]
pub enum Unfetched {
    /// Another try may succeed.
    #[error("the file does not come for now")]
    Passing,
    /// It never will come; the text is for employees.
    #[error("the file does not come: {0}")]
    Never(String),
}

type Contents = BoxStream<'static, Result<Bytes, Unfetched>>;
type Ask = Box<dyn Fn() -> BoxFuture<'static, Result<Contents, Unfetched>> + Send + Sync>;

/// A file of a message that has to be fetched from the channel before the message is stored.
pub struct File {
    upload: Upload,
    ask: Ask,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("File").field(&self.upload.kind).finish()
    }
}

/// Why a try did not succeed.
enum Failed {
    Channel,
    Hub,
    /// No other try would; the text is for employees.
    Never(String),
}

impl From<Unfetched> for Failed {
    fn from(fault: Unfetched) -> Self {
        match fault {
            Unfetched::Passing => Self::Channel,
            Unfetched::Never(why) => Self::Never(format!("file: {why}")),
        }
    }
}

impl File {
    /// A file whose contents `ask` fetches, anew at each call of it.
    pub fn new<E, S, F>(upload: Upload, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        E: Into<Unfetched>,
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        F: Future<Output = Result<S, E>> + Send + 'static,
    {
        let ask = move || {
            let asked = ask();
            async move {
                let contents = asked.await.map_err(E::into)?;
                Ok(contents.map(|piece| piece.map_err(E::into)).boxed())
            }
            .boxed()
        };
        Self {
            upload,
            ask: Box::new(ask),
        }
    }

    /// Brings it to the hub; why not, for employees, when it cannot be had.
    pub(crate) async fn bring(&self, hub: &Hub, connection: &str) -> Result<IncomingMedia, String> {
        let (mut backoff, mut tries, mut of_hub) = (Backoff::default(), 0, 0);
        while tries < TRIES && of_hub < TRIES_OF_HUB {
            let tried = timeout(WHOLE, self.attempt(hub, connection)).await;
            match tried {
                Ok(Ok(taken)) => return Ok(media(taken)),
                Ok(Err(Failed::Never(why))) => return Err(shortened(&why)),
                Ok(Err(Failed::Channel)) => tries += 1,
                Ok(Err(Failed::Hub)) => of_hub += 1,
                Err(_) => return Err("file that came too slowly".to_owned()),
            }
            Clock::system().sleep(backoff.wait()).await;
        }
        Err("file that could not be fetched".to_owned())
    }

    async fn attempt(&self, hub: &Hub, connection: &str) -> Result<Attachment, Failed> {
        let asked = timeout(SILENCE, (self.ask)()).await;
        let contents = asked.unwrap_or(Err(Unfetched::Passing))?;
        let uploaded = hub.upload(connection, self.upload.clone(), unbroken(contents));
        uploaded.await.map_err(|error| match error {
            UploadError::Source(fault) => fault.into(),
            UploadError::Hub(status) => match status.code() {
                Code::InvalidArgument | Code::ResourceExhausted => {
                    Failed::Never(format!("file: {}", status.message()))
                }
                _ if is_passing(&status) => Failed::Hub,
                _ => Failed::Channel,
            },
        })
    }
}

/// The same contents, which break off where nothing comes for long.
fn unbroken(contents: Contents) -> impl Stream<Item = Result<Bytes, Unfetched>> + Send {
    stream::unfold(Some(contents), async |contents| {
        let mut contents = contents?;
        match timeout(SILENCE, contents.next()).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(contents))),
            Ok(Some(Err(fault))) => Some((Err(fault), None)),
            Ok(None) => None,
            Err(_) => Some((Err(Unfetched::Passing), None)),
        }
    })
}

fn media(taken: Attachment) -> IncomingMedia {
    IncomingMedia {
        kind: taken.kind,
        source: Some(Source::AttachmentId(taken.id)),
        file_name: taken.file_name,
        duration_ms: taken.duration_ms,
    }
}

fn shortened(text: &str) -> String {
    let text = text.chars().filter(|c| !c.is_control());
    text.take(LONGEST_REASON).collect()
}
