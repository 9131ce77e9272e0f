//! May somebody do this to that card?

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use access::Action;
use api::crm::v1::access_service_server::AccessService;
use api::crm::v1::{
    AccessAnswer, AccessQuestion, BatchCheckAccessRequest, BatchCheckAccessResponse,
    CheckAccessRequest, CheckAccessResponse,
};
use api::identity::v1::RightAction;
use auth::{Caller, Permission};
use kit::Refusal;
use kit::validate::Fields;
use pg::Tx;
use tonic::{Request, Response, Status};
use types::{FieldId, UserId};

use super::cards::standard_fields;
use super::{answer, enter};
use crate::Error;
use crate::core::{By, Core};
use crate::domain::card::Card;
use crate::domain::ids::{CardId, Kind};
use crate::domain::viewer::Viewer;
use crate::store::{cards, fields};

/// How many questions at most.
const MAX: usize = 1_000;

const NO_FIELD: &str = "is no field of such a card";

/// `AccessService`.
pub struct Access(pub Arc<Core>);

/// A question, read.
#[derive(Debug, Clone)]
struct Question {
    card: CardId,
    action: Action,
    user: UserId,
    /// Empty for the card itself.
    field: String,
    /// The same where it is one of the account's own, with where the request has it.
    own: Option<(FieldId, String)>,
}

impl Question {
    fn read(caller: &Caller, place: &str, asked: &AccessQuestion) -> Result<Self, Refusal> {
        let mut fields = Fields::new();
        let name = |field: &str| format!("{place}.{field}");
        let card = fields.id::<CardId>(&name("card_id"), &asked.card_id);
        let named = fields.optional_id::<UserId>(&name("user_id"), &asked.user_id);
        let action = action(&mut fields, &name("action"), asked.action);
        let of_a_field = matches!(action, Some(Action::View | Action::Edit));
        if !asked.field.is_empty() && action.is_some() && !of_a_field {
            fields.reject(&name("field"), "goes with VIEW and EDIT only");
        }
        let own = is_own(&asked.field)
            .then(|| fields.id::<FieldId>(&name("field"), &asked.field))
            .flatten();
        let kind = card.map(CardId::kind);
        if kind.is_some_and(|kind| !is_own(&asked.field) && !is_standard(kind, &asked.field)) {
            fields.reject(&name("field"), NO_FIELD);
        }
        fields.finish()?;
        let user = caller.about(&name("user_id"), named)?;
        card.zip(action)
            .map(|(card, action)| Self {
                card,
                action,
                user,
                field: own.map_or_else(|| asked.field.clone(), |own| own.to_string()),
                own: own.map(|own| (own, name("field"))),
            })
            .ok_or_else(|| Refusal::field(place, "is no question"))
    }
}

fn is_own(field: &str) -> bool {
    field.starts_with(FieldId::PREFIX) && field[FieldId::PREFIX.len()..].starts_with('_')
}

/// No field is the card itself.
fn is_standard(kind: Kind, field: &str) -> bool {
    field.is_empty() || standard_fields(kind).contains(&field)
}

fn action(fields: &mut Fields, field: &str, value: i32) -> Option<Action> {
    match auth::rights::action(fields.known::<RightAction>(field, value)?) {
        Some(Action::Create) => {
            fields.reject(
                field,
                "must not be CREATE: that is asked before there is a card",
            );
            None
        }
        Some(action) => Some(action),
        None => {
            fields.reject(field, "must be given");
            None
        }
    }
}

impl Access {
    async fn check(
        &self,
        request: Request<CheckAccessRequest>,
    ) -> Result<CheckAccessResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let asked = request
            .question
            .ok_or_else(|| Refusal::field("question", "must be given"))?;
        let questions = vec![Question::read(&caller, "question", &asked)?];
        let mut answers = self.answers(&caller, questions).await?;
        Ok(CheckAccessResponse {
            answer: answers.pop(),
        })
    }

    async fn batch_check(
        &self,
        request: Request<BatchCheckAccessRequest>,
    ) -> Result<BatchCheckAccessResponse, Error> {
        let (caller, request) = enter(request, Permission::CrmRead)?;
        let asked = request.questions;
        if !(1..=MAX).contains(&asked.len()) {
            let problem = format!("must have 1 to {MAX} items, has {}", asked.len());
            return Err(Refusal::field("questions", problem).into());
        }
        // The first that does not fit is named: an answer has to fit into a header.
        let read = asked.iter().enumerate();
        let read = read
            .map(|(place, asked)| Question::read(&caller, &format!("questions[{place}]"), asked));
        let questions = read.collect::<Result<_, _>>()?;
        Ok(BatchCheckAccessResponse {
            answers: self.answers(&caller, questions).await?,
        })
    }

    async fn answers(
        &self,
        caller: &Caller,
        questions: Vec<Question>,
    ) -> Result<Vec<AccessAnswer>, Error> {
        self.0
            .read(caller, move |tx, by| {
                Box::pin(async move { decide(tx, &by, &questions).await })
            })
            .await
    }
}

/// Refuses fields of the account's own that such cards do not have.
async fn check_own(tx: &mut Tx, by: &By, questions: &[Question]) -> Result<(), Error> {
    if questions.iter().all(|asked| asked.own.is_none()) {
        return Ok(());
    }
    let there = fields::all(tx, by.account, None).await?;
    for asked in questions {
        let Some((id, place)) = &asked.own else {
            continue;
        };
        let mut of_kind = there.iter().filter(|it| it.kind == asked.card.kind());
        if !of_kind.any(|it| it.id == *id) {
            return Err(Refusal::field(place, NO_FIELD).into());
        }
    }
    Ok(())
}

async fn decide(tx: &mut Tx, by: &By, questions: &[Question]) -> Result<Vec<AccessAnswer>, Error> {
    check_own(tx, by, questions).await?;
    let mut known: HashMap<CardId, Card> = HashMap::new();
    for kind in [Kind::Contact, Kind::Company, Kind::Deal, Kind::Customer] {
        let asked = questions.iter().map(|asked| asked.card);
        let mut ids: Vec<_> = asked.filter(|id| id.kind() == kind).collect();
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            let found = cards::batch(tx, by.account, kind, &ids).await?;
            known.extend(found.into_iter().map(|card| (card.id, card)));
        }
    }
    let mut viewers: HashMap<UserId, Option<Viewer>> = HashMap::new();
    let mut answers = Vec::with_capacity(questions.len());
    for asked in questions {
        let viewer = match viewers.entry(asked.user) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(by.viewer.member(asked.user)?),
        };
        answers.push(one(by, viewer.as_ref(), known.get(&asked.card), asked));
    }
    Ok(answers)
}

/// What may not be viewed is told like what does not exist, except to who may everything.
fn one(by: &By, viewer: Option<&Viewer>, card: Option<&Card>, asked: &Question) -> AccessAnswer {
    let (Some(viewer), Some(card)) = (viewer, card) else {
        return AccessAnswer::default();
    };
    let visible = viewer.may(Action::View, card);
    if !visible && !by.viewer.rights.is_everything() {
        return AccessAnswer::default();
    }
    // Nothing can be done to a card that cannot be opened.
    let action = if visible { asked.action } else { Action::View };
    let decision = viewer.decide(action, card, &asked.field);
    AccessAnswer {
        allowed: decision.allowed,
        rule: decision.rule.to_owned(),
        source: auth::rights::source_to_proto(decision.source).into(),
    }
}

#[tonic::async_trait]
impl AccessService for Access {
    async fn check_access(
        &self,
        request: Request<CheckAccessRequest>,
    ) -> Result<Response<CheckAccessResponse>, Status> {
        answer(self.check(request).await)
    }

    async fn batch_check_access(
        &self,
        request: Request<BatchCheckAccessRequest>,
    ) -> Result<Response<BatchCheckAccessResponse>, Status> {
        answer(self.batch_check(request).await)
    }
}
