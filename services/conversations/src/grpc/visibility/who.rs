//! Who sees a conversation.

use std::ops::Bound;

use access::Visibility;
use api::conversations::v1::{ConversationViewer, WhoCanSeeRequest, WhoCanSeeResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::page::{PageToken, page_size};
use kit::validate::Fields;
use pg::Tx;
use tonic::Request;
use types::{ConversationId, UserId};

use super::{VisibilityQuestions, answer};
use crate::grpc::conversation::Error;
use crate::grpc::{By, seeing};
use crate::store::{cards, conversations};

pub async fn who_can_see(
    service: &VisibilityQuestions,
    request: &Request<WhoCanSeeRequest>,
) -> Result<WhoCanSeeResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    caller.require(Permission::RightsRead)?;
    let request = request.get_ref();
    let mut fields = Fields::new();
    let id: Option<ConversationId> = fields.id("conversation_id", &request.conversation_id);
    fields.finish()?;
    let id = id.ok_or_else(|| Refusal::conversation_not_found(&request.conversation_id))?;
    let size = page_size(request.page_size, 50, 200)?;
    let token = PageToken {
        method: "WhoCanSee",
        account: caller.scope()?.account(),
    };
    let after: Option<UserId> = token.decode(&id, &request.page_token)?;
    let limit = usize::try_from(size).unwrap_or(usize::MAX);
    let done = seeing(&service.db, &service.rights, &caller, move |tx, by| {
        Box::pin(async move { viewers(tx, &by, id, after, limit).await })
    });
    let (viewers, last): (_, Option<UserId>) = done.await?;
    Ok(WhoCanSeeResponse {
        viewers,
        next_page_token: last.map_or_else(String::new, |last| token.encode(&id, &last)),
    })
}

/// Up to `limit` of those who see it, and where to go on if there may be more.
async fn viewers(
    tx: &mut Tx,
    by: &By,
    id: ConversationId,
    after: Option<UserId>,
    limit: usize,
) -> Result<(Vec<ConversationViewer>, Option<UserId>), Error> {
    conversations::get(tx, by.scope, id)
        .await?
        .ok_or(Error::NotFound(id))?;
    let cards = cards::of_conversation(tx, by.scope.account(), id).await?;
    let mut found = Vec::new();
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let members = by.viewer.account.iter();
    for (user, member) in
        members.flat_map(|account| account.members.range((from, Bound::Unbounded)))
    {
        let Some(viewer) = by.viewer.member(*user)? else {
            continue;
        };
        let explanation = viewer.explain(&cards);
        if explanation.visibility == Visibility::Hidden {
            continue;
        }
        found.push(ConversationViewer {
            user_id: user.to_string(),
            name: member.name.clone(),
            answer: Some(answer(&explanation)),
        });
        if found.len() == limit {
            return Ok((found, Some(*user)));
        }
    }
    Ok((found, None))
}
