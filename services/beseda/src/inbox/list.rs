//! `beseda inbox list`.

use api::conversations::v1::{
    Conversation, ConversationAnswer, ConversationLife, ListConversationsRequest,
};
use clap::{Args, ValueEnum};

use super::connection::Connection;
use super::find::Pages;
use super::output::{Colour, Output, cut, one_line, table};
use super::problem::Problem;
use super::{json, words};

/// The longest texts in a table.
const TITLE: usize = 28;
const TEXT: usize = 60;

/// Which conversations.
#[derive(Debug, Args)]
pub struct List {
    /// Open ones, closed ones, or all
    #[arg(long, value_enum, default_value = "open")]
    state: State,
    /// Short for --state all
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// Only those whose client waits for an answer
    #[arg(long)]
    waiting: bool,
    /// Only of this connection: cxn_…
    #[arg(long)]
    connection: Option<String>,
    /// At most so many of each state
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Life of the conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Open,
    Closed,
    All,
}

impl List {
    /// Prints them, the latest change first.
    pub async fn run(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let state = if self.all { State::All } else { self.state };
        let lives: &[ConversationLife] = match state {
            State::Open => &[ConversationLife::Open],
            State::Closed => &[ConversationLife::Closed],
            State::All => &[ConversationLife::Open, ConversationLife::Closed],
        };
        let (mut listed, mut more) = (Vec::new(), false);
        for life in lives {
            let (page, left) = self.of(*life, connection).await?;
            listed.extend(page);
            more |= left;
        }
        if output.json {
            return listed
                .iter()
                .try_for_each(|it| output.line(&json::text("Conversation", it)?));
        }
        if listed.is_empty() {
            output.remark("No conversations here. Open ones only are shown unless you say --all.");
        }
        rows(&listed, output)
            .iter()
            .try_for_each(|row| output.line(row))?;
        if more {
            output.remark(&format!(
                "There are more: --limit {}",
                self.limit.saturating_mul(4)
            ));
        }
        Ok(())
    }

    /// Conversations of one life, and whether there are more.
    async fn of(
        &self,
        life: ConversationLife,
        connection: &Connection,
    ) -> Result<(Vec<Conversation>, bool), Problem> {
        let limit = self.limit as usize;
        let answer = if self.waiting {
            ConversationAnswer::RequiresAnswer
        } else {
            ConversationAnswer::Unspecified
        };
        let mut pages = Pages::new(ListConversationsRequest {
            page_size: i32::try_from(limit.min(200)).unwrap_or(200),
            life: life.into(),
            answer: answer.into(),
            connection_id: self.connection.clone().unwrap_or_default(),
            ..ListConversationsRequest::default()
        });
        let (mut listed, mut more) = (Vec::new(), false);
        while listed.len() < limit {
            let Some(page) = pages.next(connection).await? else {
                break;
            };
            listed.extend(page.conversations);
            more = !page.next_page_token.is_empty();
        }
        more |= listed.len() > limit;
        listed.truncate(limit);
        Ok((listed, more))
    }
}

/// Conversations under one another.
pub fn rows(conversations: &[Conversation], output: &Output) -> Vec<String> {
    let rows: Vec<_> = conversations.iter().map(|it| row(it, output)).collect();
    table(&rows, output)
}

fn row(conversation: &Conversation, output: &Output) -> Vec<(Colour, String)> {
    let closed = conversation.life() == ConversationLife::Closed;
    let waits = conversation.answer() == ConversationAnswer::RequiresAnswer && !closed;
    let life = if closed { Colour::Grey } else { Colour::Green };
    let answer = if waits { Colour::Blue } else { Colour::Plain };
    let last = conversation.last_message.as_ref().map(|message| {
        format!(
            "{}: {}",
            one_line(words::author(message)),
            one_line(&words::text(message))
        )
    });
    vec![
        (Colour::Plain, format!("#{}", conversation.number)),
        (life, words::life(conversation).to_owned()),
        (answer, words::answer(conversation).to_owned()),
        (Colour::Plain, conversation.channel.clone()),
        (Colour::Plain, cut(&one_line(&conversation.title), TITLE)),
        (
            Colour::Grey,
            output.moment(conversation.update_time.as_ref()),
        ),
        (answer, cut(&last.unwrap_or_default(), TEXT)),
    ]
}
