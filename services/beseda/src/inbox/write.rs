//! `beseda inbox reply` and `start`: what is written to a client.

use std::io::{IsTerminal, Read};

use anyhow::Context;
use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::{
    Conversation, GetConversationRequest, Message, SendMessageRequest, StartConversationRequest,
};
use clap::Args;
use types::ChatId;

use super::connection::Connection;
use super::find::Named;
use super::output::Output;
use super::problem::Problem;
use super::{json, words};

/// A text.
#[derive(Debug, Args)]
pub struct Text {
    /// The text; from standard input when left out
    text: Option<String>,
    /// A UUID of your own that makes repeating this command safe for 24 hours
    #[arg(long, value_name = "UUID")]
    request_id: Option<uuid::Uuid>,
}

/// An answer.
#[derive(Debug, Args)]
pub struct Reply {
    /// The conversation: its number or id
    conversation: Named,
    #[command(flatten)]
    text: Text,
}

/// A first message.
#[derive(Debug, Args)]
pub struct Start {
    /// The chat to write to, chat_…, or a conversation in it
    chat: String,
    #[command(flatten)]
    text: Text,
}

impl Reply {
    /// Answers.
    pub async fn run(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let (text, request_id) = self.text.get()?;
        let request = SendMessageRequest {
            conversation_id: self.conversation.id(connection).await?,
            text,
            request_id,
            ..SendMessageRequest::default()
        };
        let send = async |channel, request| {
            ConversationServiceClient::new(channel)
                .send_message(request)
                .await
        };
        let reply = connection.call(request, send).await?;
        if output.json {
            return output.line(&json::text("SendMessageResponse", &reply)?);
        }
        done(reply.conversation, reply.message, output)
    }
}

impl Start {
    /// Writes first.
    pub async fn run(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let chat_id = chat_id(&self.chat, connection).await?;
        let (text, request_id) = self.text.get()?;
        let request = StartConversationRequest {
            chat_id,
            text,
            request_id,
            ..StartConversationRequest::default()
        };
        let start = async |channel, request| {
            ConversationServiceClient::new(channel)
                .start_conversation(request)
                .await
        };
        let reply = connection.call(request, start).await?;
        if output.json {
            return output.line(&json::text("StartConversationResponse", &reply)?);
        }
        done(reply.conversation, reply.message, output)
    }
}

async fn chat_id(text: &str, connection: &Connection) -> Result<String, Problem> {
    if text.parse::<ChatId>().is_ok() {
        return Ok(text.to_owned());
    }
    let named: Named = text.parse().map_err(|_| {
        Problem::Usage("name the chat by its id, chat_…, or by a conversation in it".to_owned())
    })?;
    let request = GetConversationRequest {
        conversation_id: named.id(connection).await?,
    };
    let get = async |channel, request| {
        ConversationServiceClient::new(channel)
            .get_conversation(request)
            .await
    };
    let conversation = connection.call(request, get).await?.conversation;
    Ok(conversation.unwrap_or_default().chat_id)
}

impl Text {
    /// The text, and the id that makes every repetition of the call one message.
    fn get(self) -> Result<(String, String), Problem> {
        let text = match self.text {
            Some(text) => text,
            None => from_stdin()?,
        };
        let request_id = self.request_id.unwrap_or_else(types::new_uuid);
        Ok((text, request_id.to_string()))
    }
}

fn from_stdin() -> Result<String, Problem> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("Write the text; Ctrl-D on a line of its own sends it.");
    }
    let mut text = String::new();
    input
        .read_to_string(&mut text)
        .context("the text cannot be read from standard input")?;
    Ok(text.trim_end().to_owned())
}

fn done(
    conversation: Option<Conversation>,
    message: Option<Message>,
    output: &Output,
) -> Result<(), Problem> {
    let (conversation, message) = (
        conversation.unwrap_or_default(),
        message.unwrap_or_default(),
    );
    output.line(&format!(
        "#{}: {} ({})",
        conversation.number,
        words::delivery(&message),
        message.id
    ))
}
