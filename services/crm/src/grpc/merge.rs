//! Merges contacts, and takes merges back.

use std::collections::BTreeSet;

use api::crm::v1::{
    MergeContactsRequest, MergeContactsResponse, UnmergeContactsRequest, UnmergeContactsResponse,
    UnmergeRemains,
};
use auth::Permission;
use kit::validate::Fields;
use pg::idempotency::{Once, hash};
use tonic::Request;
use types::ContactId;

use super::cards::shown;
use super::enter;
use super::wire::at_most;
use crate::Error;
use crate::changes::merge::{self, Unmerged, Wish};
use crate::core::Core;
use crate::domain::merge::MAX_SOURCES;
use crate::domain::viewer::Viewer;

/// `MergeContacts`.
pub async fn merge(
    core: &Core,
    request: Request<MergeContactsRequest>,
) -> Result<MergeContactsResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let wish = wish(&mut fields, &request);
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    // Without a target `finish` has refused.
    let Some(wish) = wish else {
        return Ok(MergeContactsResponse::default());
    };
    let once = Once::new(&caller, "MergeContacts", request_id, hash(&request))?;
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let (contact, told) = merge::merge(tx, &by, &wish).await?;
            let answer = MergeContactsResponse {
                contact: Some(shown(&contact, &by.viewer)),
            };
            once.keep(tx, &answer).await?;
            events::append(tx, &told).await?;
            Ok(answer)
        })
    })
    .await
}

fn wish(fields: &mut Fields, request: &MergeContactsRequest) -> Option<Wish> {
    let target = fields.id("target_contact_id", &request.target_contact_id);
    if request.sources.is_empty() {
        fields.reject("sources", "must not be empty");
    }
    at_most(fields, "sources", &request.sources, MAX_SOURCES);
    let mut known: BTreeSet<ContactId> = target.into_iter().collect();
    let mut sources = Vec::new();
    for (place, source) in request.sources.iter().enumerate() {
        let field = format!("sources[{place}].contact_id");
        let Some(id) = fields.id(&field, &source.contact_id) else {
            break;
        };
        if !known.insert(id) {
            fields.reject(&field, "is named twice");
            break;
        }
        sources.push((id, source.etag.clone()));
    }
    Some(Wish {
        target: (target?, request.etag.clone()),
        sources,
    })
}

/// `UnmergeContacts`.
pub async fn unmerge(
    core: &Core,
    request: Request<UnmergeContactsRequest>,
) -> Result<UnmergeContactsResponse, Error> {
    let (caller, request) = enter(request, Permission::CrmWrite)?;
    let mut fields = Fields::new();
    let contact: Option<ContactId> = fields.id("contact_id", &request.contact_id);
    let request_id = fields.optional_uuid("request_id", &request.request_id);
    fields.finish()?;
    // Without an id `finish` has refused.
    let Some(contact) = contact else {
        return Ok(UnmergeContactsResponse::default());
    };
    let once = Once::new(&caller, "UnmergeContacts", request_id, hash(&request))?;
    core.change(&caller, move |tx, by| {
        Box::pin(async move {
            if let Some(answer) = once.answered(tx).await?? {
                return Ok(answer);
            }
            let (done, told) = merge::unmerge(tx, &by, contact, &request.etag).await?;
            let answer = to_wire(&done, &by.viewer);
            once.keep(tx, &answer).await?;
            events::append(tx, &told).await?;
            Ok(answer)
        })
    })
    .await
}

fn to_wire(done: &Unmerged, viewer: &Viewer) -> UnmergeContactsResponse {
    let count = |many: usize| i32::try_from(many).unwrap_or(i32::MAX);
    let restored = done.restored.iter();
    UnmergeContactsResponse {
        contact: Some(shown(&done.target, viewer)),
        restored: restored.map(|card| shown(card, viewer)).collect(),
        remains: Some(UnmergeRemains {
            fields: done.fields.clone(),
            card_ids: done.cards.iter().map(ToString::to_string).collect(),
            other_cards: count(done.other_cards),
            deleted_tasks: count(done.deleted_tasks),
        }),
    }
}
