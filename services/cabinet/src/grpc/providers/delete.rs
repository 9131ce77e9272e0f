use api::cabinet::v1::{DeleteSmsProviderRequest, DeleteSmsProviderResponse};
use auth::Caller;
use kit::Refusal;
use tonic::Request;
use types::SmsProviderId;

use crate::state::Parts;
use crate::store::{cabinets, providers};

pub(super) async fn delete(
    state: &Parts,
    request: &Request<DeleteSmsProviderRequest>,
) -> Result<DeleteSmsProviderResponse, Refusal> {
    let caller = Caller::of(request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let id: SmsProviderId = request
        .get_ref()
        .sms_provider_id
        .parse()
        .map_err(|error| Refusal::field("sms_provider_id", format!("is {error}")))?;
    let deleted = state.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            let cabinet = cabinets::find(tx, account).await?;
            if cabinet.is_some_and(|it| it.settings.sms_providers.contains(&id)) {
                return Err(Refusal::sms_provider_in_use(id));
            }
            if providers::delete(tx, account, id).await? {
                Ok(())
            } else {
                Err(Refusal::sms_provider_not_found(id))
            }
        })
    });
    deleted.await?;
    Ok(DeleteSmsProviderResponse {})
}
