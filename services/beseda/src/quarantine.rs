//! `beseda quarantine`: what connectors brought and was refused for good.

use std::process::ExitCode;

use api::connector::v1::channel_event::Event;
use api::connector::v1::quarantine_service_client::QuarantineServiceClient;
use api::connector::v1::{
    ChannelEvent, DiscardQuarantinedEventsRequest, ListQuarantinedEventsRequest,
    ListQuarantinedEventsResponse, PublishOutcome, QuarantinedEvent,
    RedriveQuarantinedEventsRequest, RedriveQuarantinedEventsResponse, RedriveResult,
};
use clap::{Args, Subcommand};

use crate::inbox::access::Credentials;
use crate::inbox::connection::Connection;
use crate::inbox::output::{Output, cut, one_line};
use crate::inbox::problem::Problem;
use crate::inbox::{Server, ended, json};

/// What stands below the help.
pub const HELP: &str = "\
Who calls: an administrator, by --email and --password or the session of `beseda login`; or a program with the scope settings.write.
An event that is let in stands after what came to its chat since. Events of a chat go in the order in which they came: the later one waits
until the earlier one is let in or thrown away.";

/// Events in one call.
const PAGE: i32 = 200;

/// How much of a message is shown.
const TEXT: usize = 80;

/// What to do, where, and as whom.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    credentials: Credentials,
    /// Print JSON, an object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Task {
    /// List the events, the oldest first, with the reason of each
    List,
    /// Let events in again, after their reason was put right
    Redrive(Which),
    /// Throw events away for good
    Discard(Which),
}

/// Which events.
#[derive(Debug, Args)]
struct Which {
    /// Their ids, qua_…
    #[arg(required_unless_present = "all")]
    ids: Vec<String>,
    /// All that are kept
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

/// `beseda quarantine …`
pub async fn main(arguments: Arguments) -> ExitCode {
    ended(run(arguments).await)
}

async fn run(arguments: Arguments) -> Result<(), Problem> {
    let connection = Connection::open(&arguments.server.server, arguments.credentials).await?;
    let quarantine = Quarantine {
        output: Output::new(arguments.json),
        connection,
    };
    let outcome = match arguments.task {
        Task::List => quarantine.list().await,
        Task::Redrive(which) => quarantine.redrive(which).await,
        Task::Discard(which) => quarantine.discard(which).await,
    };
    quarantine.connection.close().await;
    outcome
}

struct Quarantine {
    connection: Connection,
    output: Output,
}

impl Quarantine {
    async fn list(&self) -> Result<(), Problem> {
        let events = self.all().await?;
        for event in &events {
            let line = if self.output.json {
                json::text_of("beseda.connector.v1.QuarantinedEvent", event)?
            } else {
                self.row(event)
            };
            self.output.line(&line)?;
        }
        if events.is_empty() {
            self.output.remark("Nothing is kept in quarantine.");
        }
        Ok(())
    }

    async fn redrive(&self, which: Which) -> Result<(), Problem> {
        let mut refused = 0;
        for ids in self
            .named(which)
            .await?
            .chunks(PAGE.unsigned_abs() as usize)
        {
            let redrive = async |channel, request| {
                let mut service = QuarantineServiceClient::new(channel);
                service.redrive_quarantined_events(request).await
            };
            let request = RedriveQuarantinedEventsRequest { ids: ids.to_vec() };
            let reply: RedriveQuarantinedEventsResponse =
                self.connection.call(request, redrive).await?;
            for result in &reply.results {
                refused += usize::from(!is_taken(result));
                let line = if self.output.json {
                    json::text_of("beseda.connector.v1.RedriveResult", result)?
                } else {
                    said(result)
                };
                self.output.line(&line)?;
            }
        }
        if refused > 0 {
            let remark = format!("{refused} stay in quarantine, or are not there.");
            self.output.remark(&remark);
        }
        Ok(())
    }

    async fn discard(&self, which: Which) -> Result<(), Problem> {
        let ids = self.named(which).await?;
        for ids in ids.chunks(PAGE.unsigned_abs() as usize) {
            let discard = async |channel, request| {
                let mut service = QuarantineServiceClient::new(channel);
                service.discard_quarantined_events(request).await
            };
            let request = DiscardQuarantinedEventsRequest { ids: ids.to_vec() };
            self.connection.call(request, discard).await?;
        }
        self.output.remark(&format!("Thrown away: {}.", ids.len()));
        Ok(())
    }

    async fn named(&self, which: Which) -> Result<Vec<String>, Problem> {
        if !which.all {
            return Ok(which.ids);
        }
        let events = self.all().await?.into_iter();
        Ok(events.map(|event| event.id).collect())
    }

    async fn all(&self) -> Result<Vec<QuarantinedEvent>, Problem> {
        let (mut events, mut page_token) = (Vec::new(), String::new());
        loop {
            let list = async |channel, request| {
                let mut service = QuarantineServiceClient::new(channel);
                service.list_quarantined_events(request).await
            };
            let request = ListQuarantinedEventsRequest {
                page_size: PAGE,
                page_token,
            };
            let page: ListQuarantinedEventsResponse = self.connection.call(request, list).await?;
            events.extend(page.events);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(events);
            }
        }
    }

    fn row(&self, event: &QuarantinedEvent) -> String {
        let of = event.event.clone().unwrap_or_default();
        format!(
            "{}  {}  {} {}  chat {}, {}\n    {} [{}], {} times",
            event.id,
            self.output.moment(event.create_time.as_ref()),
            event.connector_key,
            of.connection_id,
            cut(&one_line(&of.external_chat_id), TEXT),
            what(&of),
            one_line(&event.reason_text),
            event.reason,
            event.refusals
        )
    }
}

fn is_taken(result: &RedriveResult) -> bool {
    let result = result.result.clone().unwrap_or_default();
    matches!(
        result.outcome(),
        PublishOutcome::Accepted | PublishOutcome::Duplicate
    )
}

fn said(result: &RedriveResult) -> String {
    let said = result.result.clone().unwrap_or_default();
    if is_taken(result) {
        format!(
            "{}  let in, conversation no. {}",
            result.id, said.conversation_number
        )
    } else {
        format!(
            "{}  refused: {} [{}]",
            result.id,
            one_line(&said.reason_text),
            said.reason
        )
    }
}

/// What an event tells, in a few words.
fn what(event: &ChannelEvent) -> String {
    match &event.event {
        Some(Event::Message(message)) => {
            format!("message: {}", cut(&one_line(&message.text), TEXT))
        }
        Some(Event::Edited(edited)) => {
            format!("changed to: {}", cut(&one_line(&edited.text), TEXT))
        }
        Some(Event::Deleted(_)) => "a message was deleted".to_owned(),
        Some(Event::Reachable(_)) => "the client may be written to, or not".to_owned(),
        Some(Event::Renamed(_)) => "the group has another name".to_owned(),
        Some(Event::Moved(_)) => "the chat has another id".to_owned(),
        Some(Event::Finished(_)) => "the client finished the conversation".to_owned(),
        Some(Event::Read(_)) => "the client has read".to_owned(),
        None => "nothing that this version knows".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::connector::v1::{IncomingMessage, PublishResult};

    #[test]
    fn a_row_says_what_came_and_why_it_was_refused() {
        let message = IncomingMessage {
            text: "two\nlines".to_owned(),
            ..IncomingMessage::default()
        };
        let event = ChannelEvent {
            event: Some(Event::Message(message)),
            ..ChannelEvent::default()
        };
        assert_eq!(what(&event), "message: two ⏎ lines");
        let result = |outcome: PublishOutcome| RedriveResult {
            id: "qua_1".to_owned(),
            result: Some(PublishResult {
                outcome: outcome.into(),
                conversation_number: 7,
                reason: "CHAT_TAKEN".to_owned(),
                reason_text: "Taken.".to_owned(),
                ..PublishResult::default()
            }),
        };
        let refused = said(&result(PublishOutcome::Refused));
        assert_eq!(refused, "qua_1  refused: Taken. [CHAT_TAKEN]");
        let taken = said(&result(PublishOutcome::Accepted));
        assert_eq!(taken, "qua_1  let in, conversation no. 7");
    }
}
