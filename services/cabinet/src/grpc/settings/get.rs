use api::cabinet::v1::{GetCabinetSettingsRequest, GetCabinetSettingsResponse};
use auth::{Caller, Permission};
use kit::Refusal;
use tonic::Request;

use super::shown;
use crate::state::Parts;

pub(super) async fn get(
    state: &Parts,
    request: &Request<GetCabinetSettingsRequest>,
) -> Result<GetCabinetSettingsResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require(Permission::DirectoryRead)?;
    let settings = shown(state, caller.scope()?).await?;
    Ok(GetCabinetSettingsResponse {
        settings: Some(settings),
    })
}
