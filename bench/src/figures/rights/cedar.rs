//! The same question to Cedar: one policy, everybody and everything as entities, the requests made beforehand.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use access::{CardFacts, Level, StageRight};
use anyhow::{Context as _, Result};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression,
};

use super::world::{User, World};

/// Who may read the chat of a conversation: the contact first, then the stage, then the right on deals.
const POLICY: &str = r#"
permit (principal, action == Action::"read_chat", resource)
when {
  (principal.contacts == "allowed"
   || (principal.contacts != "forbidden" && resource has contact_owner && resource.contact_owner == principal)
   || (principal.contacts == "group" && resource has contact_owner_group
       && resource.contact_owner_group == principal.group))
  && (if !(resource has stage) then principal.deals != "forbidden"
      else if principal.allowed_stages.contains(resource.stage) then true
      else if principal.forbidden_stages.contains(resource.stage) then false
      else principal.deals != "forbidden" || resource.subscribed)
};
"#;

/// The engine with all it needs.
pub struct Engine {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    /// By user, then by card.
    requests: Vec<Vec<Request>>,
}

impl Engine {
    pub fn new(world: &World) -> Result<Self> {
        let policies = PolicySet::from_str(POLICY).context("the policy")?;
        let users = world.users.iter().map(user);
        let cards = world
            .cards
            .iter()
            .enumerate()
            .map(|(n, facts)| card(n, facts));
        let entities: Vec<Entity> = users.chain(cards).collect::<Result<_>>()?;
        let entities = Entities::from_entities(entities, None).context("the entities")?;
        let action = uid("Action", "read_chat")?;
        let mut requests = Vec::new();
        for user in &world.users {
            let principal = uid("User", &user.id.to_string())?;
            let of_user = (0..world.cards.len()).map(|card| {
                let resource = uid("Conversation", &card.to_string())?;
                let (principal, action) = (principal.clone(), action.clone());
                Request::new(principal, action, resource, Context::empty(), None)
                    .context("a request")
            });
            requests.push(of_user.collect::<Result<_>>()?);
        }
        Ok(Self {
            authorizer: Authorizer::new(),
            policies,
            entities,
            requests,
        })
    }

    /// Cedar's answer.
    pub fn may_read(&self, user: usize, card: usize) -> bool {
        let request = &self.requests[user][card];
        let answer = self
            .authorizer
            .is_authorized(request, &self.policies, &self.entities);
        answer.decision() == Decision::Allow
    }
}

fn user(user: &User) -> Result<Entity> {
    let stages = |wanted: StageRight| {
        let stages = user.stages.iter().filter(|(_, right)| *right == wanted);
        RestrictedExpression::new_set(stages.map(|(stage, _)| text(stage)))
    };
    let attributes = [
        ("group", text(&user.group)),
        ("contacts", level(user.contacts)),
        ("deals", level(user.deals)),
        ("allowed_stages", stages(StageRight::Allowed)),
        ("forbidden_stages", stages(StageRight::Forbidden)),
    ];
    entity(uid("User", &user.id.to_string())?, attributes)
}

fn card(number: usize, facts: &CardFacts) -> Result<Entity> {
    let mut attributes = Vec::new();
    if let Some(owner) = facts.contact_owner {
        let owner = uid("User", &owner.to_string())?;
        attributes.push(("contact_owner", RestrictedExpression::new_entity_uid(owner)));
    }
    if let Some(group) = facts.contact_owner_group {
        attributes.push(("contact_owner_group", text(&group)));
    }
    if let Some(card) = &facts.card {
        let subscribed = RestrictedExpression::new_bool(card.subscribed);
        attributes.push(("subscribed", subscribed));
        if let Some(stage) = card.stage {
            attributes.push(("stage", text(&stage)));
        }
    }
    entity(uid("Conversation", &number.to_string())?, attributes)
}

fn entity(
    uid: EntityUid,
    attributes: impl IntoIterator<Item = (&'static str, RestrictedExpression)>,
) -> Result<Entity> {
    let attributes: HashMap<String, RestrictedExpression> = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Entity::new(uid, attributes, HashSet::new()).context("an entity")
}

fn text(value: &impl ToString) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_string())
}

fn level(level: Level) -> RestrictedExpression {
    text(&level.name())
}

fn uid(kind: &str, id: &str) -> Result<EntityUid> {
    let kind = EntityTypeName::from_str(kind).context("a type")?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}
