//! `beseda inbox watch`: what is in the inbox, then what changes in it, for as long as one likes.
//!
//! The cursor moves when a change has been printed, and a lost stream is taken up again after it: nothing is missed and
//! nothing is shown twice. When the server can no longer tell what was missed, the inbox is listed again.

use std::collections::HashMap;
use std::time::Duration;

use api::conversations::v1::inbox_service_client::InboxServiceClient;
use api::conversations::v1::watch_inbox_response::Event;
use api::conversations::v1::{
    ChangeKind, DeliveryStatus, InboxChange, ListConversationsRequest, Reset, ResetCause,
    WatchInboxRequest, WatchInboxResponse,
};
use api::error::v1::ErrorReason;
use clap::Args;
use tonic::{Code, Status, Streaming};
use types::Clock;

use super::connection::{Connection, is_stale, pause};
use super::find::Pages;
use super::output::{Colour, Output, one_line};
use super::problem::Problem;
use super::{json, list, words};

/// A heartbeat comes every 20 seconds. A stream that is silent for longer than two of them is dead.
const SILENCE: Duration = Duration::from_secs(50);

/// What to begin with.
#[derive(Debug, Args)]
pub struct Watch {
    /// Take up where another watch ended: the last "cursor" of its JSON
    #[arg(long)]
    cursor: Option<String>,
    /// How many conversations are shown at first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
}

/// A running watch.
struct Watching<'a> {
    connection: &'a Connection,
    output: &'a Output,
    limit: u16,
    cursor: String,
    /// What the list showed: ids and etags.
    listed: HashMap<String, String>,
    /// Tries since something last came.
    tried: u32,
}

impl Watch {
    /// Watches until the stream cannot be had any more.
    pub async fn run(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let mut watching = Watching {
            connection,
            output,
            limit: self.limit,
            cursor: self.cursor.unwrap_or_default(),
            listed: HashMap::new(),
            tried: 0,
        };
        if watching.cursor.is_empty() {
            watching.list().await?;
        }
        loop {
            if let Err(lost) = watching.follow().await {
                watching.recover(lost).await?;
            }
        }
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

impl Watching<'_> {
    /// Shows the inbox as it is, the latest at the bottom, where the changes go on.
    async fn list(&mut self) -> Result<(), Problem> {
        let mut pages = Pages::new(ListConversationsRequest {
            page_size: self.limit.into(),
            ..ListConversationsRequest::default()
        });
        let page = pages.next(self.connection).await?.unwrap_or_default();
        self.cursor = page.cursor;
        let mut conversations = page.conversations;
        conversations.reverse();
        self.listed = conversations
            .iter()
            .map(|it| (it.id.clone(), it.etag.clone()))
            .collect();
        if self.output.json {
            return conversations.iter().try_for_each(|it| {
                let conversation = json::text("Conversation", it)?;
                self.output
                    .line(&format!("{{\"conversation\":{conversation}}}"))
            });
        }
        let rows = list::rows(&conversations, self.output);
        rows.iter().try_for_each(|row| self.output.line(row))?;
        self.output.remark(match rows.len() {
            0 => "No open conversations. Watching; Ctrl-C ends it.",
            _ => "Watching; Ctrl-C ends it.",
        });
        Ok(())
    }

    /// Shows changes until the stream is lost, or was reset and has to be opened anew.
    async fn follow(&mut self) -> Result<(), Problem> {
        let request = WatchInboxRequest {
            cursor: self.cursor.clone(),
        };
        let watch =
            async |channel, request| InboxServiceClient::new(channel).watch_inbox(request).await;
        let mut stream: Streaming<WatchInboxResponse> =
            self.connection.open_stream(request, watch).await?;
        loop {
            let next = tokio::time::timeout(SILENCE, stream.message()).await;
            let Ok(next) = next else {
                return Err(Status::unavailable("the stream fell silent").into());
            };
            let next =
                next.map_err(|status| Problem::from_status(status, self.connection.server()))?;
            let step = next.ok_or_else(|| Status::unavailable("the stream ended"))?;
            if self.tried > 0 {
                self.output.remark("Connected again.");
                self.tried = 0;
            }
            self.show(&step)?;
            if let Some(Event::Reset(reset)) = step.event {
                return self.reset(reset).await;
            }
        }
    }

    fn show(&mut self, step: &WatchInboxResponse) -> Result<(), Problem> {
        // The list says where to go on from before its rows were read: a change in between comes twice. A changed message or card
        // leaves the conversation's version as it is.
        let is_listed = |change: &InboxChange| {
            let conversation = change.conversation.as_ref();
            let versioned = !matches!(
                change.kind(),
                ChangeKind::MessageChanged | ChangeKind::CardChanged
            );
            versioned && conversation.is_some_and(|it| self.listed.get(&it.id) == Some(&it.etag))
        };
        if matches!(&step.event, Some(Event::Change(change)) if is_listed(change)) {
            return Ok(());
        }
        let told = matches!(step.event, Some(Event::Change(_) | Event::Reset(_)));
        if self.output.json && told {
            self.output.line(&json::text("WatchInboxResponse", step)?)?;
        } else if let Some(Event::Change(change)) = &step.event {
            self.output.line(&line(change, self.output))?;
        }
        if !step.cursor.is_empty() {
            self.cursor.clone_from(&step.cursor);
        }
        Ok(())
    }

    /// Something was lost: what there is now says more than what is missing. The list says where to go on.
    async fn reset(&mut self, reset: Reset) -> Result<(), Problem> {
        self.output.remark(match reset.cause() {
            ResetCause::SlowReader => {
                "Changes came faster than they were read; the inbox as it is now:"
            }
            ResetCause::RightsChanged => "Your rights have changed; the inbox as it is now:",
            ResetCause::CursorTooOld | ResetCause::Unspecified => {
                "Not everything that was missed can be told any more; the inbox as it is now:"
            }
        });
        self.list().await
    }

    /// Waits before the next try, or gives up where trying again cannot help.
    async fn recover(&mut self, lost: Problem) -> Result<(), Problem> {
        if lost.reason() == Some(ErrorReason::CursorInvalid) && !self.cursor.is_empty() {
            self.cursor.clear();
            return self.reset(Reset::default()).await;
        }
        if is_stale(&lost) && self.tried == 0 {
            self.tried += 1;
            return if self.connection.renew().await? {
                Ok(())
            } else {
                Err(lost)
            };
        }
        if !is_worth_a_wait(&lost) {
            return Err(lost);
        }
        if self.tried == 0 {
            let why = match &lost {
                Problem::Unreachable { cause, .. } => cause.clone(),
                other => other.to_string(),
            };
            self.output
                .remark(&format!("The connection was lost ({why}). Trying again…"));
        }
        Clock::system().sleep(pause(self.tried, &lost)).await;
        self.tried += 1;
        Ok(())
    }
}

/// A watch is patient: it waits for whatever may come back.
fn is_worth_a_wait(problem: &Problem) -> bool {
    let busy = |status: &Status| {
        matches!(
            status.code(),
            Code::ResourceExhausted | Code::Unknown | Code::Internal
        )
    };
    problem.is_passing() || matches!(problem, Problem::Refused(status) if busy(status))
}

/// A change in a line: when, which conversation, what happened.
fn line(change: &InboxChange, output: &Output) -> String {
    let conversation = change.conversation.clone().unwrap_or_default();
    let message = change.message.as_ref();
    let time = match (change.kind(), message) {
        (ChangeKind::MessageChanged, _) | (_, None) => conversation.update_time.as_ref(),
        (_, Some(message)) => message.create_time.as_ref(),
    };
    let said = message.map(|message| {
        format!(
            "{}: {}",
            one_line(words::author(message)),
            one_line(&words::text(message))
        )
    });
    let said = said.unwrap_or_default();
    let (colour, what) = match change.kind() {
        ChangeKind::Created => (Colour::Green, format!("new        {said}")),
        ChangeKind::Reopened => (Colour::Green, format!("reopened   {said}")),
        ChangeKind::MessageAdded => (Colour::Plain, format!("message    {said}")),
        ChangeKind::MessageChanged => {
            let failed = message.is_some_and(|it| it.delivery_status() == DeliveryStatus::Failed);
            let colour = if failed { Colour::Red } else { Colour::Grey };
            let delivery = one_line(&message.map(words::delivery).unwrap_or_default());
            (colour, format!("{delivery:<9}  {said}"))
        }
        ChangeKind::Rated => (Colour::Plain, format!("rated      {said}")),
        ChangeKind::AnswerChanged => (Colour::Grey, words::answer(&conversation).to_owned()),
        ChangeKind::Closed => (
            Colour::Grey,
            format!("closed     {}", words::closed_by(&conversation)),
        ),
        ChangeKind::CardChanged => (
            Colour::Grey,
            format!("card       {}", one_line(&conversation.title)),
        ),
        ChangeKind::Hidden => (Colour::Grey, format!("hidden     {}", conversation.id)),
        ChangeKind::FavouriteChanged => {
            let kept = if conversation.favourite() {
                "kept"
            } else {
                "let go"
            };
            (Colour::Grey, format!("favourite  {kept}"))
        }
        ChangeKind::WritabilityChanged => (Colour::Grey, "what may be written changed".to_owned()),
        ChangeKind::Unspecified => (Colour::Grey, "changed".to_owned()),
    };
    let moment = output.paint(Colour::Grey, &output.moment(time));
    format!(
        "{moment}  {:<5}  {}",
        format!("#{}", conversation.number),
        output.paint(colour, &what)
    )
}
