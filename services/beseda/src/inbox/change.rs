//! `beseda inbox close` and `mark`: states of a conversation.

use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::{CloseConversationRequest, Conversation, MarkNoAnswerNeededRequest};
use clap::Args;

use super::connection::Connection;
use super::find::Named;
use super::output::Output;
use super::problem::Problem;
use super::{json, words};

/// A conversation.
#[derive(Debug, Args)]
pub struct Which {
    /// The conversation: its number or id
    conversation: Named,
}

impl Which {
    /// «Закрыть».
    pub async fn close(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let request = CloseConversationRequest {
            conversation_id: self.conversation.id(connection).await?,
            etag: String::new(),
        };
        let close = async |channel, request| {
            ConversationServiceClient::new(channel)
                .close_conversation(request)
                .await
        };
        show(connection.call(request, close).await?.conversation, output)
    }

    /// «Не требует ответа».
    pub async fn mark(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let request = MarkNoAnswerNeededRequest {
            conversation_id: self.conversation.id(connection).await?,
        };
        let mark = async |channel, request| {
            ConversationServiceClient::new(channel)
                .mark_no_answer_needed(request)
                .await
        };
        show(connection.call(request, mark).await?.conversation, output)
    }
}

fn show(conversation: Option<Conversation>, output: &Output) -> Result<(), Problem> {
    let conversation = conversation.unwrap_or_default();
    if output.json {
        return output.line(&json::text("Conversation", &conversation)?);
    }
    let (life, answer) = (words::life(&conversation), words::answer(&conversation));
    output.line(&format!("#{}: {life}, {answer}", conversation.number))
}
