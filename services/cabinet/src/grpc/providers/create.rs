use std::collections::BTreeMap;

use api::cabinet::v1::{CreateSmsProviderRequest, CreateSmsProviderResponse, SmsProvider};
use auth::{AccountScope, Caller};
use kit::Refusal;
use kit::validate::Fields;
use pg::idempotency::{self, Call};
use tonic::Request;
use types::SmsProviderId;
use uuid::Uuid;

use super::wire;
use crate::state::Parts;
use crate::store::providers::{self, MOST, Stored};

pub(super) async fn create(
    state: &Parts,
    request: Request<CreateSmsProviderRequest>,
) -> Result<CreateSmsProviderResponse, Refusal> {
    let caller = Caller::of(&request)?;
    caller.require_administrator()?;
    let scope = caller.scope()?;
    let CreateSmsProviderRequest {
        sms_provider,
        request_id,
    } = request.into_inner();
    let mut fields = Fields::new();
    if sms_provider.is_none() {
        fields.reject("sms_provider", "must be given");
    }
    let proto = sms_provider.unwrap_or_default();
    let request_id = fields.optional_uuid("request_id", &request_id);
    let new = read(state, &mut fields, &proto);
    fields.finish()?;
    // Without a widget `finish` has refused.
    let Some(new) = new else {
        return Ok(CreateSmsProviderResponse::default());
    };
    let call = request_id
        .map(|id| Call::of(&caller, "CreateSmsProvider", id, hash(state, &proto)))
        .transpose()?;
    let stored = store(state, scope, call, new).await?;
    Ok(CreateSmsProviderResponse {
        sms_provider: Some(wire::to_proto(state, &stored)?),
    })
}

fn read(state: &Parts, fields: &mut Fields, proto: &SmsProvider) -> Option<Stored> {
    let title = wire::title(fields, proto);
    let Some(widget) = state.widgets.find(&proto.widget_key) else {
        fields.reject(
            "sms_provider.widget_key",
            "is no widget that can be installed here",
        );
        return None;
    };
    let (settings, secrets) = wire::settings(fields, &widget, &proto.settings, &BTreeMap::new());
    let id = SmsProviderId::generate();
    Some(Stored {
        id,
        widget_key: widget.key.to_owned(),
        title: if title.is_empty() {
            widget.title.to_owned()
        } else {
            title
        },
        settings,
        sealed_secrets: state.seal_secrets(id, &secrets),
        balance: String::new(),
        last_sent_time: None,
        error: None,
        version: 1,
        create_time: state.clock.now(),
    })
}

/// What tells a request from others under one request id: keyed, since settings hold passwords. Fields of a map have no order of their
/// own.
fn hash(state: &Parts, proto: &SmsProvider) -> [u8; 32] {
    let settings: BTreeMap<_, _> = proto.settings.iter().collect();
    let said = format!("{:?}", (&proto.widget_key, &proto.title, settings));
    state
        .master_key
        .digest("cabinet:request-hash", said.as_bytes())
}

async fn store(
    state: &Parts,
    scope: AccountScope,
    call: Option<Call>,
    new: Stored,
) -> Result<Stored, Refusal> {
    let stored = state.db.tx(scope, move |tx| {
        Box::pin(async move {
            let account = scope.account();
            if let Some(call) = &call {
                let known = idempotency::begin(tx, call).await?;
                let decode =
                    |bytes: &[u8]| Some(SmsProviderId::from(Uuid::from_slice(bytes).ok()?));
                if let Some(id) = known.answer(call, decode)? {
                    let found = providers::find(tx, account, id).await?;
                    return found.ok_or_else(|| Refusal::sms_provider_not_found(id));
                }
            }
            let all = providers::all(tx, account).await?;
            if i64::try_from(all.len()).unwrap_or(MOST) >= MOST {
                return Err(Refusal::limit_reached(MOST));
            }
            providers::insert(tx, account, &new).await?;
            if let Some(call) = &call {
                idempotency::record(tx, call, new.id.uuid().as_bytes().to_vec()).await?;
            }
            Ok(new)
        })
    });
    stored.await
}
