//! How much somebody sees of conversations.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use access::Visibility;
use api::conversations::v1::{
    BatchCheckVisibilityRequest, BatchCheckVisibilityResponse, CheckVisibilityRequest,
    CheckVisibilityResponse, VisibilityAnswer, VisibilityQuestion,
};
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::{ConversationId, UserId};

use super::{VisibilityQuestions, answer};
use crate::domain::card::{Cards, Viewer};
use crate::grpc::conversation::Error;
use crate::grpc::viewer::refusal;

/// How many questions at most.
const MAX: usize = 1_000;

/// A question, read.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who would look at it.
    pub user: UserId,
}

pub async fn check(
    service: &VisibilityQuestions,
    request: &Request<CheckVisibilityRequest>,
) -> Result<CheckVisibilityResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let asked = request
        .get_ref()
        .question
        .as_ref()
        .ok_or_else(|| Refusal::field("question", "must be given"))?;
    let questions = read(&caller, [("question".to_owned(), asked)].into_iter())?;
    let mut answers = answers(service, &caller, questions).await?;
    Ok(CheckVisibilityResponse {
        answer: answers.pop(),
    })
}

pub async fn batch_check(
    service: &VisibilityQuestions,
    request: &Request<BatchCheckVisibilityRequest>,
) -> Result<BatchCheckVisibilityResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::InboxRead)?;
    let asked = &request.get_ref().questions;
    if !(1..=MAX).contains(&asked.len()) {
        let problem = format!("must have 1 to {MAX} items, has {}", asked.len());
        return Err(Refusal::field("questions", problem));
    }
    let named = asked.iter().enumerate();
    let named = named.map(|(place, asked)| (format!("questions[{place}]"), asked));
    let questions = read(&caller, named)?;
    Ok(BatchCheckVisibilityResponse {
        answers: answers(service, &caller, questions).await?,
    })
}

/// The first question that does not fit is named: an answer has to fit into a header.
fn read<'q>(
    caller: &Caller,
    asked: impl Iterator<Item = (String, &'q VisibilityQuestion)>,
) -> Result<Vec<Question>, Refusal> {
    asked
        .map(|(field, asked)| {
            let mut fields = Fields::new();
            let id = format!("{field}.conversation_id");
            let user_id = format!("{field}.user_id");
            let conversation = fields.id(&id, &asked.conversation_id);
            let named = fields.optional_id(&user_id, &asked.user_id);
            fields.finish()?;
            Ok(Question {
                conversation: conversation.ok_or_else(|| Refusal::field(&id, "is no id"))?,
                user: caller.about(&user_id, named)?,
            })
        })
        .collect()
}

async fn answers(
    service: &VisibilityQuestions,
    caller: &Caller,
    questions: Vec<Question>,
) -> Result<Vec<VisibilityAnswer>, Refusal> {
    let known = service.rights.prepare(&service.db, caller).await;
    known.map_err(refusal)?;
    service.rounds.ask(caller, questions).await
}

/// What a caller is answered, from the cards of all conversations that are asked about.
///
/// # Errors
/// USER_NOT_FOUND for a user who is none of the account.
pub fn decide(
    asker: &Viewer,
    cards: &HashMap<ConversationId, Cards>,
    questions: &[Question],
) -> Result<Vec<VisibilityAnswer>, Refusal> {
    let mut viewers: HashMap<UserId, Option<Viewer>> = HashMap::new();
    let mut answers = Vec::with_capacity(questions.len());
    for asked in questions {
        let viewer = match viewers.entry(asked.user) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(asker.member(asked.user).map_err(Error::from)?),
        };
        answers.push(one(asker, viewer.as_ref(), cards.get(&asked.conversation)));
    }
    Ok(answers)
}

/// What is hidden is told like what does not exist, except to who sees everything.
fn one(asker: &Viewer, viewer: Option<&Viewer>, cards: Option<&Cards>) -> VisibilityAnswer {
    let (Some(viewer), Some(cards)) = (viewer, cards) else {
        return VisibilityAnswer::default();
    };
    let explanation = viewer.explain(cards);
    if explanation.visibility == Visibility::Hidden && !asker.rights.is_everything() {
        return VisibilityAnswer::default();
    }
    answer(&explanation)
}
