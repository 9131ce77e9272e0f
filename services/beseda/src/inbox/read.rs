//! `beseda inbox read`.

use std::collections::VecDeque;

use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::list_messages_request::Position;
use api::conversations::v1::{
    AuthorKind, GetConversationRequest, ListMessagesRequest, ListMessagesResponse, Message,
};
use clap::Args;
use unicode_width::UnicodeWidthStr;

use super::connection::Connection;
use super::find::Named;
use super::output::{Colour, Output, harmless, one_line};
use super::problem::Problem;
use super::{json, words};

/// The largest page there is.
const PAGE: usize = 200;

/// Which messages.
#[derive(Debug, Args)]
pub struct Read {
    /// The conversation: its number or id
    conversation: Named,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// From right after this place on, instead of the newest; 0 is the beginning
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(0..))]
    after: Option<i64>,
    /// Around this place
    #[arg(long, value_name = "SEQ", conflicts_with_all = ["after", "all"], value_parser = clap::value_parser!(i64).range(1..))]
    around: Option<i64>,
}

impl Read {
    /// Prints them, the oldest first.
    pub async fn run(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let id = self.conversation.id(connection).await?;
        let limit = if self.all {
            usize::MAX
        } else {
            self.limit as usize
        };
        let messages = match (self.around, self.after) {
            (Some(seq), _) => {
                let page = page(connection, &id, limit, Some(Position::AroundSeq(seq))).await?;
                VecDeque::from(page.messages)
            }
            (None, Some(seq)) => forward(connection, &id, limit, seq).await?,
            (None, None) => backward(connection, &id, limit).await?,
        };
        if output.json {
            return messages
                .iter()
                .try_for_each(|it| output.line(&json::text("Message", it)?));
        }
        heading(connection, &id, output).await?;
        print(&messages, output)
    }
}

/// From a place on.
async fn forward(
    connection: &Connection,
    id: &str,
    limit: usize,
    seq: i64,
) -> Result<VecDeque<Message>, Problem> {
    let mut read = VecDeque::new();
    let mut position = Some(Position::AfterSeq(seq));
    while let Some(at) = position.take().filter(|_| read.len() < limit) {
        let page = page(connection, id, limit - read.len(), Some(at)).await?;
        read.extend(page.messages);
        position = Some(page.newer_page_token)
            .filter(|it| !it.is_empty())
            .map(Position::PageToken);
    }
    read.truncate(limit);
    Ok(read)
}

/// The newest.
async fn backward(
    connection: &Connection,
    id: &str,
    limit: usize,
) -> Result<VecDeque<Message>, Problem> {
    let mut read: VecDeque<Message> = VecDeque::new();
    let mut position = None;
    loop {
        let page = page(connection, id, limit - read.len(), position).await?;
        for message in page.messages.into_iter().rev() {
            read.push_front(message);
        }
        if page.older_page_token.is_empty() || read.len() >= limit {
            break;
        }
        position = Some(Position::PageToken(page.older_page_token));
    }
    while read.len() > limit {
        read.pop_front();
    }
    Ok(read)
}

async fn page(
    connection: &Connection,
    id: &str,
    wanted: usize,
    position: Option<Position>,
) -> Result<ListMessagesResponse, Problem> {
    let request = ListMessagesRequest {
        conversation_id: id.to_owned(),
        page_size: i32::try_from(wanted.min(PAGE)).unwrap_or_default(),
        position,
    };
    let list = async |channel, request| {
        ConversationServiceClient::new(channel)
            .list_messages(request)
            .await
    };
    connection.call(request, list).await
}

async fn heading(connection: &Connection, id: &str, output: &Output) -> Result<(), Problem> {
    let request = GetConversationRequest {
        conversation_id: id.to_owned(),
    };
    let get = async |channel, request| {
        ConversationServiceClient::new(channel)
            .get_conversation(request)
            .await
    };
    let conversation = connection
        .call(request, get)
        .await?
        .conversation
        .unwrap_or_default();
    let title = one_line(&conversation.title);
    let state = format!(
        "{}, {}",
        words::life(&conversation),
        words::answer(&conversation)
    );
    let text = format!(
        "#{} {title}  {}  {state}  {}",
        conversation.number, conversation.channel, conversation.chat_id
    );
    output.line(&output.paint(Colour::Grey, &text))
}

fn print(messages: &VecDeque<Message>, output: &Output) -> Result<(), Problem> {
    let name = |message: &Message| one_line(words::author(message));
    let widest = messages
        .iter()
        .map(|message| name(message).width())
        .max()
        .unwrap_or(0);
    for message in messages {
        let (name, moment) = (name(message), output.moment(message.create_time.as_ref()));
        let kind = message
            .author
            .as_ref()
            .map(api::conversations::v1::MessageAuthor::kind);
        let colour = if kind == Some(AuthorKind::Client) {
            Colour::Blue
        } else {
            Colour::Green
        };
        let margin = " ".repeat(moment.width() + 2 + widest + 2);
        let text = harmless(&words::text(message))
            .trim_end()
            .replace('\n', &format!("\n{margin}"));
        let padding = " ".repeat(widest - name.width());
        let delivery = match words::delivery(message) {
            none if none.is_empty() => none,
            word => output.paint(Colour::Grey, &format!("  ({})", one_line(&word))),
        };
        let moment = output.paint(Colour::Grey, &moment);
        output.line(&format!(
            "{moment}  {}{padding}  {text}{delivery}",
            output.paint(colour, &name)
        ))?;
    }
    Ok(())
}
