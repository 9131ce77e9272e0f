//! The account's settings that bear on rights.

use access::Options;
use api::identity::v1::{
    GetRightsOptionsRequest, GetRightsOptionsResponse, RightsOptions, SetRightsOptionsRequest,
    SetRightsOptionsResponse,
};
use auth::Permission;
use kit::Refusal;
use tonic::Request;

use crate::Error;
use crate::changes::rights::set_options;
use crate::core::Core;
use crate::domain::etag;
use crate::domain::rights::StoredOptions;
use crate::grpc::split;
use crate::store::rights;

pub async fn get(
    core: &Core,
    request: Request<GetRightsOptionsRequest>,
) -> Result<GetRightsOptionsResponse, Error> {
    let (caller, _) = split(request)?;
    let scope = caller.scope()?;
    caller.require(Permission::DirectoryRead)?;
    let stored = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { rights::options(tx, scope.account()).await })
        })
        .await?;
    Ok(GetRightsOptionsResponse {
        options: Some(stored.into()),
    })
}

pub async fn set(
    core: &Core,
    request: Request<SetRightsOptionsRequest>,
) -> Result<SetRightsOptionsResponse, Error> {
    let (caller, request) = split(request)?;
    caller.require_administrator()?;
    let (scope, by) = (caller.scope()?, core.by(&caller)?);
    let given = request
        .options
        .ok_or_else(|| Refusal::field("options", "must be given"))?;
    let options = Options {
        subscription_beats_forbidden_stage: given.subscription_beats_forbidden_stage,
    };
    let stored = core
        .db
        .tx(scope, move |tx| {
            Box::pin(async move { set_options(tx, by, options, &given.etag).await })
        })
        .await?;
    core.waker.wake();
    Ok(SetRightsOptionsResponse {
        options: Some(stored.into()),
    })
}

impl From<StoredOptions> for RightsOptions {
    fn from(stored: StoredOptions) -> Self {
        Self {
            subscription_beats_forbidden_stage: stored.options.subscription_beats_forbidden_stage,
            etag: etag(stored.version),
        }
    }
}
