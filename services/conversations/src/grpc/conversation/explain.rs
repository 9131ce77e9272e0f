//! How much an employee sees of a conversation, and why.

use access::{Source, rule_text};
use api::conversations::v1::{ExplainVisibilityRequest, ExplainVisibilityResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{ConversationId, UserId};

use super::Conversations;
use super::get::visible;
use super::status::Error;
use crate::grpc::{By, seeing};
use crate::store::{cards, conversations};
use crate::wire;

pub async fn explain_visibility(
    service: &Conversations,
    request: &Request<ExplainVisibilityRequest>,
) -> Result<ExplainVisibilityResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let request = request.get_ref();
    let mut fields = Fields::new();
    let id: Option<ConversationId> = fields.id("conversation_id", &request.conversation_id);
    let user: Option<UserId> = fields.optional_id("user_id", &request.user_id);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::conversation_not_found(&request.conversation_id))?;
    let about = caller.about("user_id", user)?;
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { explain(tx, &by, id, about).await })
    });
    let explanation: Option<access::Explanation> = done.await?;
    let Some(explanation) = explanation else {
        return Ok(ExplainVisibilityResponse {
            switched_off: true,
            ..ExplainVisibilityResponse::default()
        });
    };
    let language = kit::language::current();
    Ok(ExplainVisibilityResponse {
        visibility: wire::visibility(explanation.visibility).into(),
        rule: explanation.rule.to_owned(),
        rule_text: rule_text(explanation.rule, language)
            .unwrap_or_default()
            .to_owned(),
        assumption: explanation.assumption.unwrap_or_default().to_owned(),
        source: source(explanation.source).to_owned(),
        switched_off: false,
    })
}

/// `None`: the employee is switched off.
async fn explain(
    tx: &mut Tx,
    by: &By,
    id: ConversationId,
    about: UserId,
) -> Result<Option<access::Explanation>, Error> {
    if by.viewer.rights.is_everything() {
        conversations::get(tx, by.scope, id)
            .await?
            .ok_or(Error::NotFound(id))?;
    } else {
        // Why something is hidden is told to administrators only: to others it does not exist.
        visible(tx, by, id).await?;
    }
    let cards = cards::of_conversation(tx, by.scope.account(), id).await?;
    let viewer = by.viewer.member(about)?;
    Ok(viewer.map(|viewer| viewer.explain(&cards)))
}

fn source(source: Source) -> &'static str {
    match source {
        Source::User => "user",
        Source::Group => "group",
        Source::Role => "role",
        Source::Administrator => "administrator",
        Source::Default => "default",
    }
}
