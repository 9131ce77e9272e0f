use api::cabinet::v1::{SmsProvider, UpdateSmsProviderRequest, UpdateSmsProviderResponse};
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use tonic::Request;
use types::SmsProviderId;

use super::wire;
use crate::state::Parts;
use crate::store::providers::{self, Stored};

/// Fields that can be changed, by their names in the mask.
const PATHS: [&str; 2] = ["title", "settings"];

pub(super) async fn update(
    state: &Parts,
    request: Request<UpdateSmsProviderRequest>,
) -> Result<UpdateSmsProviderResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let UpdateSmsProviderRequest {
        sms_provider,
        update_mask,
    } = request.into_inner();
    let mut fields = Fields::new();
    let proto = sms_provider.unwrap_or_default();
    let id: Option<SmsProviderId> = fields.id("sms_provider.id", &proto.id);
    let mut paths = update_mask.map(|mask| mask.paths).unwrap_or_default();
    if paths.is_empty() {
        let set = [!proto.title.is_empty(), !proto.settings.is_empty()];
        let named = PATHS.iter().zip(set).filter(|(_, set)| *set);
        paths = named.map(|(path, _)| (*path).to_owned()).collect();
    }
    for path in paths.iter().filter(|path| !PATHS.contains(&path.as_str())) {
        let text = format!(
            "names \"{path}\"; what can be changed is {}",
            PATHS.join(", ")
        );
        fields.reject("update_mask", text);
    }
    fields.finish()?;
    // Without an id `finish` has refused.
    let id = id.ok_or_else(|| Refusal::sms_provider_not_found(""))?;
    let before = find(state, scope, id).await?;
    if !proto.etag.is_empty() && proto.etag != before.version.to_string() {
        return Err(Refusal::etag_mismatch());
    }
    let after = changed(state, &before, &proto, &paths)?;
    store(state, scope, after).await?;
    let stored = find(state, scope, id).await?;
    Ok(UpdateSmsProviderResponse {
        sms_provider: Some(wire::to_proto(state, &stored)?),
    })
}

fn changed(
    state: &Parts,
    before: &Stored,
    proto: &SmsProvider,
    paths: &[String],
) -> Result<Stored, Refusal> {
    let names = |path: &str| paths.iter().any(|named| named == path);
    let (mut fields, mut after) = (Fields::new(), before.clone());
    if names("title") {
        after.title = wire::title(&mut fields, proto);
    }
    if names("settings") {
        let known = state.open_secrets(before).map_err(Refusal::internal)?;
        let widget = state.widgets.find(&before.widget_key);
        let widget = widget.ok_or_else(|| {
            Refusal::field(
                "sms_provider.widget_key",
                "cannot be installed here any more",
            )
        })?;
        let (settings, secrets) = wire::settings(&mut fields, &widget, &proto.settings, &known);
        after.settings = settings;
        after.sealed_secrets = state.seal_secrets(before.id, &secrets);
    }
    fields.finish()?;
    Ok(after)
}

async fn find(state: &Parts, scope: AccountScope, id: SmsProviderId) -> Result<Stored, Refusal> {
    let found = state.db.tx(scope, move |tx| {
        Box::pin(async move { providers::find(tx, scope.account(), id).await })
    });
    found
        .await?
        .ok_or_else(|| Refusal::sms_provider_not_found(id))
}

async fn store(state: &Parts, scope: AccountScope, after: Stored) -> Result<(), Refusal> {
    let stored = state.db.tx(scope, move |tx| {
        Box::pin(async move { providers::update(tx, scope.account(), &after).await })
    });
    if stored.await? {
        Ok(())
    } else {
        Err(Refusal::conflict())
    }
}
