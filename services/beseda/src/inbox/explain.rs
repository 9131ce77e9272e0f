//! `beseda inbox explain`: how much an employee sees of a conversation, and which rule decides.

use api::conversations::v1::conversation_service_client::ConversationServiceClient;
use api::conversations::v1::{
    ConversationVisibility, ExplainVisibilityRequest, ExplainVisibilityResponse,
};
use clap::Args;

use super::connection::Connection;
use super::find::{self, Named};
use super::json;
use super::output::Output;
use super::problem::Problem;

/// A conversation and who looks at it.
#[derive(Debug, Args)]
pub struct Explain {
    /// The conversation: its number or id
    conversation: Named,
    /// The employee: user_… or e-mail; without it: whoever is logged in
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
}

impl Explain {
    /// Prints what is seen and why.
    pub async fn run(self, connection: &Connection, output: &Output) -> Result<(), Problem> {
        let request = ExplainVisibilityRequest {
            conversation_id: self.conversation.id(connection).await?,
            user_id: match self.user {
                Some(user) => find::user(connection, user).await?,
                None => String::new(),
            },
        };
        let explain = async |channel, request| {
            ConversationServiceClient::new(channel)
                .explain_visibility(request)
                .await
        };
        let reply = connection.call(request, explain).await?;
        if output.json {
            return output.line(&json::text("ExplainVisibilityResponse", &reply)?);
        }
        output.line(&text(&reply))
    }
}

fn text(reply: &ExplainVisibilityResponse) -> String {
    if reply.switched_off {
        return "Nothing: the employee is switched off.".to_owned();
    }
    let seen = match reply.visibility() {
        ConversationVisibility::DealAndChat => "The deal and the chat",
        ConversationVisibility::ContactAndChat => "The contact and the chat",
        ConversationVisibility::ContactOnly => "The contact without the chat",
        ConversationVisibility::Unspecified => "Nothing: it is hidden",
    };
    let assumption = match &reply.assumption[..] {
        "" => String::new(),
        assumption => format!(", as {assumption} reads it"),
    };
    format!(
        "{seen}.\n{}{assumption}: {}\nThe right that decides was set for: {}.",
        reply.rule, reply.rule_text, reply.source
    )
}
