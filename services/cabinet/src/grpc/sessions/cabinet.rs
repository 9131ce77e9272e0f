use api::cabinet::v1::{GetCabinetRequest, GetCabinetResponse};
use kit::Refusal;
use tonic::Request;

use super::{open_cabinet, required_id};
use crate::state::Parts;

pub(super) async fn get(
    state: &Parts,
    request: &Request<GetCabinetRequest>,
) -> Result<GetCabinetResponse, Refusal> {
    let id = required_id(&request.get_ref().cabinet_id)?;
    let cabinet = open_cabinet(state, id).await?;
    let account = state.accounts.get(cabinet.account).await?;
    Ok(GetCabinetResponse {
        title: cabinet.settings.title.clone(),
        logo_url: state.logo_url(&cabinet).unwrap_or_default(),
        language: account.language.clone(),
    })
}
