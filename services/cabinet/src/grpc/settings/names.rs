//! Are the stages and own fields that settings name the account's? Asked of crm with the caller's own token.

use std::collections::HashSet;
use std::time::Duration;

use api::crm::v1::{ListFieldsRequest, ListPipelinesRequest};
use auth::Caller;
use http::HeaderValue;
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use tonic::metadata::MetadataValue;

use super::change::Change;
use crate::domain::settings::{CardKind, Field, Settings, ShownField};
use crate::state::Parts;

/// How long crm may take for one page.
const DEADLINE: Duration = Duration::from_secs(5);
/// Pages at most: an account has far fewer fields and pipelines.
const PAGES: usize = 50;

/// Refuses what the account does not have, among what the change sets.
pub(super) async fn check(
    state: &Parts,
    caller: &Caller,
    change: &Change,
    after: &Settings,
) -> Result<(), Refusal> {
    let mut fields = Fields::new();
    if change.names("statuses") && !after.statuses.is_empty() {
        let known = stages(state, caller).await?;
        for (place, status) in after.statuses.iter().enumerate() {
            if !known.contains(&status.stage.to_string()) {
                let path = format!("settings.statuses[{place}].stage_id");
                fields.reject(&path, "is no stage of the account");
            }
        }
    }
    let is_own = |shown: &ShownField| matches!(shown.field, Field::Own(_));
    if change.names("shown_fields") && after.shown_fields.iter().any(is_own) {
        let known = own_fields(state, caller).await?;
        for (place, shown) in after.shown_fields.iter().enumerate() {
            if is_own(shown) && !known.contains(&(shown.card, shown.field.name())) {
                let path = format!("settings.shown_fields[{place}].field");
                fields.reject(&path, "is no field of such cards of the account");
            }
        }
    }
    fields.finish()
}

async fn stages(state: &Parts, caller: &Caller) -> Result<HashSet<String>, Refusal> {
    let (mut known, mut page_token) = (HashSet::new(), String::new());
    for _ in 0..PAGES {
        let request = ListPipelinesRequest {
            page_size: 200,
            page_token,
        };
        let request = on_behalf(caller, request)?;
        let reply = state.pipelines.clone().list_pipelines(request).await;
        let reply = reply.map_err(Refusal::service_unavailable)?.into_inner();
        let stages = reply.pipelines.into_iter().flat_map(|it| it.stages);
        known.extend(stages.map(|stage| stage.id));
        page_token = reply.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(known)
}

async fn own_fields(
    state: &Parts,
    caller: &Caller,
) -> Result<HashSet<(CardKind, String)>, Refusal> {
    use api::crm::v1::CardKind as Proto;
    let (mut known, mut page_token) = (HashSet::new(), String::new());
    for _ in 0..PAGES {
        let request = ListFieldsRequest {
            page_size: 200,
            page_token,
            ..ListFieldsRequest::default()
        };
        let request = on_behalf(caller, request)?;
        let reply = state.fields.clone().list_fields(request).await;
        let reply = reply.map_err(Refusal::service_unavailable)?.into_inner();
        known.extend(reply.fields.into_iter().filter_map(|field| {
            let card = match field.card_kind() {
                Proto::Deal => CardKind::Deal,
                Proto::Contact => CardKind::Contact,
                Proto::Company => CardKind::Company,
                Proto::Customer | Proto::Unspecified => return None,
            };
            Some((card, field.id))
        }));
        page_token = reply.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(known)
}

/// A call to another service with the caller's own token.
pub(super) fn on_behalf<T>(caller: &Caller, message: T) -> Result<Request<T>, Refusal> {
    let mut bearer =
        HeaderValue::try_from(format!("Bearer {}", caller.bearer())).map_err(Refusal::internal)?;
    bearer.set_sensitive(true);
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request.metadata_mut().insert(
        "authorization",
        MetadataValue::try_from(bearer.as_bytes()).map_err(Refusal::internal)?,
    );
    Ok(request)
}
