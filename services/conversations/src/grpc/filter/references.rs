//! Whether what a filter names is there.

use std::collections::BTreeSet;

use api::conversations::v1::{FilterProblem, FilterReference};
use kit::Refusal;
use pg::Tx;
use uuid::Uuid;

use crate::domain::filter::Reference;
use crate::grpc::By;
use crate::grpc::conversation::Error;
use crate::store::{connections, crm_names};

/// Those of the references that lead nowhere.
///
/// # Errors
/// When the database fails.
pub async fn missing(
    tx: &mut Tx,
    by: &By,
    named: &BTreeSet<Reference>,
) -> Result<BTreeSet<Reference>, Error> {
    let kept = |reference: &&Reference| {
        matches!(
            reference,
            Reference::Pipeline(_) | Reference::Stage(_) | Reference::Tag(_)
        )
    };
    let ids: Vec<Uuid> = named.iter().filter(kept).map(|it| it.uuid()).collect();
    let there = match ids.is_empty() {
        true => Default::default(),
        false => crm_names::there(tx, by.scope.account(), &ids).await?,
    };
    let account = by.viewer.account.as_deref();
    let mut missing = BTreeSet::new();
    for reference in named {
        let found = match reference {
            Reference::Connection(id) => connections::get(tx, by.scope, *id).await?.is_some(),
            Reference::Group(id) => account.is_some_and(|it| it.groups.contains_key(id)),
            Reference::User(id) => account.is_some_and(|it| it.members.contains_key(id)),
            Reference::Pipeline(_) | Reference::Stage(_) | Reference::Tag(_) => {
                there.contains(&reference.uuid())
            }
        };
        if !found {
            missing.insert(*reference);
        }
    }
    Ok(missing)
}

/// Why a filter that names it cannot be saved.
#[must_use]
pub fn refusal(missing: Reference) -> Refusal {
    match missing {
        Reference::Connection(id) => Refusal::connection_not_found(id),
        Reference::Group(id) => Refusal::group_not_found(id),
        Reference::User(id) => Refusal::user_not_found(id),
        Reference::Pipeline(id) => Refusal::pipeline_not_found(id),
        Reference::Stage(id) => Refusal::stage_not_found(id),
        Reference::Tag(id) => Refusal::tag_not_found(id),
    }
}

/// How a saved filter tells of it.
#[must_use]
pub fn problem(missing: Reference) -> FilterProblem {
    let (kind, reference) = match missing {
        Reference::Connection(id) => (FilterReference::Connection, id.to_string()),
        Reference::Group(id) => (FilterReference::Group, id.to_string()),
        Reference::User(id) => (FilterReference::User, id.to_string()),
        Reference::Pipeline(id) => (FilterReference::Pipeline, id.to_string()),
        Reference::Stage(id) => (FilterReference::Stage, id.to_string()),
        Reference::Tag(id) => (FilterReference::Tag, id.to_string()),
    };
    FilterProblem {
        reference,
        kind: kind.into(),
    }
}
