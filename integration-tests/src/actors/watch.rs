//! The live stream of an employee, resumed by its cursor whenever it breaks.

use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{InboxChange, WatchInboxRequest, WatchInboxResponse};
use tonic::{Status, Streaming};
use types::Clock;

use super::Employee;
use crate::calls::{is_passing, stream_with_token};

const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// A stream that goes on where it broke.
#[derive(Debug)]
pub struct Watch<'e> {
    employee: &'e Employee,
    cursor: String,
    stream: Option<Streaming<WatchInboxResponse>>,
    resumed: usize,
}

impl<'e> Watch<'e> {
    /// From a cursor on.
    #[must_use]
    pub fn new(employee: &'e Employee, cursor: String) -> Self {
        Self {
            employee,
            cursor,
            stream: None,
            resumed: 0,
        }
    }

    /// The next change, however often the stream breaks before it comes.
    ///
    /// # Panics
    /// When the stream is refused for a reason that no fault explains, or says that changes were lost to it.
    pub async fn next(&mut self) -> InboxChange {
        self.next_or_reset()
            .await
            .expect("the live stream lost no changes")
    }

    /// The next change; `None` when the stream says that changes were lost to it: it goes on with what comes then.
    ///
    /// # Panics
    /// When the stream is refused for a reason that no fault explains.
    pub async fn next_or_reset(&mut self) -> Option<InboxChange> {
        loop {
            match self.step().await {
                Ok(Step::Change(change)) => return Some(*change),
                Ok(Step::Reset) => return None,
                Ok(Step::Nothing) => {}
                Err(status) if is_passing(&status) => {
                    self.drop_stream();
                    Clock::system().sleep(PAUSE).await;
                }
                Err(status) => panic!("the live stream was refused: {status:?}"),
            }
        }
    }

    async fn step(&mut self) -> Result<Step, Status> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let stream = self.open().await?;
                self.stream.insert(stream)
            }
        };
        let Some(step) = stream.message().await? else {
            return Err(Status::unavailable("the stream ended"));
        };
        if !step.cursor.is_empty() {
            self.cursor = step.cursor;
        }
        Ok(match step.event {
            Some(Event::Change(change)) => Step::Change(Box::new(change)),
            Some(Event::Reset(_)) => Step::Reset,
            Some(Event::Heartbeat(_) | Event::Writability(_) | Event::ConnectionHealth(_))
            | None => Step::Nothing,
        })
    }

    async fn open(&self) -> Result<Streaming<WatchInboxResponse>, Status> {
        let request = stream_with_token(
            &self.employee.token().await,
            WatchInboxRequest {
                cursor: self.cursor.clone(),
            },
        );
        Ok(self
            .employee
            .inbox()
            .watch_inbox(request)
            .await?
            .into_inner())
    }

    /// Breaks the stream, as a lost connection does; the next change is asked for by the cursor.
    pub fn drop_stream(&mut self) {
        self.resumed += usize::from(self.stream.take().is_some());
    }

    /// How often it was resumed.
    #[must_use]
    pub fn resumed(&self) -> usize {
        self.resumed
    }

    /// Where it stands.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.cursor
    }
}

/// One step of the stream.
enum Step {
    Change(Box<InboxChange>),
    Reset,
    Nothing,
}
