use api::cabinet::v1::{GetCabinetRequest, GetCabinetResponse};
use kit::Refusal;
use tonic::Request;

use super::required_id;
use crate::state::Parts;

pub(super) async fn get(
    state: &Parts,
    request: &Request<GetCabinetRequest>,
) -> Result<GetCabinetResponse, Refusal> {
    let id = required_id(&request.get_ref().cabinet_id)?;
    let cabinet = state.cabinets.get(id).await?;
    let account = state.accounts.get(cabinet.account).await?;
    // A plan that became smaller closes the cabinet (CAB-05).
    if !account.has_cabinet {
        return Err(Refusal::cabinet_disabled(id));
    }
    Ok(GetCabinetResponse {
        title: cabinet.settings.title.clone(),
        logo_url: state.logo_url(&cabinet).unwrap_or_default(),
        language: account.language.clone(),
    })
}
