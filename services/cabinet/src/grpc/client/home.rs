use api::cabinet::v1::{GetHomeRequest, GetHomeResponse};
use kit::Refusal;
use tonic::Request;

use super::caller::Caller;
use super::cards;
use crate::state::Parts;

pub(super) async fn get(
    state: &Parts,
    request: &Request<GetHomeRequest>,
) -> Result<GetHomeResponse, Refusal> {
    let caller = Caller::of(state, request).await?;
    let (settings, cabinet) = (&caller.cabinet.settings, &caller.cabinet);
    let read = state.crm.read(caller.account, &caller.phone).await?;
    let deals = read.deals.iter();
    let deals = deals.map(|deal| cards::deal(settings, &read.names, deal, &read.companies));
    let contacts = read.contacts.iter();
    let contacts = contacts.flat_map(|contact| cards::contact(settings, &read.names, contact));
    let statuses = settings.statuses.iter().filter(|_| settings.statuses_shown);
    Ok(GetHomeResponse {
        deals: deals.collect(),
        contact_fields: contacts.collect(),
        statuses: statuses
            .map(|shown| cards::status(&read.names, shown))
            .collect(),
        events_shown: !settings.shown_events.is_empty(),
        erasure_enabled: settings.erasure_enabled,
        title: settings.title.clone(),
        logo_url: state.logo_url(cabinet).unwrap_or_default(),
        correspondence: caller.has_chat(),
    })
}
